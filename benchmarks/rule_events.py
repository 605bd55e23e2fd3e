"""From an event to the proposal: 500 ads with 30 rules that wait for events, of which one fires on what happened.

A small account is loaded into a temporary folder. Each round is what a delivery leads to: the ads are read again (here
from memory, where a sync asks the platform), one of them with an issue that it did not have, and published; then
`decide_on_event` evaluates the rules and writes the proposal into the ledger, which is what is measured. Told apart are
the steps, and what the time without any ledger or warehouse would be is not.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

sys.path.append(str(Path(__file__).parent))
from drawn_rules import drawn_rule
from rule_replay import FIRST, HISTORY_DAYS, World, _load, _table

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import canonical_json, entity_schema
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.decide import decide_on_event
from aibuyer_kit.workflows.evaluation_record import rule_json
from aibuyer_kit.workflows.workspaces import init_workspace

BAR_MS = 100.0
PER_ADSET, PER_CAMPAIGN = 5, 25
ISSUE = {"field": "issues", "op": "any", "value": ["ERROR"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--ads", type=int, default=500)
    parser.add_argument("--rules", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--profile", type=Path, help="write a profile of the last rounds there")
    arguments = parser.parse_args()
    outcome = measure(arguments)
    print(json.dumps(outcome) if arguments.json else as_table(outcome))


def load_account(folder: Path, ads: int) -> ClientContext:
    context = add_client(init_workspace(folder), "events", ClientFile(name="Events", clock="platform"))
    world = World.drawn(ads, HISTORY_DAYS)
    days = DateRange(FIRST, FIRST + timedelta(days=HISTORY_DAYS - 1))
    with open_writer(context.warehouse) as writer:
        for level, ids, more in _above(ads):
            _load(writer, Coverage("entities", "meta", "act_1", level), _objects(level, ids, more), HISTORY_DAYS)
        coverage = Coverage("insights", "meta", "act_1", Level.AD, days=days, attribution="default")
        _load(writer, coverage, _of_ads(world.page(0, HISTORY_DAYS - 1, HISTORY_DAYS)), HISTORY_DAYS)
    publish_event(context, ads, -1)
    return context


def _above(ads: int) -> list[tuple[Level, list[str], dict[str, Any]]]:
    adsets = range((ads - 1) // PER_ADSET + 1)
    campaigns = range((ads - 1) // PER_CAMPAIGN + 1)
    of_adsets = {"campaign_id": [f"c{each * PER_ADSET // PER_CAMPAIGN}" for each in adsets]}
    return [
        (Level.ACCOUNT, ["act_1"], {}),
        (Level.CAMPAIGN, [f"c{each}" for each in campaigns], {}),
        (Level.ADSET, [f"s{each}" for each in adsets], of_adsets),
    ]


def _objects(level: Level, ids: Sequence[str], more: dict[str, Any]) -> pa.Table:
    same = {"platform": "meta", "account_id": "act_1", "status": "ACTIVE", "effective_status": "ACTIVE"}
    same |= {"currency": "EUR", "time_zone": "Europe/Kyiv", "level": str(level), "attributes": "{}"}
    numbers = {"entity_id": list(ids), "name": [f"Sample {each}" for each in ids], **more}
    return _table(entity_schema(), numbers, {name: each for name, each in same.items() if name not in more}, len(ids))


def _of_ads(table: pa.Table) -> pa.Table:
    """Return rows of ad sets as rows of ads."""
    numbers = [int(each[1:]) for each in table.column("entity_id").to_pylist()]
    made = {
        "level": ["ad"] * len(numbers),
        "entity_id": [f"a{each}" for each in numbers],
        "adset_id": [f"s{each // PER_ADSET}" for each in numbers],
        "campaign_id": [f"c{each // PER_CAMPAIGN}" for each in numbers],
    }
    for name, values in made.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    return table


def publish_event(context: ClientContext, ads: int, wrong: int) -> None:
    """Load the ads as they are after one of them, and those before it, has got an issue."""
    issues = canonical_json({"issues": '["ERROR"]'})
    more = {
        "adset_id": [f"s{each // PER_ADSET}" for each in range(ads)],
        "campaign_id": [f"c{each // PER_CAMPAIGN}" for each in range(ads)],
        "attributes": [issues if each <= wrong else "{}" for each in range(ads)],
    }
    table = _objects(Level.AD, [f"a{each}" for each in range(ads)], more)
    with open_writer(context.warehouse) as writer:
        _load(writer, Coverage("entities", "meta", "act_1", Level.AD), table, HISTORY_DAYS)
        writer.publish()


def put_rules(context: ClientContext, count: int) -> None:
    draw = random.Random(20_260_610)  # noqa: S311 # a benchmark
    for path in context.rules.glob("*.json"):
        path.unlink()
    for number in range(count):
        content = json.loads(rule_json(drawn_rule(draw, number, 0.0)))
        when = ISSUE if number == 0 else {"all": [ISSUE, content["when"]]}
        content["limits"] = {"runs_per_day": 96, "changes_per_day": 500}
        content |= {"level": "ad", "mode": "propose", "schedule": {"on": "event"}, "when": when}
        (context.rules / f"{content['id']}.json").write_text(json.dumps(content), encoding="utf-8")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    taken, busy, published = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        context = load_account(Path(temporary) / "workspace", arguments.ads)
        put_rules(context, arguments.rules)
        for number in range(arguments.rounds):
            began = time.perf_counter()
            publish_event(context, arguments.ads, number)
            published.append(time.perf_counter() - began)
            began, processor = time.perf_counter(), time.process_time()
            decision = _decided(context, arguments.profile if number == arguments.rounds - 1 else None)
            taken.append(time.perf_counter() - began)
            busy.append(time.process_time() - processor)
            if decision is None or decision.proposal is None or len(decision.proposal.changes) != 1:
                raise RuntimeError(f"an event led to no proposal: {decision and decision.summary()}")
    ours = {
        "event to proposal, best, ms": min(taken) * 1e3,
        "event to proposal, median, ms": statistics.median(taken) * 1e3,
        "the first, ms": taken[0] * 1e3,
        "of the processor, best, ms": min(busy) * 1e3,
        "before it: load and publish the ads, median, ms": statistics.median(published) * 1e3,
    }
    return {
        "name": "rule_events",
        "unit": "ms",
        "limit": {},
        "peers": {},
        "ours": {name: round(each, 1) for name, each in ours.items()},
        "ratios": {"of the bar of 100 ms": round(statistics.median(taken) * 1e3 / BAR_MS, 2)},
        "conditions": {
            "ads": arguments.ads,
            "rules": arguments.rules,
            "rounds": arguments.rounds,
            "load of the machine": [round(each, 1) for each in os.getloadavg()],
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        },
    }


def _decided(context: ClientContext, profile: Path | None) -> Any:
    if profile is None:
        return decide_on_event(context, Settings())
    import cProfile

    found = cProfile.Profile()
    decision = found.runcall(decide_on_event, context, Settings())
    found.dump_stats(profile)
    return decision


def as_table(outcome: dict[str, Any]) -> str:
    parts = [outcome[part] for part in ("ours", "ratios", "conditions")]
    return "\n".join(f"{name:<50} {value}" for part in parts for name, value in part.items())


if __name__ == "__main__":
    main()
