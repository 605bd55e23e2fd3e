"""Days and weeks of syncs in a storm: what is known is what was told, now and at every moment before."""

import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aibuyer_kit.core.dates import account_date
from aibuyer_kit.sandbox.serve import start
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.write import KEPT_WHOLE_DAYS
from aibuyer_kit.workflows.cadence import Depth
from aibuyer_kit.workflows.workspaces import init_workspace

from .graph import Key, Stream, Told
from .known import Known
from .life import Life, receiving

WORLD = """
preset = "hill"
history_days = 60
time_zone = "Europe/Kyiv"

[[campaign]]
name = "Sample Prospecting"
  [[campaign.adset]]
  name = "Broad"
  daily_budget = 40.0
  [[campaign.adset]]
  name = "Lookalike"
  daily_budget = 25.0

[[campaign]]
name = "Sample Leads"
objective = "OUTCOME_LEADS"
  [[campaign.adset]]
  name = "Newsletter"
  daily_budget = 30.0
"""
# The clock of Kyiv goes back on 25 October 2026, and forward on 28 March 2027.
BEGINNINGS = {"summer": date(2026, 6, 3), "autumn": date(2026, 10, 9), "spring": date(2027, 3, 12)}


@dataclass(frozen=True)
class Plan:
    """How long a storm lasts and how often the client is synced in it."""

    begins: date
    days: int
    every: timedelta
    backfill_days: int
    samples: int
    stops: float
    kills: float
    calm_checks: float


def live(life: Life, plan: Plan, say: object = None) -> None:
    """Sync at the plan's pace until its days are over, and then until one sync in the storm has read everything."""
    draw = random.Random(life.seed + 3)
    wait = datetime(*plan.begins.timetuple()[:3], 20, tzinfo=life.zone) - life.now
    life.platform.advance(wait.total_seconds())
    ends = life.now + timedelta(days=plan.days)
    slot = life.now
    while life.now < ends:
        step(life, plan, draw)
        while slot <= life.now:
            slot += plan.every
        life.platform.advance((slot - life.now).total_seconds())
        if say:
            say(life)  # type: ignore[operator]
    life.weather.clear()
    read_everything(life)


def step(life: Life, plan: Plan, draw: random.Random) -> None:
    """Let people act, and sync in a new weather: to the end, or until somebody stops it."""
    while draw.random() < 0.12:
        life.people.act()
    chance = draw.random()
    if chance < plan.calm_checks:
        life.weather.clear()
        check_against_the_platform(life)
        return
    life.weather.gather(still=False)
    if chance > 1 - plan.kills:
        life.killed_sync()
    elif chance > 1 - plan.kills - plan.stops:
        life.stopped_sync()
    else:
        life.sync()
    if draw.random() < 0.7:
        life.weather.clear()
    if draw.random() < 0.5:
        life.drain()


def check_against_the_platform(life: Life) -> None:
    """Sync in a storm that leaves the clock and the rows alone, and compare each whole load with an undisturbed read."""
    life.weather.gather(still=True)
    before = last_load(life)
    life.sync(still=True)
    life.weather.clear()
    known = Known(life.shop.warehouse, life.platform.account_id)
    for load in known.loads(before):
        if load.is_complete:
            assert_same(known.rows(load), life.graph.truth(load.stream, load.since, load.until), str(load))
    known.close()


def read_everything(life: Life) -> None:
    """Sync at the depth of a night, the clock standing still, until one sync has failed nowhere."""
    for _ in range(20):
        life.weather.gather(still=True)
        report = life.sync(depth=Depth.NIGHTLY, still=True)
        life.weather.clear()
        if report and not report.failures:
            return
    raise AssertionError("no night went well")


def assert_same(known: dict[Key, Told], truth: dict[Key, Told], what: str) -> None:
    wrong = {key for key in known.keys() | truth.keys() if known.get(key) != truth.get(key)}
    shown = [(key, truth.get(key), known.get(key)) for key in list(wrong)[:3]]
    assert not wrong, f"{what}: {len(wrong)} of {len(truth)} rows differ; truth and known are {shown}"


def last_load(life: Life) -> int:
    known = Known(life.shop.warehouse, life.platform.account_id)
    loads = known.loads(0)
    known.close()
    return loads[-1].load_id if loads else 0


def check_latest(life: Life) -> dict[Stream, int]:
    """Compare everything that was ever read whole with an undisturbed read of it now; return the rows by stream."""
    known = Known(life.shop.warehouse, life.platform.account_id)
    compared = {}
    for stream, days in life.history.covered.items():
        truth = life.graph.truth(stream, min(days, default=None), max(days, default=None))
        truth = {key: told for key, told in truth.items() if key.day is None or key.day in days}
        assert_same(known.now(stream, days), truth, str(stream))
        compared[stream] = len(truth)
    known.close()
    return compared


def check_samples(life: Life, count: int) -> int:
    """Compare what was known of random things at random moments with what had been told; return how many were sure."""
    draw = random.Random(life.seed + 4)
    known = Known(life.shop.warehouse, life.platform.account_id)
    loads = known.loads(0)
    begins, ends = loads[0].known_at, loads[-1].known_at
    thinned_before = account_date(ends, life.zone) - timedelta(days=KEPT_WHOLE_DAYS)
    by_stream: dict[Stream, list[Key]] = {}
    for key in life.history.entries:
        by_stream.setdefault(key.stream, []).append(key)
    streams, sure = sorted(by_stream, key=str), 0
    for number in range(count):
        key = draw.choice(by_stream[draw.choice(streams)])
        moment = drawn_moment(draw, number, begins, ends, life.history.entries[key][-1].known_at)
        if account_date(moment, life.zone) < thinned_before:
            assert known.as_of(key, moment) in life.history.told_before(key, moment)
            moment = end_of_day(moment, life.zone)
        right = life.history.right_at(key, moment)
        found = known.as_of(key, moment)
        assert found in right, f"{key} at {moment}: told was {right}, known was {found}"
        sure += len(right) == 1
    known.close()
    return sure


def drawn_moment(draw: random.Random, number: int, begins: datetime, ends: datetime, changed_at: datetime) -> datetime:
    """Return any moment, one of the last days, or one about the thing's last read, in turn."""
    match number % 3:
        case 0:
            return begins + draw.random() * (ends - begins)
        case 1:
            return max(begins, ends - draw.random() * timedelta(days=KEPT_WHOLE_DAYS))
    return changed_at + timedelta(seconds=draw.choice((-1, 0, 1)))


def end_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    tomorrow = account_date(moment, zone) + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone) - timedelta(seconds=1)


def storm(folder: Path, seed: int, plan: Plan, say: object = None) -> Iterator[Life]:
    """Live through a plan and yield what has become of it."""
    world = folder / "world.toml"
    world.write_text(WORLD, encoding="utf-8")
    workspace = init_workspace(folder / "workspace")
    with start(world, seed=seed) as platform:
        life = Life(platform, workspace, seed, SyncSection(backfill_days=plan.backfill_days))
        with receiving(life.shop, platform) as life.callback:
            life.subscribe()
            live(life, plan, say)
            yield life
