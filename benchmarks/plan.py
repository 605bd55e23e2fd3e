"""Budgets split over arms with known curves: how far from the best, and in which time, beside SLSQP, nlopt and Optuna.

Arms have Hill curves, a least and a most, and one total; `concave` has slopes up to 1, `shaped` from 1.3 to 3. Of each
size there are several questions, each drawn from a seed; figures are the median over them, regret and share the worst.

- regret: what is missing to the dual bound, as a share of it. Concave curves reach the bound; with S-shaped ones no
split
  may, and `own bound` is what is left of it after the question was split up (branch and bound).
- SLSQP is scipy's, with gradients, from an equal split, as PyMC-Marketing does it; nlopt is MMA with an inequality for
the
  total, to a relative tolerance of 1e-10; Optuna is 2,000 trials of TPE on shares (200 beyond 100 arms).
- peers get the same functions in numpy, which cost next to nothing at these sizes; each time is the best of three.

`--peers` is a folder with further packages: pip install --target FOLDER nlopt. Sizes beyond a peer's patience are left
out.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.groups import grove_of
from aibuyer_kit.planning.kernels import Arms
from aibuyer_kit.planning.pieces import pieces_of
from aibuyer_kit.planning.relaxation import Question
from aibuyer_kit.planning.search import best_split

SIZES = (10, 100, 1_000, 10_000)
MOST_FOR = {"slsqp": 100, "nlopt": 10_000, "optuna": 100}
NO_TABLE = np.zeros((0, 0))


@dataclass(frozen=True)
class Task:
    """One question: arms by their curves, limits and the total."""

    ceiling: Floats
    half: Floats
    slope: Floats
    low: Floats
    high: Floats
    total: float

    def value(self, spend: Floats) -> float:
        return float((self.ceiling / (1.0 + (self.half / np.maximum(spend, 1e-300)) ** self.slope)).sum())

    def marginal(self, spend: Floats) -> Floats:
        spend = np.maximum(spend, 1e-12)
        odds = (self.half / spend) ** self.slope
        return np.asarray(self.ceiling * self.slope * odds / (1.0 + odds) ** 2 / spend)

    def equal(self) -> Floats:
        """Return an equal split within the limits."""
        spend = np.clip(np.full(len(self.low), self.total / len(self.low)), self.low, self.high)
        for _ in range(100):
            missing = self.total - spend.sum()
            room = spend < self.high if missing > 0 else spend > self.low
            if abs(missing) < 1e-9 * self.total or not room.any():
                break
            spend[room] += missing / room.sum()
            spend = np.clip(spend, self.low, self.high)
        return np.asarray(spend)

    def mended(self, spend: Floats) -> Floats:
        """Return what a peer says with the total and the limits exactly kept."""
        spend = np.clip(spend, self.low, self.high)
        missing = self.total - spend.sum()
        room = self.high - spend if missing > 0 else spend - self.low
        return np.asarray(spend + missing * room / max(float(room.sum()), 1e-300))


def task(arms: int, shaped: bool, seed: int) -> Task:
    rng = np.random.default_rng([seed, arms, shaped])
    half = rng.lognormal(4.0, 0.7, arms)
    return Task(
        ceiling=rng.lognormal(5.0, 1.0, arms),
        half=half,
        slope=rng.uniform(1.3, 3.0, arms) if shaped else rng.uniform(0.5, 1.0, arms),
        low=np.where(rng.random(arms) < 0.5, 0.0, 0.05 * half),
        high=rng.uniform(1.0, 3.0, arms) * half,
        total=0.6 * float(half.sum()),
    )


def question_of(given: Task) -> Question:
    count = len(given.low)
    pieces = pieces_of(given.low, given.high, np.zeros(count), (given.low, given.high), 0.0)
    grove = grove_of(tuple(map(str, range(count))), (), given.total, given.total)
    arms = Arms(
        given.ceiling, np.log(given.half), given.slope, NO_TABLE, NO_TABLE, NO_TABLE, *pieces,
        extra=np.zeros(count), hint=np.full(count, np.nan),
    )  # fmt: skip
    return Question(arms, grove.tree, given.low, given.high, 0.0)


def ours(given: Task) -> Floats:
    found = best_split(question_of(given))
    if found is None:
        raise RuntimeError("no split was found")
    return found.spend


def slsqp(given: Task) -> Floats:
    from scipy.optimize import minimize

    scale = given.value(given.equal())
    answer = minimize(
        lambda at: -given.value(at) / scale,
        given.equal(),
        jac=lambda at: -given.marginal(at) / scale,
        bounds=np.column_stack([given.low, given.high]),
        constraints={"type": "eq", "fun": lambda at: at.sum() - given.total, "jac": np.ones_like},
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-12},
    )
    return given.mended(answer.x)


def nlopt_mma(given: Task) -> Floats:
    from importlib import import_module

    nlopt: Any = import_module("nlopt")

    count = len(given.low)
    problem = nlopt.opt(nlopt.LD_MMA, count)

    def value(at: Floats, slope: Floats) -> float:
        if slope.size:
            slope[:] = given.marginal(at)
        return given.value(at)

    def over(at: Floats, slope: Floats) -> float:
        if slope.size:
            slope[:] = 1.0
        return float(at.sum() - given.total)

    problem.set_max_objective(value)
    problem.add_inequality_constraint(over, 1e-9 * given.total)
    problem.set_lower_bounds(given.low)
    problem.set_upper_bounds(given.high)
    problem.set_ftol_rel(1e-10)
    problem.set_maxeval(2000)
    return given.mended(problem.optimize(np.clip(given.equal(), given.low, given.high)))


def optuna_tpe(given: Task) -> Floats:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    count = len(given.low)

    def split(weights: Floats) -> Floats:
        return given.mended(given.low + weights / max(float(weights.sum()), 1e-9) * (given.total - given.low.sum()))

    def value(trial: "optuna.Trial") -> float:
        return given.value(split(np.array([trial.suggest_float(str(arm), 0.0, 1.0) for arm in range(count)])))

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(value, n_trials=2000 if count <= 10 else 200)
    return split(np.array([study.best_params[str(arm)] for arm in range(count)]))


WAYS: dict[str, Callable[[Task], Floats]] = {"ours": ours, "nlopt": nlopt_mma, "slsqp": slsqp, "optuna": optuna_tpe}


def timed(way: Callable[[Task], Floats], given: Task, times: int) -> tuple[Floats, float]:
    """Return the split and the best of several processor times in milliseconds."""
    best, found = np.inf, given.equal()
    for _ in range(times):
        start = time.process_time()
        found = way(given)
        best = min(best, time.process_time() - start)
    return found, best * 1e3


def measure(arms: int, shaped: bool, seeds: int, ways: list[str]) -> dict[str, dict[str, float]]:
    rows: dict[str, list[tuple[float, float, float]]] = {way: [] for way in [*ways, "equal"]}
    bounds = []
    for seed in range(seeds):
        given = task(arms, shaped, seed)
        found = best_split(question_of(given))
        if found is None:
            raise RuntimeError("no split was found")
        bounds.append((found.bound - found.worth) / found.bound)
        for way in ways:
            if arms > MOST_FOR.get(way, arms):
                continue
            spend, took = timed(WAYS[way], given, 3 if way in ("ours", "nlopt") else 1)
            rows[way].append((given.value(spend), took, found.root.bound))
        rows["equal"].append((given.value(given.equal()), 0.0, found.root.bound))
    told = {
        way: {
            "share_of_dual_bound": min(value / bound for value, _, bound in each),
            "regret": max(1.0 - value / bound for value, _, bound in each),
            "ms": float(np.median([took for _, took, _ in each])),
        }
        for way, each in rows.items()
        if each
    }
    told["ours"]["share_of_own_bound"] = 1.0 - max(bounds)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--peers", type=Path, action="append", default=[], help="a folder with further packages")
    parser.add_argument("--without", nargs="*", default=[], choices=[way for way in WAYS if way != "ours"])
    given = parser.parse_args()
    sys.path += [str(folder) for folder in given.peers]
    ways = [way for way in WAYS if way not in given.without]
    warnings.simplefilter("ignore")
    ours(task(10, True, 0))  # compiled before it is timed
    ours(task(10, False, 0))
    tables = {
        f"{'shaped' if shaped else 'concave'} {arms}": measure(arms, shaped, given.seeds, ways)
        for shaped in (False, True)
        for arms in given.sizes
    }
    ratios = {
        f"{kind}: {way} / ours": each[way]["ms"] / each["ours"]["ms"]
        for kind, each in tables.items()
        for way in each
        if way not in ("ours", "equal")
    }
    if given.json:
        peers = {kind: {way: each[way] for way in each if way != "ours"} for kind, each in tables.items()}
        print(json.dumps({
            "name": "plan", "unit": "ms of processor time", "limit": {"regret": 0.0}, "peers": peers,
            "ours": {kind: each["ours"] for kind, each in tables.items()}, "ratios": ratios,
            "conditions": {"seeds": given.seeds, "sizes": given.sizes},
        }))  # fmt: skip
        return
    for kind, each in tables.items():
        print(kind)
        for way, row in each.items():
            own = f"  own bound {row['share_of_own_bound']:.6%}" if "share_of_own_bound" in row else ""
            print(f"  {way:8} {row['ms']:12.3f} ms  of the dual bound {row['share_of_dual_bound']:.5%}"
                  f"  regret {row['regret']:.1e}{own}")  # fmt: skip


if __name__ == "__main__":
    main()
