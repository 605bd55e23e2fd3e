"""From reports to profit: plans on fitted curves in practice markets, judged by what their splits truly bring.

Each world is a preset and a seed. It lives through a history in which budgets stand for weeks and then move; curves are
fitted to what the platform reported by then and to the lift tests that the world supplies; a plan splits today's total
for the next 14 days. Truth is `Market.truth` of that split, under the same luck for all splits, less the spend.

- captured: what a split wins over today's, by what the market's own optimum wins over today's, as a ratio of sums over
the
  worlds whose headroom (optimum over today's, in revenue) is at least 10%, and as the median of these worlds.
- worse: the share of all worlds in which a split brings less than today's, and the worst loss as a share of what
today's
  brings before spend.
- covered: how often the true profit lies within the plan's 90% interval; only where curves are incremental.
- usual, any: the plan with the usual step, which nobody has to ask for, and the one that may move budgets as far as it
pays.
- peers: an equal split; spend in proportion to the return that reports claim for 28 days; last week's spend.

A panel is built from what the platform reports without a sync over HTTP. Optima of worlds take minutes: `--cache` keeps
them in a file.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.make import make_plan
from aibuyer_kit.planning.plan import Plan
from aibuyer_kit.planning.request import PlanRequest, Step
from aibuyer_kit.planning.response.experiments import Experiment
from aibuyer_kit.planning.response.learn import learn_response
from aibuyer_kit.sandbox import Market
from tests.market_panels import budgets_of, lived, panel_of, steps

PRESETS = ("hill", "logistic", "steady", "seasonal", "fatigue", "low_volume", "shock")
HORIZON = 14
LEAST_HEADROOM = 0.1
PEERS = ("equal", "roas", "last_week")
STEPS: dict[str, Step] = {"usual": "usual", "any": None}


@dataclass(frozen=True)
class World:
    """What splits of one world bring, in units of the currency over the horizon: true profit, and before spend."""

    preset: str
    seed: int
    headroom: float
    today: float
    before_spend: float
    best: float
    splits: Mapping[str, float]
    expected: Mapping[str, tuple[float, float, float]]  # of each plan the mean, and the ends of its interval
    is_incremental: bool

    def is_covered(self, step: str) -> bool:
        """Return whether the true profit of a plan lies within its interval."""
        return self.expected[step][1] <= self.splits[step] <= self.expected[step][2]


def world_of(preset: str, seed: int, days: int, tests: int, cache: dict[str, Any]) -> World:
    """Return one world, lived through and judged."""
    market, found = lived(preset, seed, steps(seed), days=days, tests=tests)
    panel, budgets = panel_of(market), budgets_of(market)
    ids = [adset.id for adset in market.account.adsets]
    experiments = [
        Experiment(test.adset_id, test.days, test.spend_micros / 1e6, test.results, test.standard_error)
        for test in found
    ]
    learnt = learn_response(panel, experiments)
    plans = {name: planned(learnt.curves, ids, budgets, step) for name, step in STEPS.items()}
    splits = {name: allocated(plan, ids, budgets) for name, plan in plans.items()} | {
        "equal": np.full(len(ids), budgets.sum() / len(ids)),
        "roas": by_return(panel, budgets),
        "last_week": like(panel.measure("spend")[-7:].sum(axis=0), budgets),
    }
    truth = {name: true_profit(market, ids, split) for name, split in splits.items()}
    today, before_spend = profits(market, ids, budgets)
    headroom, best = best_of(market, budgets, f"{preset}/{seed}/{days}/{tests}", cache)
    expected = {
        name: (plan.expected.mean * HORIZON, plan.expected.low * HORIZON, plan.expected.high * HORIZON)
        for name, plan in plans.items()
    }
    is_incremental = learnt.curves.basis == "incremental"
    return World(preset, seed, headroom, today, before_spend, best, truth, expected, is_incremental)


def allocated(plan: Plan, ids: list[str], budgets: Floats) -> Floats:
    """Return a plan's budgets; what has no curve keeps its own."""
    return np.array(
        [plan.allocation.get(one, round(units * 1e6)) / 1e6 for one, units in zip(ids, budgets, strict=True)]
    )


def planned(curves: ResponseCurves, ids: list[str], budgets: Floats, step: Step) -> Plan:
    """Return the plan of today's total; arms are at the budgets that hold, those without a curve keep theirs."""
    now = dict(zip(ids, budgets.tolist(), strict=True))
    at = replace(curves, spend_now=np.array([now[arm] for arm in curves.arms]))
    total = round(float(at.spend_now.sum()), 2)
    return make_plan(at, PlanRequest(step=step, total_daily_budget=total, days=HORIZON))


def by_return(panel: DailyPanel, budgets: Floats) -> Floats:
    """Return the total in proportion to revenue by spend of 28 days, as reported."""
    spend, revenue = (panel.measure(name)[-28:].sum(axis=0) for name in ("spend", "revenue"))
    return like(np.divide(revenue, spend, out=np.zeros_like(spend), where=spend > 0), budgets)


def like(weights: Floats, budgets: Floats) -> Floats:
    total = float(weights.sum())
    return np.asarray(weights / total * budgets.sum()) if total > 0 else budgets


def true_profit(market: Market, ids: list[str], split: Floats) -> float:
    return profits(market, ids, split)[0]


def profits(market: Market, ids: list[str], split: Floats) -> tuple[float, float]:
    """Return the true profit of a split over the horizon, and what it is before the spend."""
    micros = {one: max(round(units * 100) * 10_000, 10_000) for one, units in zip(ids, split.tolist(), strict=True)}
    truth = market.truth(micros, days=HORIZON)
    return truth.profit_micros / 1e6, (truth.profit_micros + truth.spend_micros) / 1e6


def best_of(market: Market, budgets: Floats, key: str, cache: dict[str, Any]) -> tuple[float, float]:
    """Return the headroom and the true profit of the market's own optimum."""
    if key not in cache:
        best = market.optimum(total_micros=round(float(budgets.sum()) * 100) * 10_000, days=HORIZON)
        cache[key] = [best.headroom, best.truth.profit_micros / 1e6]
    headroom, profit = cache[key]
    return headroom, profit


def table(worlds: list[World]) -> dict[str, dict[str, Any]]:
    """Return by preset how its worlds went."""
    told: dict[str, dict[str, Any]] = {}
    for preset in dict.fromkeys(world.preset for world in worlds):
        own = [world for world in worlds if world.preset == preset]
        open_ones = [world for world in own if world.headroom >= LEAST_HEADROOM]
        told_all = [world for world in own if world.is_incremental]
        row: dict[str, Any] = {
            "worlds": len(own),
            "with_headroom": len(open_ones),
            "headroom": float(np.median([world.headroom for world in own])),
        }
        for split in (*STEPS, *PEERS):
            row[split] = judged(own, open_ones, split)
        for step in STEPS:
            row[step]["covered"] = float(np.mean([world.is_covered(step) for world in told_all])) if told_all else None
        told[preset] = row
    return told


def judged(worlds: list[World], open_ones: list[World], split: str) -> dict[str, float | None]:
    won = np.array([world.splits[split] - world.today for world in open_ones])
    there = np.array([world.best - world.today for world in open_ones])
    lost = np.array([(world.today - world.splits[split]) / world.before_spend for world in worlds])
    return {
        "captured": float(won.sum() / there.sum()) if len(won) else None,
        "captured_median": float(np.median(won / there)) if len(won) else None,
        "worse": float((lost > 1e-9).mean()),
        "worst_loss": float(max(lost.max(), 0.0)),
        "loss_99": float(max(np.quantile(lost, 0.99), 0.0)),
    }


def shown(told: dict[str, dict[str, Any]]) -> str:
    lines = []
    for preset, row in told.items():
        lines.append(
            f"{preset}: {row['worlds']} worlds, {row['with_headroom']} with headroom (median {row['headroom']:.0%})"
        )
        for split in (*STEPS, *PEERS):
            each = row[split]
            captured = (
                "–" if each["captured"] is None else f"{each['captured']:.0%} (median {each['captured_median']:.0%})"
            )
            within = "" if each.get("covered") is None else f", profit within the interval {each['covered']:.0%}"
            lines.append(
                f"  {split:10} captured {captured}, worse than today's in {each['worse']:.0%}, "
                f"loss at the 99th percentile {each['loss_99']:.2%}{within}"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--presets", nargs="+", default=list(PRESETS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=330, help="days of history beyond the first 60")
    parser.add_argument("--tests", type=int, default=10, help="lift tests that a world supplies")
    parser.add_argument("--cache", type=Path, help="a file that keeps the optima of worlds")
    given = parser.parse_args()
    cache = json.loads(given.cache.read_text()) if given.cache and given.cache.exists() else {}
    worlds = []
    for preset in given.presets:
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            worlds.append(world_of(preset, seed, given.days, given.tests, cache))
            if given.cache:
                given.cache.write_text(json.dumps(cache))
        if not given.json:
            print(shown(table([world for world in worlds if world.preset == preset])), flush=True)
    if given.json:
        told = table(worlds)
        print(json.dumps({
            "name": "market_plan", "unit": "share of what the optimum wins over today's split",
            "limit": dict.fromkeys(told, 1.0),
            "peers": {split: {preset: row[split] for preset, row in told.items()} for split in ("any", *PEERS)},
            "ours": {preset: row["usual"] for preset, row in told.items()},
            "ratios": {}, "conditions": {
                "horizon_days": HORIZON, "history_days": given.days + 60, "lift_tests": given.tests,
                "headroom": {preset: row["headroom"] for preset, row in told.items()},
            },
            "worlds": [asdict(world) for world in worlds],
        }))  # fmt: skip


if __name__ == "__main__":
    main()
