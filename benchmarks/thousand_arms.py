"""A budget plan of 1,000 ad sets over 400 days: all features, the response curves, and the split of the total.

The warehouse is written by hand: budgets stand for two to four weeks and then move, results follow Hill curves of the
spend with the luck of small counts. Each part begins at the warehouse, as a person's command does, and the parts follow
each other in one process. There is no peer that does all of this; the limit is the reading of the panel, twice.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from features import UNTIL, Delivered, written

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.catalogue import make_features
from aibuyer_kit.features.view import View
from aibuyer_kit.planning.request import PlanRequest
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.curves import response_of
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.plan import plan_of

MICROS_AN_IMPRESSION = 12_000
BAR_S = 60.0


def moving(objects: int, days: DateRange, seed: int = 0) -> Delivered:
    """Return ad sets whose budgets move every few weeks, and whose results follow curves that no one is told."""
    random = np.random.default_rng(seed)
    usual = random.lognormal(4.0, 0.6, objects)
    spend, held = np.empty((len(days), objects)), usual.copy()
    left = np.zeros(objects, int)
    for day in range(len(days)):
        due = left <= 0
        held = np.where(due, usual * np.exp(random.normal(0.0, 0.45, objects).clip(-1.0, 0.9)), held)
        left = np.where(due, random.integers(14, 29, objects), left - 1)
        spend[day] = held
    half, most = usual * random.uniform(0.5, 3.0, objects), random.lognormal(1.5, 0.5, objects) * usual / 50
    impressions = np.rint(spend * 1e6 / MICROS_AN_IMPRESSION).astype(np.int64)
    results = random.poisson(most * spend / (spend + half))
    return Delivered(impressions, results, impressions[-1] * MICROS_AN_IMPRESSION)


def measured(objects: int, days: DateRange) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        context = written(Path(folder), days, moving(objects, days))
        reader = Reader(context.warehouse)
        found: dict[str, Any] = {}
        parts: dict[str, Callable[[], object]] = {
            "features": lambda: make_features(
                View(read_panel(context, reader, Level.ADSET, days, besides=True), country="UA")
            ),
            "curves": lambda: response_of(context, reader, days=len(days), value_of="revenue").curves,
            "plan": lambda: plan_of(context, reader, PlanRequest(), curves=found["curves"]),
        }
        took = {}
        for name, run in parts.items():
            started = time.perf_counter()
            found[name] = run()
            took[name] = round(time.perf_counter() - started, 2)
        started = time.perf_counter()
        read_panel(context, reader, Level.ADSET, days, besides=True)
        limit = round(2 * (time.perf_counter() - started), 2)
    plan = found["plan"]
    return {
        "limit": {"reading, twice": limit},
        "peers": {},
        "ours": {**took, "together": round(sum(took.values()), 2)},
        "ratios": {"bar / ours": round(BAR_S / sum(took.values()), 2)},
        "arms": len(plan.arms),
        "moved": sum(arm.planned_micros != arm.now_micros for arm in plan.arms),
        "of_the_bound": plan.reached,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--objects", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=400)
    given = parser.parse_args()
    told = measured(given.objects, DateRange(UNTIL - timedelta(days=given.days - 1), UNTIL))
    conditions = {"objects": given.objects, "days": given.days, "cores": os.cpu_count()}
    if given.json:
        print(json.dumps({"name": "thousand_arms", "unit": "s", **told, "conditions": conditions}))
        return
    for name, seconds in told["ours"].items():
        print(f"{name:10} {seconds:8.2f} s")
    print(f"{told['arms']:,} arms, {told['moved']:,} of them move, {told['of_the_bound']:.4%} of the bound")


if __name__ == "__main__":
    main()
