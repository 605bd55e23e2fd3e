"""Syncs against a practice platform that are killed on purpose, and what must hold after each kill."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client, open_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.schema import OPEN
from aibuyer_kit.warehouse.shapes import SHAPES
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.sync import sync_client
from tests.killing import Nursery

WORLD = """
preset = "hill"
history_days = 40

[[campaign]]
name = "Sample spring"
objective = "OUTCOME_SALES"
  [[campaign.adset]]
  name = "Sample people"
  daily_budget = 120.0
  [[campaign.adset]]
  name = "Sample friends"
  daily_budget = 40.0
"""
ALL_DAYS = DateRange(date(2026, 4, 1), date(2026, 7, 1))
# How each workspace is read. In the last one a day is settled after two, so that months are sealed.
SETTINGS: dict[str, dict[str, Any]] = {
    "empty": {"backfill_days": 10},
    "known": {"backfill_days": 10},
    "sealed": {"backfill_days": 36, "restated_days": 2},
}
_HOUR, _DAY = 3_600, 86_400

View = dict[tuple[str, date], tuple[object, ...]]
History = dict[str, Counter[tuple[object, ...]]]


def sync_once(folder: str, token: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Sync the one client of a workspace as deep as is due; runs in a child that may be killed at any moment."""
    context = open_client(Path(folder), "shop")
    connectors = client_connectors(context, MetaSection(page_rows=40), access_token=SecretStr(token))
    report = sync_client(context, connectors, SyncSection(breakdowns=["country"], hourly=False, **settings))
    wrong = [str(each) for each in (*report.failures, *report.disagreements, *report.losses)]
    return {"wrong": wrong, "recovered": report.recovered is not None}


def seen(folder: Path, *as_of: int) -> list[View]:
    """Return what a reader is told of each ad and day, now and at earlier loads; nothing before a publication."""
    reader = Reader(_context(folder).warehouse)
    try:
        return [_view(reader, moment) for moment in (None, *as_of)]
    except NotFoundError:
        return []
    finally:
        reader.close()


def _view(reader: Reader, as_of: int | None) -> View:
    rows = reader.insights(Level.AD, ALL_DAYS, result=ResultSetting(), as_of=as_of).rows()
    names = ("spend", "impressions", "clicks", "results", "revenue")
    return {(row["entity_id"], row["date"]): tuple(row[name] for name in names) for row in rows}


def history(folder: Path, last_load: int) -> History:
    """Return every version of every fact; loads after `last_load` count as one, whatever their numbers are."""
    reader = Reader(_context(folder).warehouse)
    cursor = reader._cursor()
    found: History = {}
    for shape in SHAPES.values():
        cursor.execute(
            f"SELECT {shape.columns}, least(known_from, $next),"  # noqa: S608 - names of our own lists
            f" CASE known_to WHEN {OPEN} THEN known_to ELSE least(known_to, $next) END FROM {shape.table}",
            {"next": last_load + 1},
        )
        found[shape.table] = Counter(tuple(map(repr, row)) for row in cursor.fetchall())
    cursor.execute("SELECT * FROM load WHERE load_id <= ?", [last_load])
    found["load"] = Counter(tuple(map(repr, row)) for row in cursor.fetchall())
    cursor.execute("SELECT DISTINCT facts, level, since, until, extent FROM load WHERE load_id > ?", [last_load])
    found["reads"] = Counter(tuple(map(repr, row)) for row in cursor.fetchall())
    reader.close()
    return found


def sealed_months(folder: Path, told: str) -> list[str]:
    """Return the sealed files that are published, after a look that each is whole and nothing half-made is left."""
    reader = Reader(_context(folder).warehouse)
    try:
        named = sorted(each.file_name for each in reader.sealed())
        assert reader.damage() == (), told
    except NotFoundError:
        named = []
    finally:
        reader.close()
    assert not list(_context(folder).warehouse.rglob("*.partial")), told
    return named


def _context(folder: Path) -> ClientContext:
    return open_client(folder, "shop")


@dataclass(frozen=True)
class Start:
    """A workspace from which killed syncs begin, what is seen there, and what a sync that nobody kills makes of it.

    What is seen is the view of now and that of `last_load`, the last load before the sync.
    """

    folder: Path
    settings: dict[str, Any]
    last_load: int
    before: list[View]
    after: list[View]
    clean: History
    seconds: float
    lines: int

    @property
    def loads(self) -> tuple[int, ...]:
        return (self.last_load,) if self.last_load else ()


@dataclass
class Tally:
    """What happened in all lives so far."""

    kills: int = 0
    recoveries: int = 0  # of files that only a kill can have damaged
    readings: int = 0
    seen_before: int = 0
    seen_after: int = 0
    sealings: int = 0  # lives that end with more sealed months than they began with


@dataclass
class KilledSyncs:
    """Lives of a workspace: one to three kills in a row, and then a sync that nobody kills."""

    nursery: Nursery
    platform: RunningSandbox
    folder: Path
    starts: tuple[Start, ...]
    draw: random.Random
    tally: Tally = field(default_factory=Tally)

    def live(self) -> None:
        """Live once, and check that it comes to what a clean run came to, row for row."""
        start = self.draw.choice(self.starts)
        folder = self.folder / "life"
        shutil.copytree(start.folder, folder)
        # In some lives the kills hit the rebuilding too; what was published is all that there was.
        broken = bool(start.before) and self.draw.random() < 0.1
        if broken:
            (_context(folder).warehouse / "working.duckdb").write_bytes(b"not a database" * 1000)
        for _ in range(self.draw.choice((1, 2, 2, 3))):
            told = self._kill(folder, start)
        end = self.nursery.run(sync_once, folder, self.platform.access_token, start.settings)
        assert end.result["wrong"] == [], told
        self.tally.recoveries += end.result["recovered"] and not broken
        assert seen(folder, *start.loads) == start.after, told
        _assert_same(history(folder, start.last_load), start.clean, told)
        months = sealed_months(folder, told)
        self.tally.sealings += len(months) > len(sealed_months(start.folder, told))
        shutil.rmtree(folder)

    def _kill(self, folder: Path, start: Start) -> str:
        """Kill one sync and read what it left; one in ten is read all the while."""
        how = self._death(start)
        told = f"killed by {how}, start at load {start.last_load}"
        self.nursery.begin(sync_once, folder, self.platform.access_token, start.settings, **how)
        if self.draw.random() < 0.1:
            while not self.nursery.has_ended():
                self._read(folder, start, told)
        self.tally.kills += self.nursery.end().killed
        self._read(folder, start, told)
        return told

    def _death(self, start: Start) -> dict[str, Any]:
        """Half of the kills come at any time, the others at any line of the code that loads and publishes."""
        if self.draw.random() < 0.5:
            return {"after_seconds": self.draw.uniform(0, start.seconds)}
        return {"at_line": self.draw.randint(1, start.lines)}

    def _read(self, folder: Path, start: Start, told: str) -> None:
        """A reader opens at any moment, and sees all of the sync or nothing of it, and the past as it was."""
        views = seen(folder, *start.loads)
        assert views in (start.before, start.after), told
        self.tally.readings += 1
        self.tally.seen_before += views == start.before
        self.tally.seen_after += views == start.after


def _assert_same(found: History, clean: History, told: str) -> None:
    for name, rows in clean.items():
        lost, gained = rows - found[name], found[name] - rows
        assert not lost, f"{told}: {sum(lost.values())} rows of {name} are lost: {list(lost)[:3]}"
        # A night that had come to its end before the kill is followed by a quick read more.
        assert not gained or name == "reads", (
            f"{told}: {sum(gained.values())} rows of {name} are too many: {list(gained)[:3]}"
        )


@contextmanager
def killed_syncs(folder: Path, seed: int, *, reach: bool = False) -> Iterator[KilledSyncs]:
    """Make a practice platform and three workspaces to start from.

    One is empty, one has a week-old history, and of one a month is sealed already: its sync reads a day of that again,
    for a row that could not be read then, which brings it back; thins what was read twice in a day; seals two months.
    """
    world = folder / "world.toml"
    world.write_text(WORLD, encoding="utf-8")
    with start(world, seed=seed) as platform, Nursery(__name__) as nursery:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        client = ClientFile(name="Sample", clock="platform", accounts=(account,))
        for name in SETTINGS:
            (folder / name).mkdir()
            add_client(folder / name, "shop", client)
        spoilt = {"path": "insights", "query": "level=ad&.*since[^,]*2026-04-27"}
        fault = {"kind": "bad_row", "count": 1, "match": spoilt, "options": {"field": "spend", "value": "abc"}}
        httpx.post(f"{platform.control_url}/faults", json=fault).raise_for_status()
        for seconds in (0, 3 * _HOUR, 8 * _DAY):
            # What was read twice within a day is thinned a week later, so that kills hit the thinning too.
            platform.advance(seconds)
            for name in ("known", "sealed") if seconds != 8 * _DAY else ():
                nursery.run(sync_once, folder / name, platform.access_token, SETTINGS[name] | {"reach": reach})
        starts = tuple(
            _start(folder / name, nursery, platform, settings | {"reach": reach}) for name, settings in SETTINGS.items()
        )
        yield KilledSyncs(nursery, platform, folder, starts, random.Random(seed))  # noqa: S311 - a draw that comes out the same each time


def _start(folder: Path, nursery: Nursery, platform: RunningSandbox, settings: dict[str, Any]) -> Start:
    last_load = Reader(_context(folder).warehouse).freshness().load_id if seen(folder) else 0
    ends = []
    for number, how in enumerate(({}, {}, {"at_line": 0})):
        clean = folder.with_name(f"{folder.name}-{number}")
        shutil.copytree(folder, clean)
        ends.append(nursery.run(sync_once, clean, platform.access_token, settings, **how))
        assert ends[-1].result == {"wrong": [], "recovered": False}, ends[-1].result
    loads = (last_load,) if last_load else ()
    return Start(
        folder,
        settings,
        last_load,
        before=seen(folder, *loads),
        after=seen(clean, *loads),
        clean=history(clean, last_load),
        seconds=ends[1].seconds,
        lines=ends[2].lines,
    )
