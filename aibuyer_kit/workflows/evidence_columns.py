"""What a column of a table of evidence is made of: whose figures, of which kind, of which measures."""

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.metrics import MEASURES
from aibuyer_kit.rules.conditions import Of
from aibuyer_kit.rules.table import ARRIVED, Column
from aibuyer_kit.rules.windows import Lifetime

# What sums up over days and objects; all else is made of it.
SUMMED = tuple(each.name for each in MEASURES if each.additive == "everywhere")


def above(level: Level, of: Of) -> Level:
    """Return the level of what is meant: of the object itself, or of what is above it.

    >>> above(Level.AD, "parent"), above(Level.CAMPAIGN, "parent"), above(Level.CAMPAIGN, "campaign")
    (<Level.ADSET: 'adset'>, <Level.ACCOUNT: 'account'>, <Level.CAMPAIGN: 'campaign'>)
    """
    parent = list(Level)[max(0, level.depth - 1)]
    return {"self": level, "parent": parent, "campaign": Level.CAMPAIGN, "account": Level.ACCOUNT}[of]


def kind_of(column: Column) -> str:
    """Return among which figures a column is found."""
    if isinstance(column.window, Lifetime):
        return "lifetime"
    return "days" if column.window is None or not hasattr(column.window, "hours") else "hours"


def measures_of(column: Column) -> frozenset[str]:
    """Return the measures that a column is made of."""
    if column.name == ARRIVED:
        return frozenset({"spend"})
    if column.matured and column.name == "profit":
        return frozenset({"gross_profit", "spend"})
    return frozenset({column.name}) & frozenset(SUMMED)
