"""What rules look at, as one table: a row for each object of a level, a column for each figure that a rule names.

Columns are planned over all rules together, so that each window is summed once. In a table money is in micros and
counts are whole numbers, both as float64 (exact up to 2**53); what is missing or infinite is NaN: unknown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.metrics import METRICS, Ratio
from aibuyer_kit.rules.actions import Rebalance, Toward
from aibuyer_kit.rules.conditions import Against, Leaf, Of
from aibuyer_kit.rules.expression import names, parse_expression
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.windows import Span, Window

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
# The share of a window's own results that has arrived, by spend: what probabilities of matured figures rest on.
ARRIVED = "arrived"


@dataclass(frozen=True)
class Column:
    """One figure of each object: a measure over a window, or a numeric field; of itself or of what is above it."""

    name: str
    window: Window | None = None
    of: Of = "self"
    matured: bool = False

    def __str__(self) -> str:
        whose = "" if self.of == "self" else f" of the {self.of}"
        return f"{self.name}{whose}{f' over {self.window}' if self.window else ''}{', matured' if self.matured else ''}"


@dataclass(frozen=True)
class Table:
    """Objects of one level at one moment. `now` is the local time of their account; all arrays have one value a row.

    `numbers` has NaN for what is not known. `targets` are the client's own by metric, in units of the currency.
    `known_at` is the time of the data.
    """

    level: Level
    now: datetime
    known_at: datetime
    subjects: Sequence[Subject]
    numbers: Mapping[Column, Floats]
    targets: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.subjects)

    def number(self, column: Column, row: int) -> float | None:
        """Return one value; None where it is not known."""
        value = self.numbers[column][row]
        return float(value) if np.isfinite(value) else None

    def groups(self, within: str) -> Codes:
        """Return a number for each row: rows of one account, campaign or parent have the same one, and nobody else.

        An object of which it is not known is alone; see `ungrouped`.
        """
        numbers: dict[object, int] = {}
        return np.array(
            [numbers.setdefault(_group(each, within, row), len(numbers)) for row, each in enumerate(self.subjects)],
            dtype=np.int64,
        )

    def ungrouped(self, within: str) -> NDArray[np.bool_]:
        """Return which rows lie in an account, campaign or parent that is not known: nobody can rank them."""
        return np.array([_above(each, within) is None for each in self.subjects], dtype=np.bool_)

    def span(self, window: Window) -> Span | None:
        """Return the days or hours of a window; None where none of them is over yet."""
        return window.span(self.now)


def _group(subject: Subject, within: str, row: int) -> tuple[object, ...]:
    above = _above(subject, within)
    return subject.platform, subject.account_id, row if above is None else above


def _above(subject: Subject, within: str) -> str | None:
    """Return the id of the account, campaign or parent of an object; None where it is not known."""
    parents = {Level.CAMPAIGN: subject.account_id, Level.ADSET: subject.campaign_id, Level.AD: subject.adset_id}
    return {
        "account": subject.account_id,
        "campaign": subject.campaign_id,
        "parent": parents.get(subject.level, subject.account_id),
    }[within] or None


def columns_of(rules: Iterable[Rule]) -> tuple[Column, ...]:
    """Return every column that rules need, each once, in the order in which they are named first."""
    found: dict[Column, None] = {}
    for rule in rules:
        for leaf in rule.leaves():
            if isinstance(leaf, Leaf):
                found.update(dict.fromkeys(leaf_columns(leaf, rule.metrics)))
        for action in rule.then:
            if isinstance(action, Toward):
                found.update(dict.fromkeys(formula_columns(action.metric, action.window, "self", False, rule.metrics)))
            if isinstance(action, Rebalance):
                found.update(dict.fromkeys(formula_columns(action.by, action.window, "self", False, rule.metrics)))
    return tuple(found)


def leaf_columns(leaf: Leaf, metrics: Mapping[str, str]) -> Iterator[Column]:
    """Yield the columns that one comparison reads."""
    yield from formula_columns(leaf.expr, leaf.window, leaf.of, leaf.matured, metrics)
    if isinstance(leaf.value, Against):
        other = leaf.value
        yield from formula_columns(other.expr, other.window or leaf.window, other.of, other.matured, metrics)
    if leaf.min_probability is not None:
        yield from chance_columns(leaf)


def chance_columns(leaf: Leaf) -> Iterator[Column]:
    """Yield the raw sums that a probability rests on: of the object and of what is above it, and what has arrived."""
    for of in ("self", "parent"):
        for name in ("spend", "impressions", "clicks", "results", "revenue"):
            yield Column(name, leaf.window, of)
        if leaf.matured:
            yield Column(ARRIVED, leaf.window, of)


def formula_columns(
    text: str, window: Window | None, of: Of, matured: bool, metrics: Mapping[str, str]
) -> Iterator[Column]:
    """Yield the columns of a formula; of fields there is one value, whatever the window."""
    for name in names(parse_expression(text, metrics)):
        yield from name_columns(name, window, of, matured)


def name_columns(name: str, window: Window | None, of: Of, matured: bool) -> tuple[Column, ...]:
    """Return the column of a field or a measure, or the two of a ratio: numerator and denominator.

    Only results and what is counted from them ripens; of spend there is one column, matured or not.
    """
    if name in NUMBERS:
        return (Column(name, None, of),)
    found = METRICS[name]
    parts = (found.numerator, found.denominator) if isinstance(found, Ratio) else (name,)
    return tuple(Column(part, window, of, matured and part in RIPENS) for part in parts)


# Reported for days on end after the ads were shown.
RIPENS = frozenset({"results", "revenue", "revenue_assumed", "gross_profit", "profit"})
