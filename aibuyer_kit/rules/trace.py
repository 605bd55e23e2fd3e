"""Why a rule fired or did not: each condition with its window, value, threshold and verdict, as a tree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aibuyer_kit.core.dates import DateRange

# True, False, or None where it is not known.
Verdict = bool | None
_WORDS = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True)
class ConditionTrace:
    """One comparison as it was made; `value` is None where it is not known."""

    expr: str
    days: DateRange
    value: float | None
    op: str
    threshold: str
    verdict: Verdict

    def lines(self, depth: int = 0) -> Iterator[str]:
        value = "unknown" if self.value is None else f"{self.value:,.6g}"
        yield f"{'  ' * depth}{_WORDS[self.verdict]:<7} {self.expr} {self.op} {self.threshold}: {value} ({self.days})"

    def content(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "expr": self.expr,
            "since": str(self.days.since),
            "until": str(self.days.until),
            "value": self.value,
            "op": self.op,
            "threshold": self.threshold,
            "verdict": _WORDS[self.verdict],
        }


@dataclass(frozen=True)
class GroupTrace:
    """`all`, `any` or `not` over other traces."""

    kind: str
    parts: "tuple[Trace, ...]"
    verdict: Verdict

    def lines(self, depth: int = 0) -> Iterator[str]:
        yield f"{'  ' * depth}{_WORDS[self.verdict]:<7} {self.kind} of"
        for part in self.parts:
            yield from part.lines(depth + 1)

    def content(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        parts = [part.content() for part in self.parts]
        return {"kind": self.kind, "verdict": _WORDS[self.verdict], "parts": parts}


Trace = ConditionTrace | GroupTrace


def lines_of(content: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield the lines of a trace that was kept as plain JSON."""
    indent = "  " * depth
    if "parts" in content:
        yield f"{indent}{content['verdict']:<7} {content['kind']} of"
        for part in content["parts"]:
            yield from lines_of(part, depth + 1)
        return
    value = "unknown" if content["value"] is None else f"{content['value']:,.6g}"
    days = content["since"] if content["since"] == content["until"] else f"{content['since']} to {content['until']}"
    yield f"{indent}{content['verdict']:<7} {content['expr']} {content['op']} {content['threshold']}: {value} ({days})"
