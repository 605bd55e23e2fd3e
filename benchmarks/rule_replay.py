"""A year of rules replayed from the warehouse: 365 daily evaluations of 500 rules over 10,000 ad sets.

An account is made in a temporary folder and loaded as a sync loads it: the objects, a month of history at once,
then one read a day of the last days, whose results are restated for three days. `workflows.replay.replay()` is measured
as `aibuyer rules replay` calls it: reading what was known after each load, windows, verdicts, traces of what fired, and
what becomes of it, on a ledger of its own. The rules are those of benchmarks/drawn_rules.py, each with a least
spend that few ad sets reach: a rule that fired on every tenth ad set would be written for nobody.

By default small; the whole: --adsets 10000 --days 365 --rules 500 (some minutes to load, about 2 GB of disk).
"""

import argparse
import json
import math
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

sys.path.append(str(Path(__file__).parent))
from drawn_rules import drawn_rule

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import entity_schema, insight_schema
from aibuyer_kit.rules.language import Rule, rule_of
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.write import Writer, open_writer
from aibuyer_kit.workflows.replay import Replay, replay
from aibuyer_kit.workflows.workspaces import init_workspace

FIRST = date(2025, 1, 1)
HISTORY_DAYS, PER_CAMPAIGN = 35, 10
# Which share of a day's results is told so many days later; from then on all of it.
TOLD = (0.0, 0.8, 0.9, 0.95)
BAR_SECONDS = 60.0
USUAL_SPEND, SPREAD = 60, 0.6
# Of the ad sets that spend enough, so many meet a rule's other conditions, about.
MEETS = 0.3
IDLE = {"expr": "days_without_delivery", "op": "<", "value": 3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--adsets", type=int, default=500)
    parser.add_argument("--days", type=int, default=14, help="evaluations, one a day")
    parser.add_argument("--rules", type=int, default=50)
    parser.add_argument("--restated", type=int, default=7, help="so many days are read again each day")
    parser.add_argument("--fired", type=int, default=100, help="matches a day, about, over all rules")
    parser.add_argument("--idle", action="store_true", help="each rule asks for the days without delivery as well")
    parser.add_argument("--folder", type=Path, help="keep the account there, or take the one that is there")
    parser.add_argument("--profile", type=Path, help="write a profile of the replay there")
    arguments = parser.parse_args()
    outcome = measure(arguments)
    print(json.dumps(outcome) if arguments.json else as_table(outcome))


@dataclass(frozen=True)
class World:
    """The figures of every ad set and day, as they are in the end."""

    adsets: int
    days: int
    spend: Any
    impressions: Any
    clicks: Any
    results: Any

    @classmethod
    def drawn(cls, adsets: int, days: int) -> "World":
        draw = np.random.default_rng(7)
        size = adsets, days
        level = draw.lognormal(0, SPREAD, adsets)[:, None]
        found = (draw.poisson(usual * level, size).astype(np.int64) for usual in (USUAL_SPEND, 9_000, 90, 3))
        return cls(adsets, days, *found)

    def page(self, since: int, until: int, read_on: int) -> pa.Table:
        """Return the rows of some days (counted from the first) as told on a later day."""
        days = np.arange(since, until + 1)
        own = slice(since, until + 1)
        told = np.array([TOLD[read_on - day] if read_on - day < len(TOLD) else 1.0 for day in days])
        results = np.floor(self.results[:, own] * told + 0.5).astype(np.int64).T.ravel()
        rows = len(days) * self.adsets
        ids = pa.array(np.tile(np.arange(self.adsets), len(days)))
        dates = pa.array(np.repeat(days + (FIRST - date(1970, 1, 1)).days, self.adsets).astype("int32"))
        numbers = {
            "spend_micros": self.spend[:, own].T.ravel() * 1_000_000,
            "impressions": self.impressions[:, own].T.ravel(),
            "clicks": self.clicks[:, own].T.ravel(),
            "link_clicks": self.clicks[:, own].T.ravel(),
            "actions": _actions(results, rows),
            "action_values": _actions(results * 30_000_000, rows),
            "date": dates.cast(pa.date32()),
            "date_stop": dates.cast(pa.date32()),
            "entity_id": _named("s", range(self.adsets)).take(ids),
            "campaign_id": _named("c", (number // PER_CAMPAIGN for number in range(self.adsets))).take(ids),
        }
        same = {"platform": "meta", "account_id": "act_1", "level": "adset", "breakdown": "", "attribution": "default"}
        return _table(insight_schema(), numbers, {**same, "currency": "EUR"}, rows)


def _named(letter: str, numbers: Iterable[int]) -> pa.Array:
    return pa.array([f"{letter}{number}" for number in numbers])


def _actions(totals: Any, rows: int) -> pa.Array:
    """Return one list of one purchase a row."""
    kind = insight_schema().field("actions").type.value_type
    parts = [
        pa.array(["purchase"] * rows) if each.name == "action_type"
        else pa.array(totals) if each.name == "total"
        else pa.nulls(rows, each.type)
        for each in kind
    ]  # fmt: skip
    each_one = pa.array(np.arange(rows + 1, dtype="int32"))
    return pa.ListArray.from_arrays(each_one, pa.StructArray.from_arrays(parts, fields=list(kind)))


def _table(schema: pa.Schema, numbers: dict[str, Any], same: dict[str, str], rows: int) -> pa.Table:
    columns = [
        pa.array(numbers[each.name]) if each.name in numbers
        else pa.repeat(pa.scalar(same[each.name]), rows) if each.name in same
        else pa.nulls(rows, each.type)
        for each in schema
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=schema)


def load_world(folder: Path, world: World, restated: int) -> ClientContext:
    """Make a client with one account and load it day by day."""
    context = add_client(init_workspace(folder), "year", ClientFile(name="A year", clock="platform"))
    with open_writer(context.warehouse) as writer:
        for level, table in _objects(world):
            _load(writer, Coverage("entities", "meta", "act_1", level), table, HISTORY_DAYS)
        for day in range(HISTORY_DAYS, world.days + 1):
            since = 0 if day == HISTORY_DAYS else day - restated
            days = DateRange(FIRST + timedelta(days=since), FIRST + timedelta(days=day - 1))
            coverage = Coverage("insights", "meta", "act_1", Level.ADSET, days=days, attribution="default")
            _load(writer, coverage, world.page(since, day - 1, day), day)
        writer.publish()
    return context


def _load(writer: Writer, coverage: Coverage, table: pa.Table, day: int) -> None:
    at = datetime(FIRST.year, FIRST.month, FIRST.day, 9, tzinfo=UTC) + timedelta(days=day)
    writer.load(coverage, [table], known_at=lambda: at)


def _objects(world: World) -> Iterator[tuple[Level, pa.Table]]:
    same = {
        "platform": "meta",
        "account_id": "act_1",
        "status": "ACTIVE",
        "effective_status": "ACTIVE",
        "attributes": "{}",
    }
    same |= {"currency": "EUR", "time_zone": "Europe/Kyiv"}
    campaigns = (world.adsets - 1) // PER_CAMPAIGN + 1
    made: list[tuple[Level, list[str], dict[str, Any]]] = [
        (Level.ACCOUNT, ["act_1"], {}),
        (Level.CAMPAIGN, [f"c{number}" for number in range(campaigns)], {}),
        (
            Level.ADSET,
            [f"s{number}" for number in range(world.adsets)],
            {
                "campaign_id": [f"c{number // PER_CAMPAIGN}" for number in range(world.adsets)],
                "daily_budget_micros": np.full(world.adsets, 100_000_000),
            },
        ),
    ]
    for level, ids, more in made:
        numbers = {"entity_id": ids, "name": [f"Sample {each}" for each in ids], **more}
        yield level, _table(entity_schema(), numbers, {**same, "level": str(level)}, len(ids))


def chosen_rules(arguments: argparse.Namespace) -> list[Rule]:
    """Return rules that fire on about as many ad sets a day as asked for, all together."""
    draw = random.Random(20_260_610)  # noqa: S311 # a benchmark
    share = arguments.fired / (arguments.rules * arguments.adsets * MEETS)
    least = USUAL_SPEND * math.exp(SPREAD * statistics.NormalDist().inv_cdf(1 - min(0.5, share)))
    return [_rare(drawn_rule(draw, number, 0.0), least, arguments.idle) for number in range(arguments.rules)]


def _rare(rule: Rule, least: float, idle: bool) -> Rule:
    """Return a rule that is looked at daily and fires on few: those that spent much yesterday."""
    content = rule.model_dump(by_alias=True, exclude_none=True)
    window = {"days": 1, "ends": "yesterday"}
    spent = {"expr": "spend", "window": window, "op": ">", "value": Decimal(round(least))}
    when = {"all": [content["when"], spent, *([IDLE] if idle else [])]}
    return rule_of({**content, "when": when, "mode": "propose", "schedule": {"every": "1d"}})


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    rules = chosen_rules(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        began = time.perf_counter()
        context = _account(arguments.folder or Path(temporary) / "workspace", arguments)
        loading = time.perf_counter() - began
        began, busy = time.perf_counter(), time.process_time()
        found = _replayed(context, rules, arguments)
        taken, processor = time.perf_counter() - began, time.process_time() - busy
        size = sum(path.stat().st_size for path in context.warehouse.rglob("*") if path.is_file())
    return {
        "name": "rule_replay",
        "unit": "s",
        "limit": {},
        "peers": {},
        "ours": {"a year, s": round(taken, 2), "of the processor, s": round(processor, 2)},
        "ratios": {"of the bar of 60 s for 365 x 500 x 10,000": round(taken / BAR_SECONDS, 3)},
        "conditions": {
            "adsets": arguments.adsets,
            "evaluations": len(found.evaluations),
            "rules": arguments.rules,
            "fired": sum(row["fired"] for row in found.by_rule()),
            "proposed": sum(row["proposed"] for row in found.by_rule()),
            "days read again": arguments.restated,
            "asks for days without delivery": arguments.idle,
            "loading, s": round(loading, 1),
            "warehouse, MB": round(size / 1e6),
            "load of the machine": [round(each, 1) for each in os.getloadavg()],
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        },
    }


def _account(folder: Path, arguments: argparse.Namespace) -> ClientContext:
    if folder.exists() and any(folder.iterdir()):
        from aibuyer_kit.access.clients import open_client

        return open_client(folder, "year")
    world = World.drawn(arguments.adsets, HISTORY_DAYS + arguments.days)
    return load_world(folder, world, arguments.restated)


def _replayed(context: ClientContext, rules: Sequence[Rule], arguments: argparse.Namespace) -> Replay:
    if arguments.profile is None:
        return replay(context, Settings(), rules, days=arguments.days)
    import cProfile

    profile = cProfile.Profile()
    found = profile.runcall(replay, context, Settings(), rules, days=arguments.days)
    profile.dump_stats(arguments.profile)
    return found


def as_table(outcome: dict[str, Any]) -> str:
    parts = [outcome[part] for part in ("ours", "ratios", "conditions")]
    return "\n".join(f"{name:<45} {value}" for part in parts for name, value in part.items())


if __name__ == "__main__":
    main()
