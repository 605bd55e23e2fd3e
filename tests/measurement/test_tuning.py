"""Thresholds judged by what came later, on scenes drawn by a seed with a planted best threshold."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import optuna
import pytest

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.measurement.tuning import (
    Costs,
    Scene,
    agreement,
    beyond_targets,
    direction_of,
    drivers,
    split,
    thresholds_of,
    tune,
    with_thresholds,
)
from aibuyer_kit.rules.evaluate import verdicts
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.parse import parse_rule
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Table, columns_of
from aibuyer_kit.rules.versions import values_of

WEEK = {"days": 7, "ends": "yesterday"}
SPEND = {"expr": "spend", "window": WEEK, "op": ">", "value": 50}
CPA = {"expr": "cpa", "window": WEEK, "op": ">", "value": {"target": "cpa", "times": 1}}


def rule(action: str = "pause", *conditions: dict[str, object]) -> Rule:
    content = {
        "id": "planted",
        "name": "Planted",
        "level": "adset",
        "scope": {"status": ["ACTIVE"]},
        "when": {"all": list(conditions) or [SPEND, CPA]},
        "then": [{"action": action, **({"percent": 10} if "budget" in action else {})}],
    }
    return parse_rule(json.dumps(content).encode(), "planted.json")


PLANTED = rule()


def fired(candidate: Rule, table: Table) -> list[int]:
    return [row for row, verdict in enumerate(verdicts(candidate, table)) if verdict]


def scenes(seed: int, days: int = 24, objects: int = 16) -> list[Scene]:
    """Return scenes where an object loses money next week if, and only if, its cost is above 2 x the target of 10."""
    rng = np.random.default_rng(seed)
    subjects = [
        Subject("meta", "act_1", Level.ADSET, f"s{row}", f"Ad set {row}", "Sample", "ACTIVE", None, 100)
        for row in range(objects)
    ]
    found = []
    for day in range(days):
        cost, spend = rng.lognormal(np.log(18), 0.6, objects), rng.uniform(60, 600, objects)
        results = np.maximum(np.round(spend / cost), 1)
        numbers = {"spend": np.round(spend * 1e6), "results": results}
        now = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=day)
        columns = {each: numbers[each.name] for each in columns_of([PLANTED])}
        table = Table(Level.ADSET, now, now, subjects, columns, {"cpa": np.full(objects, 10.0)})
        worth = np.where(spend / results > 20, -1.0, 1.0) * spend / 3
        found.append(Scene(now.date(), table, np.ones(objects, dtype=np.bool_), worth, spend))
    return found


def study(seed: int = 1) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))


def test_a_planted_threshold_is_found_on_older_days_and_holds_on_newer_ones() -> None:
    """Twice the target: what is found lies near it, and costs a fraction of today's on days it was not chosen on."""
    older, newer = split(scenes(1), 7)
    assert max(each.day for each in older) + timedelta(days=7) <= min(each.day for each in newer)
    trials = study()
    best, today = tune(trials, PLANTED, older, Costs(), fired, trials=35)
    assert trials.best_params["when.all.1.value.times"] == pytest.approx(2.0, rel=0.2)
    assert agreement(best, newer, Costs(), fired).cost < 0.3 * agreement(today, newer, Costs(), fired).cost
    assert trials.trials[0].params == {"when.all.0.value": 50.0, "when.all.1.value.times": 1.0}


def test_a_rule_that_is_right_already_stays_as_it_is() -> None:
    """Its thresholds are the first that are tried, and nothing worse is found."""
    right = with_thresholds(PLANTED, [(thresholds_of(PLANTED)[1], 2.0), (thresholds_of(PLANTED)[0], 20.0)])
    assert agreement(right, scenes(2), Costs(), fired).cost == 0
    best, today = tune(study(), right, scenes(2), Costs(), fired, trials=8)
    assert agreement(best, scenes(2), Costs(), fired).cost == 0
    assert today == right


def test_costs_are_counted_by_hand() -> None:
    """Three objects: one matches rightly, one that earns matches wrongly, and one that loses is missed."""
    table = scenes(1, days=1, objects=3)[0].table
    numbers = {
        each: np.array([100e6, 100e6, 40e6]) if each.name == "spend" else np.array([2.0, 9.0, 1.0])
        for each in table.numbers
    }
    small = Table(Level.ADSET, table.now, table.now, table.subjects, numbers, table.targets)
    scene = Scene(date(2026, 3, 1), small, np.ones(3, dtype=np.bool_), np.array([-30.0, 20.0, -7.0]), np.ones(3))
    found = agreement(PLANTED, [scene], Costs(wrong=2.0, missed=3.0), fired)
    assert (found.looked_at, found.matched, found.right, found.wrong, found.missed) == (3, 2, 1, 1, 1)
    assert found.cost == 2 * 20 + 3 * 7
    assert found.right_share == 30 / 50
    assert (found.objects_share, found.spend_share) == (2 / 3, 2 / 3)
    unknown = Scene(scene.day, small, scene.in_scope, np.array([np.nan, np.nan, -7.0]), np.ones(3))
    assert agreement(PLANTED, [unknown], Costs(), fired).looked_at == 1
    out = Scene(scene.day, small, np.array([False, True, True]), scene.worth, scene.spend)
    assert agreement(PLANTED, [out], Costs(), fired).right == 0


@pytest.mark.parametrize(
    ("action", "metric", "op", "value", "is_beyond"),
    [
        ("pause", "cpa", ">", 30.5, True),
        ("pause", "cpa", ">", 36, False),
        ("pause", "cpa", "<", 30.5, False),
        ("pause", "roas", "<", 3.1, True),
        ("pause", "roas", "<", 2, False),
        ("raise_budget", "cpa", "<", 40, True),
        ("raise_budget", "roas", ">", 2, True),
        ("raise_budget", "roas", ">", 4, False),
        ("pause", "cpa", ">", {"target": "cpa", "times": 0.8}, True),
        ("pause", "cpa", ">", {"target": "cpa", "times": 2}, False),
        ("pause", "spend", ">", 1, False),
    ],
)
def test_thresholds_that_act_on_what_keeps_its_target_are_named(
    action: str, metric: str, op: str, value: object, is_beyond: bool
) -> None:
    """Targets of the client: a cost of 36, a return of 3."""
    some = rule(action, {"expr": metric, "window": WEEK, "op": op, "value": value})
    path = "when.all.0.value" + (".times" if isinstance(value, dict) else "")
    assert bool(beyond_targets(some, [path], {"cpa": 36.0, "roas": 3.0})) is is_beyond


def test_thresholds_are_numbers_as_people_write_them() -> None:
    """Three digits, and no power of ten."""
    (threshold,) = (each for each in thresholds_of(PLANTED) if each.path == "when.all.0.value")
    assert str(dict(values_of(with_thresholds(PLANTED, [(threshold, 304.8)])))["when.all.0.value"]) == "305"


def test_rules_that_raise_are_right_about_what_earns() -> None:
    """The same outcomes, the other way round."""
    scene = scenes(1)
    cut, up = (agreement(rule(kind), scene, Costs(), fired) for kind in ("pause", "raise_budget"))
    assert (cut.right, cut.wrong) == (up.wrong, up.right)


def test_constraints_hold() -> None:
    """At most a tenth of the objects may match, where half of them lose money."""
    costs = Costs(most_share=0.1)
    best, _ = tune(study(), PLANTED, scenes(3), costs, fired, trials=35)
    assert agreement(best, scenes(3), Costs(), fired).share <= 0.1
    careful, _ = tune(study(), PLANTED, scenes(3), Costs(missed=50.0, least_right=0.95), fired, trials=35)
    assert agreement(careful, scenes(3), Costs(), fired).right_share >= 0.95


def test_false_pauses_that_weigh_more_make_a_rule_shyer() -> None:
    shares = []
    for wrong in (0.02, 50.0):
        best, _ = tune(study(), PLANTED, scenes(4, days=10), Costs(wrong=wrong), fired, trials=25)
        shares.append(agreement(best, scenes(4, days=10), Costs(), fired).share)
    assert shares[0] > shares[1]


def test_the_figure_that_matches_hang_on_is_named_first() -> None:
    """Of spend and results the planted rule hangs on both; with spend alone it is spend."""
    lone = rule("pause", {**SPEND, "value": 300}, {**CPA, "value": {"target": "cpa", "times": 0.01}})
    assert next(iter(drivers(lone, scenes(5), fired))).startswith("spend")
    nobody = rule("pause", {**SPEND, "value": 10_000_000}, CPA)
    assert drivers(nobody, scenes(5), fired) == {}


def test_what_cannot_be_tuned_is_refused() -> None:
    with pytest.raises(InputError, match="Tuned are rules that cut"):
        direction_of(rule("notify"))
    with pytest.raises(InputError, match="no threshold"):
        thresholds_of(rule("pause", {**SPEND, "op": "=", "value": 0}))
    with pytest.raises(InputError, match="too few"):
        split(scenes(1, days=4), 7)
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError):
            Costs(wrong=wrong)
