"""Response curves against the truth of practice markets: marginal return where budgets stand, and what is not known.

A world lives 60 days as its preset has it and 330 more in which a share of the ad sets gets new budgets every one to
four weeks (`tests/market_panels.py`); curves are fitted on what is reported by then, and on the lift tests of the
world's last weeks but four. Seeds are not those on which priors were chosen. Panels are built from what a buyer sees
without HTTP.

- error: how far the median marginal return is off, where log spend varied by more than 0.3 (standard deviation);
- coverage of 90% intervals, and their Winkler score by the truth (the mean over arms), at the same arms;
- "naive bootstrap": a log-log line of results by spend, in blocks of 28 days drawn 200 times, times the account's mean
  of lift by report, which is drawn too;
- identification: ad sets whose budget never moved against those whose spend varied by more than 0.3.
"""

import argparse
import json
import os
import platform
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.planning.response.experiments import Experiment
from aibuyer_kit.planning.response.learn import Learnt, learn_response
from aibuyer_kit.sandbox.market.lift_tests import LiftTest
from tests.market_panels import Floats, budgets_of, lived, panel_of, steps, true_marginal

FOREIGN = ("steady", "seasonal", "fatigue", "shock", "low_volume")
FIRST_SEED = 1001
VARIED, STOOD = 0.3, 0.05
LOW, HIGH = 0.05, 0.95
BLOCK_DAYS, REPEATS = 28, 200


@dataclass(frozen=True)
class Judged:
    """One world: by arm whether it counts, the truth, and ours and the naive interval with its middle."""

    preset: str
    varied: Floats
    stood: Floats
    named: Floats
    truth: Floats
    ours: Floats
    naive: Floats
    seconds: float


def experiments(tests: Sequence[LiftTest]) -> list[Experiment]:
    """Return lift tests as a client's file would have them."""
    return [
        Experiment(test.adset_id, test.days, test.spend_micros / 1e6, test.results, test.standard_error)
        for test in tests
    ]


def judged(preset: str, seed: int, tests: int) -> Judged:
    """Return how curves of one world compare with its truth."""
    market, lifts = lived(preset, seed, steps(seed, 0.7), tests=tests)
    panel, budgets = panel_of(market), budgets_of(market)
    started = time.process_time()
    learnt = learn_response(panel, experiments(lifts))
    seconds = time.process_time() - started
    marginal = learnt.curves.marginal(budgets)
    spend = np.where(panel.measure("spend") > 0, panel.measure("spend"), np.nan)
    moved = np.nanstd(np.log(spend), axis=0)
    # Pacing moves what is spent of a budget that stands; the budget itself is what a buyer moved.
    weekly = np.nanmean(spend[-371:].reshape(53, 7, -1), axis=1)
    still = np.nanstd(np.log(weekly), axis=0) < STOOD
    return Judged(
        preset,
        moved > VARIED,
        still,
        np.array([each == "no" for each in learnt.curves.identified]),
        true_marginal(market),
        np.quantile(marginal, (LOW, 0.5, HIGH), axis=0),
        np.quantile(naive(panel, learnt, budgets, seed), (LOW, 0.5, HIGH), axis=0),
        seconds,
    )


def naive(panel: DailyPanel, learnt: Learnt, budgets: Floats, seed: int) -> Floats:
    """Return draws (repeats, arms) of the marginal return by a log-log line through blocks of days."""
    rng = np.random.default_rng(seed)
    spend, results = panel.measure("spend") / 1e6, panel.measure("results")
    worth = panel.measure("gross_profit").sum(axis=0) / 1e6 / np.maximum(1.0, results.sum(axis=0))
    blocks = len(spend) // BLOCK_DAYS
    mature = np.arange(blocks * BLOCK_DAYS).reshape(blocks, BLOCK_DAYS)
    found = np.empty((REPEATS, len(budgets)))
    for repeat in range(REPEATS):
        rows = mature[rng.integers(0, blocks, blocks)].ravel()
        shares = [(test.results + test.error * rng.standard_normal(), test.reported) for test in learnt.tests]
        share = max(0.01, sum(lift for lift, _ in shares) / sum(told for _, told in shares)) if shares else 1.0
        for arm in range(len(budgets)):
            bought, brought = spend[rows, arm].reshape(-1, 7), results[rows, arm].reshape(-1, 7)
            logs = np.log(np.maximum(bought.mean(axis=1), 1e-6)), np.log(np.maximum(brought.mean(axis=1), 0.05))
            slope, level = np.polyfit(*logs, 1) if np.ptp(logs[0]) > 0 else (1.0, float((logs[1] - logs[0]).mean()))
            daily = np.exp(np.clip(level + slope * np.log(budgets[arm]), -20, 20))
            found[repeat, arm] = slope * daily / budgets[arm] * worth[arm] * share
    return found


def told(worlds: Sequence[Judged]) -> dict[str, float]:
    """Return the figures over some worlds."""
    ours, theirs = (
        np.concatenate([getattr(one, name)[:, one.varied] for one in worlds], axis=1) for name in ("ours", "naive")
    )
    truth = np.concatenate([one.truth[one.varied] for one in worlds])
    named, stood, varied = (
        np.concatenate([getattr(one, name) for one in worlds]) for name in ("named", "stood", "varied")
    )
    hits = float((named & stood).sum())
    return {
        "worlds": len(worlds),
        "arms": len(truth),
        "error": float(np.median(np.abs(ours[1] / truth - 1))),
        "naive error": float(np.median(np.abs(theirs[1] / truth - 1))),
        "coverage": float(((ours[0] <= truth) & (truth <= ours[2])).mean()),
        "naive coverage": float(((theirs[0] <= truth) & (truth <= theirs[2])).mean()),
        "winkler": float((winkler(ours, truth) / truth).mean()),
        "naive winkler": float((winkler(theirs, truth) / truth).mean()),
        "precision": hits / max(1.0, float((named & (stood | varied)).sum())),
        "recall": hits / max(1.0, float(stood.sum())),
        "seconds a world": float(np.mean([one.seconds for one in worlds])),
    }


def winkler(interval: Floats, truth: Floats) -> Floats:
    """Return the interval score of 90% intervals: their width, and 20 times by how much they miss."""
    low, _, high = interval
    return np.asarray(high - low + 20 * np.maximum(0.0, low - truth) + 20 * np.maximum(0.0, truth - high))


def measured(worlds: int, tests: int) -> dict[str, Any]:
    """Return all figures: `worlds` of `hill` with and without lift tests, and as many foreign ones in all."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for number in range(worlds):
        seed = FIRST_SEED + number
        found["hill, reported"].append(judged("hill", seed, 0))
        found["hill"].append(judged("hill", seed, tests))
        preset = FOREIGN[number % len(FOREIGN)]
        found["foreign"].append(judged(preset, seed, tests))
        found[preset].append(found["foreign"][-1])
    table = {name: told(ones) for name, ones in found.items()}
    return {
        "name": "response",
        "unit": "share of the true marginal return",
        "limit": {"hill": 0.2, "foreign": 0.35},
        "peers": {f"naive bootstrap, {name}": row["naive error"] for name, row in table.items()},
        "ours": {name: row["error"] for name, row in table.items()},
        "ratios": {f"winkler by naive, {name}": row["winkler"] / row["naive winkler"] for name, row in table.items()},
        "table": table,
        "conditions": {
            "worlds": worlds,
            "lift tests": tests,
            "first seed": FIRST_SEED,
            "machine": platform.machine(),
            "cores": os.cpu_count(),
        },
    }


def main() -> None:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--tests", type=int, default=20, help="lift tests of a world, one an ad set at most")
    chosen = parser.parse_args()
    outcome = measured(chosen.worlds, chosen.tests)
    if chosen.json:
        print(json.dumps(outcome))
        return
    names = list(next(iter(outcome["table"].values())))
    print(f"{'':16}" + "".join(f"{name:>17}" for name in names))
    for preset, row in outcome["table"].items():
        print(f"{preset:16}" + "".join(f"{row[name]:17.3f}" for name in names))


if __name__ == "__main__":
    main()
