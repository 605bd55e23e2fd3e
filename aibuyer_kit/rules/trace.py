"""Why a rule fired or did not: each condition with its window, value, threshold and verdict, as a tree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aibuyer_kit.rules.logic import Verdict
from aibuyer_kit.rules.subjects import Text

_ORDER = (">", ">=", "<", "<=", "=", "!=")
_WORDS = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True)
class Place:
    """An object's place in a ranking, how many took part, and how many places count."""

    place: int
    among: int
    counted: int

    def __str__(self) -> str:
        return f"place {self.place} of {self.among}, {self.counted} counted"


@dataclass(frozen=True)
class ConditionTrace:
    """One comparison of figures as it was made; what is None was not known, or not asked for."""

    expr: str
    of: str
    window: str | None
    span: str | None
    matured: bool
    value: float | None
    op: str
    threshold: str
    threshold_value: float | None
    place: Place | None
    probability: float | None
    min_probability: float | None
    verdict: Verdict

    def content(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        place = dict(vars(self.place)) if self.place else None
        return {**vars(self), "place": place, "verdict": _WORDS[self.verdict]}


@dataclass(frozen=True)
class FieldTrace:
    """One comparison of a text, or a list of texts."""

    field: str
    said: Text
    op: str
    threshold: str
    verdict: Verdict

    def content(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        said = list(self.said) if isinstance(self.said, tuple) else self.said
        return {**vars(self), "said": said, "verdict": _WORDS[self.verdict]}


@dataclass(frozen=True)
class GroupTrace:
    """`all`, `any` or `not` over other traces."""

    kind: str
    parts: "tuple[Trace, ...]"
    verdict: Verdict

    def content(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        parts = [part.content() for part in self.parts]
        return {"kind": self.kind, "verdict": _WORDS[self.verdict], "parts": parts}


Trace = ConditionTrace | FieldTrace | GroupTrace


def lines_of(content: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield the lines of a trace, given as plain JSON."""
    start = f"{'  ' * depth}{content['verdict']:<7}"
    if "parts" in content:
        yield f"{start} {content['kind']} of"
        for part in content["parts"]:
            yield from lines_of(part, depth + 1)
    elif "field" in content:
        yield f"{start} {content['field']} {content['op']} {content['threshold']}: {_said(content['said'])}"
    else:
        yield f"{start} {_figures(content)}"


def _figures(content: Mapping[str, Any]) -> str:
    """Return one comparison of figures as a line: what was compared, what it was, and over which days."""
    whose = "" if content["of"] == "self" else f" of the {content['of']}"
    told = [f"{content['expr']}{whose} {content['op']} {content['threshold']}: {_number(content['value'])}"]
    threshold, is_plain = content["threshold_value"], _is_number(content["threshold"].strip("[]").split(",")[0])
    if threshold is not None and not is_plain:
        told.append(f" against {_number(threshold)}")
    elif (
        threshold is None
        and content["place"] is None
        and not _is_number(content["threshold"].strip("[]").split(",")[0])
    ):
        told.append(" against unknown")
    if place := content["place"]:
        told.append(f", {Place(**place)}")
    if content["probability"] is not None:
        told.append(f", probability {content['probability']:.3f} of {content['min_probability']:g} asked for")
    if content["window"]:
        span = content["span"] or "no day is over yet"
        told.append(f" ({content['window']}: {span}{', matured' if content['matured'] else ''})")
    return "".join(told)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.6g}"


def _said(said: Any) -> str:
    return "unknown" if said is None else ", ".join(said) or "none" if isinstance(said, list) else str(said)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
