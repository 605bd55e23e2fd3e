"""Features of 1,000 ad sets over 400 days: read from the warehouse as a panel, then all of the catalogue made.

The warehouse is written by hand, one row per ad set and day. The peer makes the lags and windows of five measures with
pandas, by groups; ours makes them, and rates, for the same days. The limit is one pass over the measures.
Contenders run in turns in one process, and the best of the rounds counts.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import WINDOWS, entity_schema, insight_schema
from aibuyer_kit.features.catalogue import CATALOGUE, make_features
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.past import LAGS, past_features
from aibuyer_kit.features.view import View
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.workspaces import init_workspace

UNTIL, ROUNDS = date(2026, 6, 1), 5
MEASURES = ("spend", "impressions", "clicks", "results", "revenue")
WINDOW_DAYS = (3, 7, 28)
READ, ALL, PAST = "read the panel, s", "all features, s", "lags and windows, s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--objects", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    days = DateRange(UNTIL - timedelta(days=arguments.days - 1), UNTIL)
    with tempfile.TemporaryDirectory() as folder:
        context = written(Path(folder), days, steady(arguments.objects, days))
        outcome = measured(context, days, arguments.rounds)
    conditions = {
        "objects": arguments.objects,
        "days": arguments.days,
        "features": len(CATALOGUE),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "pandas": version("pandas"),
        "cores": os.cpu_count(),
    }
    result: dict[str, Any] = {"name": "features", "unit": "s", **outcome, "conditions": conditions}
    print(json.dumps(result) if arguments.json else as_table(result))


@dataclass(frozen=True)
class Delivered:
    """What ad sets delivered, (days, objects), and the daily budgets that hold in the end."""

    impressions: NDArray[np.int64]
    results: NDArray[np.int64]
    budgets_micros: NDArray[np.int64]


def steady(objects: int, days: DateRange) -> Delivered:
    """Return ad sets that always have the same budget."""
    random = np.random.default_rng(0)
    impressions = random.poisson(4_000, (len(days), objects))
    results = random.binomial(random.binomial(impressions, 0.02), 0.04)
    return Delivered(impressions, results, np.full(objects, 50_000_000))


def written(folder: Path, days: DateRange, delivered: Delivered) -> ClientContext:
    """Make a client with one account whose ad sets all ran on all days."""
    objects = len(delivered.budgets_micros)
    context = add_client(init_workspace(folder / "workspace"), "shop", ClientFile(name="Sample", clock="platform"))
    known_at = datetime(2026, 6, 2, 9, tzinfo=UTC)
    own = {"platform": "meta", "account_id": "act_1"}
    account = {**own, "level": "account", "entity_id": "act_1", "time_zone": "Europe/Kyiv", "currency": "EUR"}
    sets = [
        {**own, "level": "adset", "entity_id": f"s{place:05}", "campaign_id": f"c{place // 10}", "name": f"Set {place}"}
        | {"status": "ACTIVE", "daily_budget_micros": int(delivered.budgets_micros[place])}
        for place in range(objects)
    ]
    with open_writer(context.warehouse) as writer:
        for level, rows in ((Level.ACCOUNT, [account]), (Level.ADSET, sets)):
            page = pa.Table.from_pylist(rows, schema=entity_schema())
            writer.load(Coverage("entities", "meta", "act_1", level), [page], known_at=lambda: known_at)
        facts = Coverage("insights", "meta", "act_1", Level.ADSET, days=days, attribution="default")
        writer.load(facts, pages(days, delivered), known_at=lambda: known_at)
    return context


def pages(days: DateRange, delivered: Delivered) -> list[pa.Table]:
    schema, found = insight_schema(), []
    objects = len(delivered.budgets_micros)
    for day, impressions, results in zip(days, delivered.impressions, delivered.results, strict=True):
        clicks = np.maximum(impressions // 50, results)
        told: dict[str, Any] = {
            "platform": ["meta"] * objects,
            "account_id": ["act_1"] * objects,
            "level": ["adset"] * objects,
            "entity_id": [f"s{place:05}" for place in range(objects)],
            "date": [day] * objects,
            "date_stop": [day] * objects,
            "breakdown": [""] * objects,
            "attribution": ["default"] * objects,
            "campaign_id": [f"c{place // 10}" for place in range(objects)],
            "adset_id": [f"s{place:05}" for place in range(objects)],
            "currency": ["EUR"] * objects,
            "spend_micros": impressions * 12_000,
            "impressions": impressions,
            "clicks": clicks,
            "link_clicks": clicks,
            "reach": impressions // 2,
            "actions": [actions(count) for count in results.tolist()],
            "action_values": [actions(count * 30_000_000) for count in results.tolist()],
        }
        found.append(pa.table([told[name] for name in schema.names], schema=schema))
    return found


def actions(count: int) -> list[dict[str, object]]:
    return [{"action_type": "purchase", **dict.fromkeys(WINDOWS), "total": count}]


def measured(context: ClientContext, days: DateRange, rounds: int) -> dict[str, Any]:
    reader = Reader(context.warehouse)
    panel = read_panel(context, reader, Level.ADSET, days, besides=True)
    frame = pd.DataFrame({name: panel.measure(name).T.ravel() for name in MEASURES})
    frame["object"] = np.repeat(np.arange(len(panel.objects)), len(days))
    past = [each.name for each in past_features()]
    contenders: dict[str, Callable[[], object]] = {
        READ: lambda: read_panel(context, reader, Level.ADSET, days, besides=True),
        ALL: lambda: make_features(View(panel, country="UA")),
        PAST: lambda: make_features(View(panel), past),
        "pandas": lambda: by_pandas(frame),
        "limit": lambda: [np.nansum(panel.measure(name)) for name in MEASURES],
    }
    best = dict.fromkeys(contenders, np.inf)
    for _ in range(rounds):
        for name, run in contenders.items():
            started = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - started)
    check(panel, frame)
    ours = {name: round(best[name], 3) for name in (READ, ALL, PAST)}
    peers = {"pandas, lags and windows": round(best["pandas"], 3)}
    return {
        "limit": {"one pass over the measures": round(best["limit"], 4)},
        "peers": peers,
        "ours": ours,
        "ratios": {"lags and windows, pandas / ours": round(best["pandas"] / best[PAST], 2)},
    }


def by_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the lags, means and changes of each measure, and the rates over windows, shifted by a day."""
    grouped = frame.groupby("object", sort=False)
    found = {}
    for name in MEASURES:
        for lag in LAGS:
            found[f"{name}_lag_{lag}"] = grouped[name].shift(lag)
        shifted = grouped[name].shift(1)
        for days in WINDOW_DAYS:
            rolling = shifted.groupby(frame["object"], sort=False).rolling(days, min_periods=(days + 1) // 2)
            found[f"{name}_mean_{days}"] = rolling.mean().droplevel(0)
        found[f"{name}_change"] = found[f"{name}_mean_7"] / found[f"{name}_mean_28"]
    return pd.DataFrame(found)


def check(panel: DailyPanel, frame: pd.DataFrame) -> None:
    """Raise AssertionError unless both say the same of spend."""
    theirs = by_pandas(frame)["spend_mean_7"].to_numpy().reshape(len(panel.objects), len(panel.days)).T
    ours = make_features(View(panel, ahead=0), ["spend_mean_7"])["spend_mean_7"] * 1e6
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def as_table(result: dict[str, Any]) -> str:
    lines = [f"{result['conditions']['objects']:,} objects, {result['conditions']['days']} days, "]
    lines[0] += f"{result['conditions']['features']} features"
    for part in ("limit", "peers", "ours", "ratios"):
        lines += [f"{name:<40}{value:>12,.4g}" for name, value in result[part].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
