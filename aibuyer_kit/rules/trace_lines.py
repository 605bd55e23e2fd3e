"""A trace as a table of truth: a line for each comparison, with its value, threshold and days; from plain JSON."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aibuyer_kit.core.i18n import t

_WINDOW = re.compile(r"(?:(?P<count>\d+) (?P<unit>day|hour)s?|(?P<name>[a-z ]+?))(?: to (?P<ends>.+))?")
_DAYS_AGO = re.compile(r"(\d+) days ago")


def lines_of(content: Mapping[str, Any], depth: int = 0, locale: str = "en") -> Iterator[str]:
    """Yield the lines of a trace; what is compared with what stands as the rule has it, the rest is in words."""
    start = "  " * depth + _word(content["verdict"], locale).ljust(_width(locale))
    if "parts" in content:
        yield f"{start} {_word(content['kind'], locale)}"
        for part in content["parts"]:
            yield from lines_of(part, depth + 1, locale)
    elif "field" in content:
        said = _said(content["said"], locale)
        yield f"{start} {content['field']} {content['op']} {content['threshold']}: {said}"
    else:
        yield f"{start} {_figures(content, locale)}"


def _width(locale: str) -> int:
    return max(len(_word(verdict, locale)) for verdict in ("yes", "no", "unknown"))


def _word(name: str, locale: str) -> str:
    return t(locale, f"truth.{name}")


def _figures(content: Mapping[str, Any], locale: str) -> str:
    """Return one comparison of figures as a line: what was compared, what it was, and over which days."""
    whose = "" if content["of"] == "self" else t(locale, f"truth.of_{content['of']}")
    value = _number(content["value"], locale)
    told = [f"{content['expr']}{whose} {content['op']} {content['threshold']}: {value}"]
    threshold, is_plain = content["threshold_value"], _is_number(content["threshold"].strip("[]").split(",")[0])
    if not is_plain and (threshold is not None or content["place"] is None):
        told.append(t(locale, "truth.against", threshold=_number(threshold, locale)))
    if place := content["place"]:
        told.append(t(locale, "truth.place", **place))
    if content["probability"] is not None:
        wanted = f"{content['min_probability']:g}"
        told.append(t(locale, "truth.chance", probability=f"{content['probability']:.3f}", wanted=wanted))
    if content["window"]:
        span = (content["span"] or t(locale, "trace.no_day")).replace(" to ", t(locale, "truth.to"))
        matured = t(locale, "truth.matured") if content["matured"] else ""
        told.append(f" ({window_words(content['window'], locale)}: {span}{matured})")
    if content.get("is_final") is False:
        expected = _number(content["expected"] and round(content["expected"], 2), locale)
        told.append(t(locale, "truth.arriving", expected=expected))
    return "".join(told)


def verdict_word(verdict: str, locale: str) -> str:
    """Return what a rule says of an object in the reader's language: it fires, does not, or cannot tell."""
    return _word(verdict.replace(" ", "_"), locale)


def window_words(window: str, locale: str) -> str:
    """Return a window in the reader's language.

    >>> window_words("7 days to yesterday", "uk"), window_words("last week", "en")
    ('7 днів до вчора', 'last week')
    """
    found = None if locale == "en" else _WINDOW.fullmatch(window)
    if found is None:
        return window
    if found["unit"]:
        words = t(locale, f"truth.{found['unit']}s", count=int(found["count"]))
    else:
        words = t(locale, f"truth.{found['name'].replace(' ', '_')}")
    return words if found["ends"] is None else f"{words} {_end(found['ends'], locale)}"


def _end(ends: str, locale: str) -> str:
    if ago := _DAYS_AGO.fullmatch(ends):
        return t(locale, "truth.days_ago", count=int(ago[1]))
    return t(locale, f"truth.to_{ends.replace(' ', '_')}")


def _number(value: float | None, locale: str) -> str:
    return t(locale, "truth.unknown") if value is None else f"{value:,.6g}"


def _said(said: Any, locale: str) -> str:
    if isinstance(said, list):
        return ", ".join(said) or t(locale, "truth.none")
    return t(locale, "truth.unknown") if said is None else str(said)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
