"""What one file may not hold: two rows for the same thing and day, or one entity under two parents."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from operator import attrgetter

from aibuyer_kit.connectors.csv_export.mapping import ENTITY_LEVELS, Mapping
from aibuyer_kit.connectors.csv_export.rows import FactRow
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError


def check_no_day_counts_twice(sheet: Sheet, mapping: Mapping, facts: Sequence[FactRow]) -> None:
    """Raise ImportFileError if two facts of one entity and breakdown share a day: a sum would count it twice."""
    level = mapping.level
    ordered = sorted(facts, key=lambda fact: (fact.ids[level], fact.breakdown, fact.since, fact.line))
    for first, second in pairwise(ordered):
        if (
            second.since <= first.until
            and first.ids[level] == second.ids[level]
            and first.breakdown == second.breakdown
        ):
            raise ImportFileError(f"{sheet.path}: {_double(sheet, mapping, *sorted((first, second), key=_line))}")


def check_parents(sheet: Sheet, facts: Sequence[FactRow]) -> None:
    """Raise ImportFileError if an entity stands under two parents, as two things of one name do."""
    seen: dict[tuple[Level, str, Level], FactRow] = {}
    lineage = _lineage(facts[0]) if facts else []
    for fact in facts:
        for child, parent in lineage:
            known = seen.setdefault((child, fact.ids[child], parent), fact)
            if known.ids[parent] != fact.ids[parent]:
                raise ImportFileError(
                    f"{sheet.path}: the {child} {fact.ids[child]!r} is in the {parent} {known.ids[parent]!r} on line "
                    f"{known.line} and in {fact.ids[parent]!r} on line {fact.line}. Export the {child}'s id and map "
                    f"it as columns.{child}_id: names need not be unique."
                )


_line = attrgetter("line")


def _lineage(fact: FactRow) -> list[tuple[Level, Level]]:
    """Return each level and each of the levels above it; all facts of a file have the same levels."""
    present = [level for level in ENTITY_LEVELS if level in fact.ids]
    return [(child, parent) for parent, child in combinations(present, 2)]


def _double(sheet: Sheet, mapping: Mapping, first: FactRow, second: FactRow) -> str:
    level = mapping.level
    days = f"{_days(first)} and {_days(second)}" if _days(first) != _days(second) else str(_days(first))
    return (
        f"lines {first.line} and {second.line} are both about the {level} {first.ids[level]!r} on {days}, and a sum "
        f"would count it twice. {_cure(sheet, mapping, first, second)}"
    )


def _cure(sheet: Sheet, mapping: Mapping, first: FactRow, second: FactRow) -> str:
    figures = {*mapping.actions.values(), *mapping.action_values.values(), *(check.column for check in mapping.ratios)}
    figures |= {str(value) for name, value in mapping.columns if not name.endswith(("_id", "_name"))}
    apart = [
        name
        for name, one, other in zip(sheet.header, first.cells, second.cells, strict=True)
        if one != other and name not in figures
    ]
    if not apart:
        return "Nothing but the figures tells them apart: export the column that does, or leave one of them out."
    return (
        f"These columns tell them apart: {', '.join(apart)}. Map the one that splits the {mapping.level} under "
        f"[breakdowns], or as its id under [columns]."
    )


def _days(fact: FactRow) -> DateRange:
    return DateRange(fact.since, fact.until)
