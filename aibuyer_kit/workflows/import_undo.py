"""Taking an imported file back: what it brought is closed and what it replaced is open again, as new loads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.load import LoadResult
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

    Raises NotFoundError if there is no such load, InputError if it is not an import's, if it has been taken back
    already, or if later loads changed the same rows: these have to be taken back first.
    """
    with open_writer(context.warehouse) as writer:
        writer.publish()  # what the reader sees is then all there is
        reader = Reader(context.warehouse)
        loads = reader.loads().rows()
        ours = _loads_of_import(context, loads, load_id)
        undone = tuple(int(load["load_id"]) for load in ours)
        steps = [(load, *step) for load in ours for step in _ways_back(reader, load, load_id - 1, undone[-1])]
        known_at, done = import_time(context), []
        for load, coverage, before in steps:
            writer.publish()  # figures come first, and tell which objects are still in use
            rows = before if coverage.facts == "insights" else _with_objects_in_use(reader, coverage, before)
            unread = list(_unread_before(reader, coverage, undone))
            back = writer.load(
                coverage,
                [rows],
                known_at=known_at,
                extent="replacing",
                rejected=unread,
                spares=False,
                undoes=load["load_id"],
            )
            done.append(back)
    return ImportUndone(undone, tuple(done))


def _loads_of_import(context: ClientContext, loads: list[dict[str, Any]], load_id: int) -> list[dict[str, Any]]:
    """Return the loads that one import made: its figures first, and what it took for its names right after."""
    later = [load for load in loads if load["load_id"] >= load_id]
    if not later or later[0]["load_id"] != load_id:
        raise NotFoundError(f"There is no load {load_id}. `aibuyer status` tells how many there are.")
    if again := [load["load_id"] for load in loads if load.get("undoes") == load_id]:
        raise InputError(
            f"Load {load_id} has been taken back already, by load {again[0]}. Nothing was changed; what it had brought"
            f" can be read with --as-of {again[0] - 1}, and imported again from its file."
        )
    first = later[0]
    account = (first["platform"], first["account_id"])
    synced = account in {("meta", each.id) for each in context.settings.accounts}
    if synced or not first["facts"].startswith("insights") or first.get("undoes") is not None:
        figures = [
            load["load_id"]
            for load in loads
            if load["facts"].startswith("insights")
            and load["extent"] in ("partial", "replacing")
            and load.get("undoes") is None
        ]
        raise InputError(
            f"Load {load_id} ({first['facts']} of {first['account_id']}) is not the first of an imported file."
            f" Imports begin with the loads: {', '.join(map(str, figures)) or 'none'}."
        )
    ours = [first]
    for load in later[1:]:
        if (load["platform"], load["account_id"]) != account or not _belongs(load, first):
            break
        ours.append(load)
    return ours


def _belongs(load: dict[str, Any], first: dict[str, Any]) -> bool:
    """Return whether a load continues an import: names, or another form that gave way to the file's rows."""
    if (load["facts"], load["extent"]) == ("entities", "partial"):
        return True
    # What took another import back looks alike; by versions that did not note it, but for its days.
    if load.get("undoes") is not None:
        return False
    of_its_days = first["extent"] != "partial" and all(load[end] == first[end] for end in ("since", "until"))
    nothing_new = not any(load[count] for count in ("inserted", "restated", "unchanged"))
    return load["extent"] in ("replacing", "complete") and of_its_days and nothing_new  # complete: by older versions


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


def _with_objects_in_use(reader: Reader, coverage: Coverage, before: "pa.Table") -> "pa.Table":
    """Return the objects from before the import, and those that came with it and have other figures, too."""
    import pyarrow as pa

    account, any_days = (coverage.platform, coverage.account_id), DateRange(date.min, date.max)
    objects = reader.known_objects(*account, any_days, replaced=False).rows()
    used = {row["entity_id"] for row in objects if row["level"] == coverage.level}
    if objects and coverage.level is Level.ACCOUNT:
        used.add(coverage.account_id)
    used.difference_update(before["entity_id"].to_pylist())
    now = reader.covered(coverage, None)
    return pa.concat_tables([before, now.filter(pa.array([each in used for each in now["entity_id"].to_pylist()]))])


def _unread_before(reader: Reader, coverage: Coverage, undone: Sequence[int]) -> Iterator[UnreadableRow]:
    """Yield the rows of the coverage that were in the quarantine before the import, and would be there without it."""
    scope = (coverage.label, coverage.platform, coverage.account_id, str(coverage.level), coverage.attribution or "")
    for row in reader.quarantine(resolved=True).rows():
        its_scope = tuple(row[name] for name in ("facts", "platform", "account_id", "level", "attribution"))
        is_open = row["resolved_by"] is None or row["resolved_by"] in undone
        if its_scope != scope or row["load_id"] >= undone[0] or not is_open:
            continue
        yield UnreadableRow(
            row["field"],
            row["reason"],
            row["raw"],
            entity_id=row["entity_id"],
            days=DateRange(row["date"], row["date_stop"]) if row["date"] else None,
            breakdown=row["breakdown"],
            asked=_asked(row, coverage.days) if coverage.days else None,
        )


def _asked(row: dict[str, Any], days: DateRange) -> DateRange:
    """Return the days that a row may be about, with those again that the import had read without it."""
    since = days.since if row["since"] == days.until + timedelta(days=1) else row["since"]
    until = days.until if row["until"] == days.since - timedelta(days=1) else row["until"]
    return DateRange(since, until)
