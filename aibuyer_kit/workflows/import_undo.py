"""Taking an imported file back: what it brought is closed and what it replaced is open again, as new loads."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.warehouse.load import Coverage, LoadResult
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.imports import import_time

if TYPE_CHECKING:
    import pyarrow as pa

_BY = " by "


@dataclass(frozen=True)
class ImportUndone:
    """The loads that an import had made, and those that took them back."""

    undone: tuple[int, ...]
    loads: tuple[LoadResult, ...]

    def summary(self) -> str:
        """Return one line for a terminal."""
        facts = [load for load in self.loads if load.coverage.facts == "insights"]
        gone, back = sum(load.closed for load in facts), sum(load.inserted + load.restated for load in facts)
        return (
            f"taken back: loads {self.undone[0]} to {self.undone[-1]}; rows: {gone} gone, {back} as they were before."
            f" What was known meanwhile can still be read: --as-of {self.undone[-1]}"
        )


def undo_import(context: ClientContext, load_id: int) -> ImportUndone:
    """Take back the import whose figures are load `load_id`; history stays, and the way back is new loads.

    Raises NotFoundError if there is no such load, InputError if it is not an import's, or if later loads changed the
    same rows: these have to be taken back first.
    """
    with open_writer(context.warehouse) as writer:
        writer.publish()  # what the reader sees is then all there is
        reader = Reader(context.warehouse)
        loads = reader.loads().rows()
        ours = _loads_of_import(context, loads, load_id)
        last = int(ours[-1]["load_id"])
        steps = [step for load in ours for step in _ways_back(reader, load, load_id - 1, last)]
        done = [
            writer.load(coverage, [rows], known_at=import_time(context), extent="complete") for coverage, rows in steps
        ]
    return ImportUndone(tuple(int(load["load_id"]) for load in ours), tuple(done))


def _loads_of_import(context: ClientContext, loads: list[dict[str, Any]], load_id: int) -> list[dict[str, Any]]:
    """Return the loads that one import made: its figures first, and what it took for its names right after."""
    later = [load for load in loads if load["load_id"] >= load_id]
    if not later or later[0]["load_id"] != load_id:
        raise NotFoundError(f"There is no load {load_id}. `aibuyer status` tells how many there are.")
    first = later[0]
    account = (first["platform"], first["account_id"])
    if account in {("meta", each.id) for each in context.settings.accounts} or not first["facts"].startswith(
        "insights"
    ):
        figures = [
            load["load_id"] for load in loads if load["facts"].startswith("insights") and load["extent"] == "partial"
        ]
        raise InputError(
            f"Load {load_id} ({first['facts']} of {first['account_id']}) is not the first of an imported file."
            f" Imports begin with the loads: {', '.join(map(str, figures)) or 'none'}."
        )
    ours = [first]
    for load in later[1:]:
        if (load["platform"], load["account_id"]) != account or not _belongs(load):
            break
        ours.append(load)
    return ours


def _belongs(load: dict[str, Any]) -> bool:
    """Return whether a load continues an import: names, or another form that gave way to the file's rows."""
    nothing_new = not any(load[count] for count in ("inserted", "restated", "unchanged"))
    return (load["facts"], load["extent"]) == ("entities", "partial") or (load["extent"] == "complete" and nothing_new)


def _ways_back(reader: Reader, load: dict[str, Any], before: int, last: int) -> "list[tuple[Coverage, pa.Table]]":
    """Return what one load's coverage held before the import, once for each attribution in it."""
    names = tuple(load["facts"].partition(_BY)[2].split(", ")) if _BY in load["facts"] else ()
    days = DateRange(load["since"], load["until"]) if load["since"] else None
    facts = "entities" if load["facts"] == "entities" else "insights"
    bare = Coverage(facts, load["platform"], load["account_id"], Level(load["level"]), days=days, breakdowns=names)  # type: ignore[arg-type]
    attributions = reader.attributions(bare, (before, last)) if facts == "insights" else (None,)
    steps = []
    for attribution in attributions:
        coverage = Coverage(
            bare.facts, bare.platform, bare.account_id, bare.level, days=days, breakdowns=names, attribution=attribution
        )
        if not reader.covered(coverage, last).equals(reader.covered(coverage, None)):
            raise InputError(
                f"Load {load['load_id']} ({coverage.title} of {coverage.account_id}) was changed by later loads."
                " Take these back first, the newest before the others."
            )
        steps.append((coverage, reader.covered(coverage, before)))
    return steps
