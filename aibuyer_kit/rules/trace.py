"""Why a rule fired or did not: each condition with its window, value, threshold and verdict, as a tree."""

from dataclasses import dataclass, replace
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
    # What a figure that is still arriving is expected to come to; `is_final` is None where nobody asked.
    expected: float | None = None
    is_final: bool | None = None

    def expecting(self, expected: float | None, *, is_final: bool) -> "ConditionTrace":
        """Return it with what its figure is expected to come to; None where that is not known."""
        return replace(self, expected=expected, is_final=is_final)

    def content(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        place = dict(vars(self.place)) if self.place else None
        content = {**vars(self), "place": place, "verdict": _WORDS[self.verdict]}
        if self.is_final is None:
            del content["expected"], content["is_final"]
        return content


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
