"""A trace in words, for people who do not read truth tables: what settled it, in English and Ukrainian."""

from collections.abc import Iterator, Mapping
from typing import Any

from aibuyer_kit.core.i18n import format_figure, format_share, t
from aibuyer_kit.core.metrics import METRICS

_OPERATORS = {
    ">": "gt",
    ">=": "ge",
    "<": "lt",
    "<=": "le",
    "=": "eq",
    "!=": "ne",
}
Content = Mapping[str, Any]


def sentence(content: Content, locale: str) -> str:
    """Return why a rule fires, does not fire, or cannot be told, from a trace as plain JSON."""
    key = {"yes": "trace.fires", "no": "trace.fires_not", "unknown": "trace.unknown"}[content["verdict"]]
    return t(locale, key, why=t(locale, "trace.and").join(_told(each, locale) for each in deciding(content)))


def deciding(content: Content) -> Iterator[Content]:
    """Yield the comparisons that settle a verdict: where one part alone does, that part; else all that had to agree."""
    if "parts" not in content:
        yield content
        return
    wanted, parts = content["verdict"], content["parts"]
    if content["kind"] == "not":
        yield from deciding(parts[0])
        return
    # What one part alone settles: a false part of `all`, a true part of `any`.
    alone = {"all": "no", "any": "yes"}[content["kind"]]
    if wanted == alone:
        yield from deciding(next(part for part in parts if part["verdict"] == alone))
        return
    for part in parts:
        if part["verdict"] == wanted:
            yield from deciding(part)


def _told(leaf: Content, locale: str) -> str:
    if "field" in leaf:
        said = leaf["said"]
        if said is None:
            return t(locale, "trace.no_figure_now", what=leaf["field"])
        value = ", ".join(said) if isinstance(said, list) else said
        return t(locale, "trace.text", what=leaf["field"], value=value, relation=_relation(leaf, locale))
    what, span = _what(leaf, locale), _span(leaf["span"], locale)
    if leaf["value"] is None:
        key = "trace.no_figure" if leaf["window"] else "trace.no_figure_now"
        return t(locale, key, what=what, span=span)
    if leaf["verdict"] == "unknown":
        return t(locale, "trace.no_threshold", threshold=leaf["threshold"])
    key = "trace.figure" if leaf["window"] else "trace.figure_now"
    value = format_figure(leaf["value"], locale)
    said = t(locale, key, what=what, span=span, value=value, relation=_relation(leaf, locale))
    return f"{said} ({_arriving(leaf, locale)})" if leaf.get("is_final") is False else said


def _arriving(leaf: Content, locale: str) -> str:
    """Return what a figure is expected to come to once all results have arrived."""
    if leaf["expected"] is None:
        return t(locale, "trace.arriving")
    return t(locale, "trace.arriving_to", expected=format_figure(round(leaf["expected"], 2), locale))


def _span(span: str | None, locale: str) -> str:
    if span is None:
        return t(locale, "trace.no_day")
    since, _, until = span.partition(" to ")
    return t(locale, "trace.span", since=since, until=until) if until else since


def _what(leaf: Content, locale: str) -> str:
    """Return what was compared: a metric by its name in the reader's language, a formula as it stands."""
    what = t(locale, f"short.{leaf['expr']}") if leaf["expr"] in METRICS else leaf["expr"]
    if leaf["of"] != "self":
        what = t(locale, f"trace.of_{leaf['of']}", what=what)
    return t(locale, "trace.matured", what=what) if leaf["matured"] else what


def _relation(leaf: Content, locale: str) -> str:
    key = _OPERATORS.get(leaf["op"], leaf["op"].replace(" ", "_"))
    relation = t(locale, f"trace.{key}", threshold=_threshold(leaf, locale))
    # Where a probability is asked for, what is compared may well be so, and yet not probable enough.
    if leaf["verdict"] == "no" and leaf.get("probability") is None:
        relation = t(locale, "trace.is_not", relation=relation)
    if place := leaf.get("place"):
        relation += f", {t(locale, 'trace.place', place=place['place'], among=place['among'])}"
    if (chance := leaf.get("probability")) is not None:
        wanted = format_share(leaf["min_probability"], locale, 1)
        told = t(locale, "trace.chance", probability=format_share(chance, locale, 1), wanted=wanted)
        relation += f", {told}"
    return relation


def _threshold(leaf: Content, locale: str) -> str:
    text, value = leaf["threshold"], leaf.get("threshold_value")
    if value is None:
        return str(text)
    shown = format_figure(value, locale)
    return shown if _is_number(text) else t(locale, "trace.against", threshold=text, value=shown)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdigit()
