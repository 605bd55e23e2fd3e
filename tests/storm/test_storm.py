"""Days and weeks of syncs in a storm: what is known is what was told, now and at every moment before."""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aibuyer_kit.core.dates import account_date
from aibuyer_kit.core.errors import RateLimitError
from aibuyer_kit.sandbox.serve import start
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.write import KEPT_WHOLE_DAYS
from aibuyer_kit.workflows.cadence import Depth
from aibuyer_kit.workflows.workspaces import init_workspace

from .graph import Key, Stream, Told
from .known import Known
from .life import Life, receiving

CAMPAIGNS = """
[[campaign]]
name = "Sample Prospecting"
  [[campaign.adset]]
  name = "Broad"
  daily_budget = {large}
  [[campaign.adset]]
  name = "Lookalike"
  daily_budget = {small}

[[campaign]]
name = "Sample Leads"
objective = "OUTCOME_LEADS"
  [[campaign.adset]]
  name = "Newsletter"
  daily_budget = {small}
"""


@dataclass(frozen=True)
class World:
    """Where and when an account lives, and what it spends."""

    begins: date
    time_zone: str = "Europe/Kyiv"
    currency: str = "EUR"
    large: float = 40.0
    small: float = 25.0

    def text(self) -> str:
        head = f'preset = "hill"\ntime_zone = "{self.time_zone}"\ncurrency = "{self.currency}"\n'
        return head + CAMPAIGNS.format(large=self.large, small=self.small)


# The clock of Kyiv goes back on 25 October 2026 and forward on 28 March 2027. Tokyo's never does; a yen has no cents.
WORLDS = {
    "autumn": World(date(2026, 10, 9)),
    "spring": World(date(2027, 3, 12)),
    "yen": World(date(2026, 6, 3), "Asia/Tokyo", "JPY", 5000.0, 3000.0),
}


@dataclass(frozen=True)
class Plan:
    """How long a storm lasts, how often the client is synced in it, and how often a sync is stopped, killed, compared.

    `stops`, `kills` and `calm_checks` are shares of the syncs.
    """

    days: float
    every: timedelta
    backfill_days: int
    samples: int
    stops: float
    kills: float
    calm_checks: float


Say = Callable[[Life], None]


def live(life: Life, begins: date, plan: Plan, say: Say) -> None:
    """Sync at the plan's pace until its days are over, and then until one sync in the storm has read everything."""
    wait = datetime(begins.year, begins.month, begins.day, 20, tzinfo=life.zone) - life.now
    life.platform.advance(wait.total_seconds())
    draw, slot, ends = random.Random(life.seed + 3), life.now, life.now + timedelta(days=plan.days)
    while life.now < ends:
        step(life, plan, draw)
        say(life)
        while slot <= life.now:
            slot += plan.every
        life.platform.advance((slot - life.now).total_seconds())
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
    """Sync in a storm that leaves clock and rows alone, and compare each whole load with an undisturbed read."""
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
    """Sync at the depth of a night, the clock standing still, until one sync has left nothing out."""
    for _ in range(30):
        life.weather.gather(still=True)
        report = life.sync(depth=Depth.NIGHTLY, still=True)
        life.weather.clear()
        assert report
        put_off = any("put off" in notice for notice in report.notices)
        if not (report.failures or put_off):
            return
        waits = [each.error.wait_seconds for each in report.failures if isinstance(each.error, RateLimitError)]
        life.platform.advance(max(waits, default=300.0 if put_off else 0.0))
    raise AssertionError(f"no night went well: {report.summary()}")


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


@contextmanager
def storm(folder: Path, seed: int, world: World, plan: Plan, say: Say) -> Iterator[Life]:
    """Live through a plan and yield what has become of it."""
    path = folder / "world.toml"
    path.write_text(world.text(), encoding="utf-8")
    workspace = init_workspace(folder / "workspace")
    with start(path, seed=seed) as platform:
        life = Life(platform, workspace, seed, SyncSection(backfill_days=plan.backfill_days))
        with receiving(life.shop, platform) as life.callback:
            life.subscribe()
            live(life, world.begins, plan, say)
            yield life
        life.graph.close()


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Credentials are sealed with a key of this test's own."""
    monkeypatch.delenv("AIBUYER_KEY", raising=False)
    monkeypatch.setenv("AIBUYER_KEY_FILE", str(tmp_path / "key"))
    return tmp_path / "key"


@pytest.mark.parametrize("seed", [1])
def test_a_night_of_storm_leaves_nothing_behind(tmp_path: Path, key_file: Path, seed: int) -> None:
    """From an evening to the next morning, over the hour that Kyiv's clock is put back; weeks are in the long tests."""
    hours = timedelta(hours=3)
    plan = Plan(0.6, hours, backfill_days=3, samples=100, stops=0.15, kills=0.15, calm_checks=0.15)
    with storm(tmp_path, seed, World(date(2026, 10, 24)), plan, lambda _life: None) as life:
        assert len(check_latest(life)) == STREAMS
        assert check_samples(life, plan.samples) > 0.9 * plan.samples
        assert sum(life.log.faults.values()) > 10


# Objects of four levels, creatives, insights of four levels, four breakdowns of ads, reach of four levels in three
# windows.
STREAMS = 4 + 1 + 4 + 4 + 12


def listed(name: str, default: str) -> list[str]:
    return os.environ.get(name, default).split(",")


@pytest.mark.soak
# Python drops an interrupt that falls into a finaliser, and says so: here many are pressed.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("world", listed("AIBUYER_SOAK_WORLDS", "autumn"))
@pytest.mark.parametrize("seed", [int(text) for text in listed("AIBUYER_SOAK_SEEDS", "1")])
def test_a_month_of_storm_leaves_nothing_behind(
    tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str], seed: int, world: str
) -> None:
    """Every quarter of an hour for 30 days.

    AIBUYER_SOAK_SEEDS and AIBUYER_SOAK_WORLDS (autumn, spring, yen) take lists, AIBUYER_SOAK_DAYS a shorter time.
    """
    days = float(os.environ.get("AIBUYER_SOAK_DAYS", "30"))
    plan = Plan(days, timedelta(minutes=15), backfill_days=60, samples=1000, stops=0.03, kills=0.01, calm_checks=0.02)
    progress = Progress(f"storm {world} {seed}", capsys)
    with storm(tmp_path, seed, WORLDS[world], plan, progress) as life:
        progress.say(f"kinds of fault met: {len(life.log.faults)} of {len(life.weather.kinds)}")
        progress.say(f"latest view: {sum(check_latest(life).values())} rows equal a full read")
        assert life.history.covered.keys() >= {Stream("reach", "ad", (), 28), Stream("insights", "ad", ("hour",))}
        sure = check_samples(life, plan.samples)
        progress.say(f"history: {plan.samples} samples, of which {sure} had one right answer")
        assert sure > 0.9 * plan.samples
        # Pages of a form that is not the documented one are refused, and so is what contradicts itself.
        assert life.history.rows_lost < 0.03 * life.history.rows_heard


class Progress:
    """Says once a virtual day how far a storm has come, past pytest's capture."""

    def __init__(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._name, self._capsys, self._began = name, capsys, time.monotonic()
        self._day: date | None = None

    def __call__(self, life: Life) -> None:
        if self._day != life.now.date():
            self._day = life.now.date()
            self.say(f"{self._day} {life.summary()}")

    def say(self, text: str) -> None:
        with self._capsys.disabled():
            sys.stderr.write(f"{self._name} {time.monotonic() - self._began:5.0f} s: {text}\n")
