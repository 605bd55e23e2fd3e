"""Static analysis: each kind of fault is found and told with an example that shows it, and nothing else is."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.i18n import LOCALES
from aibuyer_kit.features.maturity import MaturityPoint
from aibuyer_kit.rules.analysis import Finding, Reached, analyse, reached
from aibuyer_kit.rules.effects import proposed
from aibuyer_kit.rules.evaluate import verdicts
from aibuyer_kit.rules.language import Rule, rule_of
from aibuyer_kit.rules.parse import parse_rule
from tests.rules.small_worlds import PARTS, UNIT, Fault, Judge, done, drawn_set, fires, sampled, table_of, world_of
from tests.rules.worlds import leaf, subject, table

SHIPPED = sorted((Path(__file__).parents[2] / "rules").rglob("*.json"))
PAUSE, START = {"action": "pause"}, {"action": "start"}
RAISE = {"action": "raise_budget", "percent": 20, "cap": 500}
LOWER = {"action": "lower_budget", "percent": 20, "floor": 5}
JUDGED = ("never", "always", "compounding", "contradiction", "oscillation", "subsumed")


def made(number: int, when: Any, then: Any = PAUSE, **more: Any) -> Rule:
    actions = then if isinstance(then, list) else [then]
    content = {"level": "adset", "scope": {"status": ["ACTIVE"]}, "when": when, "then": actions, **more}
    return rule_of({"id": f"rule-{number}", "name": "Sample", **content})


def pair(first: Any, then: Any, second: Any, also: Any, **more: Any) -> list[Rule]:
    return [made(1, first, then, **more), made(2, second, also, **more)]


def budget(op: str, value: int) -> dict[str, Any]:
    return {"expr": "daily_budget", "op": op, "value": value}


def kinds(rules: Sequence[Rule], **more: Any) -> set[str]:
    return {each.kind for each in analyse(rules, **more)}


def named(op: str, value: Any, field: str = "name") -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


BOTH = {"scope": {"status": ["ACTIVE", "PAUSED"]}}
PAUSED = {"status": ["PAUSED"]}
TAG, UNTAG = {"action": "tag", "add": ["a"]}, {"action": "tag", "remove": ["a"]}
NINE, EIGHT = ({"action": "set_budget", "amount": amount} for amount in (9, 8))
IN_A = named("contains", "A", "campaign.name")
ACCOUNT_CPA = {"expr": "cpa", "of": "account"}
MONTH_CPM = {"expr": "cpm", "window": {"days": 30, "ends": "yesterday"}}
RANK = {"within": "account", "zeros": "in"}


# It starts what has a label, and takes the label away.
MORNING = [START, {"action": "tag", "remove": ["night"]}]
EVENING = [PAUSE, {"action": "tag", "add": ["night"]}]
LABELLED = made(2, named("any", ["night"], "labels"), MORNING, scope=PAUSED)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (pair(leaf("spend", ">", 9), PAUSE, leaf("roas", ">", 3), RAISE), {"contradiction"}),
        (pair(leaf("spend", ">", 9), PAUSE, leaf("spend", "<=", 9), RAISE), set()),
        ([made(1, leaf("spend", ">", 9), priority=1), made(2, leaf("roas", ">", 3), RAISE)], set()),
        ([made(1, leaf("spend", ">", 9)), made(2, leaf("roas", ">", 3), RAISE, priority=1)], {"contradiction"}),
        (pair(leaf("cpa", ">", ACCOUNT_CPA), LOWER, leaf("cpa", "<=", ACCOUNT_CPA), RAISE), {"no_results"}),
        (pair(leaf("cpm", ">", MONTH_CPM), LOWER, leaf("cpm", "<", MONTH_CPM), RAISE), set()),
        ([made(1, leaf("spend", ">", 9)), LABELLED], set()),
        ([made(1, leaf("spend", ">", 9), EVENING), LABELLED], {"oscillation"}),
        (pair(leaf("cpa", ">", 9), RAISE, leaf("cpa", "<", 4), LOWER), {"no_results"}),
        (pair(leaf("spend", ">", 9, days=3), PAUSE, leaf("spend", "<", 9, days=7), RAISE), set()),
        (pair(leaf("spend", ">", 9, days=7), PAUSE, leaf("spend", "<", 9, days=3), RAISE), {"contradiction"}),
        (pair(leaf("clicks", ">", 9), PAUSE, leaf("impressions", "<", 9), RAISE), set()),
        (pair(leaf("spend", ">", 9), PAUSE, leaf("spend", "<", 5, of="parent"), RAISE), set()),
        (pair(leaf("roas", "<", {"target": "roas"}), PAUSE, leaf("roas", ">", {"target": "roas"}), RAISE), set()),
        (pair(named("contains", "UA"), PAUSE, named("not contains", "UA"), RAISE), set()),
        (pair(named("contains", "UA"), PAUSE, named("=", "UA Sale"), RAISE), {"contradiction"}),
        (pair(leaf("roas", "in", {"top": 2, **RANK}), RAISE, leaf("roas", "in", {"bottom": 2, **RANK}), LOWER), set()),
        (pair(leaf("spend", ">", 9), TAG, leaf("spend", ">", 8), UNTAG), {"contradiction"}),
        (pair(leaf("spend", ">", 50), NINE, leaf("spend", ">", 99), EIGHT), {"contradiction"}),
        (pair(budget("<=", 50), RAISE, budget(">", 50), LOWER), {"oscillation"}),
        (pair(budget("<=", 50), RAISE, budget(">", 80), LOWER), set()),
        (pair(leaf("spend", "<", 50), RAISE, leaf("spend", ">", 55), LOWER), {"oscillation"}),
        (pair(leaf("spend", "<", 50), RAISE, leaf("spend", ">", 61), LOWER), set()),
        ([made(1, leaf("spend", ">", 9)), made(2, leaf("spend", "<", 5), START, scope=PAUSED)], {"oscillation"}),
        ([made(1, leaf("spend", ">", 9)), made(2, leaf("spend", ">", 5), START, scope=PAUSED)], {"oscillation"}),
        ([made(1, leaf("roas", "<", 1)), made(2, leaf("roas", ">", 2), START, scope=PAUSED)], set()),
        ([made(1, {"all": [leaf("results", ">", 0), leaf("results", "<", 1)]})], {"never"}),
        ([made(1, {"all": [leaf("cpa", ">", 10), leaf("spend", "<", 20), leaf("results", ">", 2)]})], {"never"}),
        ([made(1, named("=", "PAUSED", "status"))], {"never"}),
        ([made(1, leaf("clicks", "<=", 5, days=7) | {"value": {"expr": "impressions"}})], {"always"}),
        ([made(1, named("=", "ACTIVE", "status"))], {"always"}),
        (pair(leaf("spend", ">", 9), PAUSE, leaf("spend", ">", 5), PAUSE), {"subsumed"}),
        (pair(leaf("spend", ">", 9, days=3), PAUSE, leaf("spend", ">", 5, days=7), PAUSE), {"subsumed"}),
        (pair(leaf("spend", ">", 9, days=7), PAUSE, leaf("spend", ">", 5, days=3), PAUSE), set()),
        ([made(1, leaf("roas", ">", 3), {"action": "raise_budget", "percent": 9})], {"compounding"}),
        ([made(1, {"all": [leaf("roas", ">", 3), budget("<", 99)]}, {"action": "raise_budget", "percent": 9})], set()),
        ([made(1, leaf("roas", "<", 1), {"action": "lower_budget", "percent": 9})], {"compounding"}),
        ([made(1, leaf("cpa", ">", 9))], {"no_results"}),
        ([made(1, leaf("cpa", ">", 9)), made(2, {"all": [leaf("spend", ">", 9), leaf("results", "=", 0)]})], set()),
        ([made(1, leaf("spend", ">", 9), RAISE), made(2, leaf("spend", ">", 9), RAISE, level="campaign")], {"levels"}),
        ([made(1, IN_A, RAISE), made(2, named("not contains", "A"), RAISE, level="campaign")], set()),
    ],
)  # fmt: skip
def test_a_fault_is_found_where_there_is_one(rules: list[Rule], expected: set[str]) -> None:
    """Windows, levels, names, targets, whole numbers and steps of budgets all count."""
    assert kinds(rules) == expected
    assert kinds(rules[::-1]) == expected


@pytest.mark.parametrize(
    ("grids", "expected"),
    [((["08:00-12:00"], ["12:00-18:00"]), set()), ((["08:00-12:00"], ["11:30-18:00"]), {"contradiction"})],
)
def test_rules_that_are_never_looked_at_together_do_not_contradict(grids: tuple[Any, Any], expected: set[str]) -> None:
    """Parts of the day are how people mean it."""
    one, other = ({"grid": {"mon": spans}} for spans in grids)
    rules = [made(1, leaf("spend", ">", 1), schedule=one), made(2, leaf("roas", ">", 1), RAISE, schedule=other)]
    assert kinds(rules) == expected


def test_a_window_that_is_shorter_than_the_delay_is_told() -> None:
    """Of three days 30, 50 and 70% has arrived: half is missing. Matured figures and spend wait for nothing."""
    delays = [MaturityPoint(age, share, 9) for age, share in enumerate((0.1, 0.3, 0.5, 0.7, 0.9, 1.0))]
    rules = [
        made(1, leaf("results", "<", 2)),
        made(2, leaf("results", "<", 2, matured=True), {"action": "notify"}),
        made(3, leaf("spend", ">", 2), {"action": "notify", "message": "x"}),
        made(4, leaf("results", "<", 2, days=30, ends=5), {"action": "notify", "message": "y"}),
    ]
    found = [each for each in analyse(rules, delays=delays) if each.kind == "immature"]
    assert [(each.rules, each.about["share"]) for each in found] == [(("rule-1",), "50%")]


def test_a_comparison_of_like_with_like_is_not_too_early() -> None:
    """Over the same window as much is missing on either side; against a longer one it is not."""
    delays = [MaturityPoint(age, share, 9) for age, share in enumerate((0.1, 0.3, 0.5, 0.7, 0.9, 1.0))]
    rules = [
        made(1, {"all": [leaf("cpa", ">", {"expr": "cpa", "of": "account"}), leaf("spend", ">", 5)]}, LOWER),
        made(2, leaf("cpa", "<", {"expr": "cpa", "window": {"days": 30, "ends": "yesterday"}}), {"action": "notify"}),
    ]
    assert [each.rules for each in analyse(rules, delays=delays) if each.kind == "immature"] == [("rule-2",)]


def test_what_figures_came_to_is_read_from_tables() -> None:
    """The lowest and highest of all tables, in units; unknown ones and ages are left out, and so is nothing at all."""
    when = {"all": [leaf("cpa", ">", 900), leaf("results", "=", 0), {"expr": "age_days", "op": "<", "value": 3}]}
    rules = [made(1, when)]
    tables = [
        table(rules, [(subject(5), {"spend": 9e6, "results": 3.0}), (subject(6), {"spend": 5e6, "results": 0.0})]),
        table(rules, [(subject(5), {"spend": 9e6, "results": 1.0})]),
    ]
    ranges = reached(rules, tables)
    assert [(each.expr, each.lowest, each.highest) for each in ranges] == [("cpa", 3.0, 9.0), ("results", 0.0, 3.0)]
    assert [each.about["leaf"] for each in analyse(rules, ranges=ranges) if each.kind == "unreached"] == [
        "cpa over 3 days to yesterday > 900"
    ]


def test_a_threshold_that_no_data_ever_reached_is_told() -> None:
    """Only where the rule needs what never was: below a limit that nothing reached is where everything is."""
    one = made(1, {"all": [leaf("spend", ">", 900), {"not": leaf("spend", "<", 800)}, leaf("spend", "<", 1000)]})
    window = next(iter(one.leaves())).window  # type: ignore[union-attr]
    found = analyse([one], ranges=[Reached("adset", "spend", window, 0, 500)])
    assert [each.about["leaf"] for each in found] == [
        "spend over 3 days to yesterday > 900",
        "spend over 3 days to yesterday < 800",
    ]


def test_an_object_of_the_data_takes_the_place_of_a_made_up_one() -> None:
    """Where both rules fire on it."""
    rules = pair(leaf("spend", ">", 9), PAUSE, leaf("results", ">", 3), RAISE)
    rows = [(subject(5), {"spend": 1e6, "results": 9.0}), (subject(6), {"spend": 5e7, "results": 9.0})]
    found = analyse(rules, tables=[table(rules, rows)])
    assert [each.example.subjects[0].object_id for each in found if each.example] == ["6"]


def test_what_only_a_probability_reads_fits_the_rest_of_an_example() -> None:
    """Results that are matured came raw as well, and a parent has at least what its child has."""
    sure = leaf("cpa", ">", 5, matured=True) | {"min_probability": Decimal("0.9")}
    rules = pair(sure, PAUSE, {"all": [leaf("spend", ">", 90), leaf("results", ">", 3, matured=True)]}, RAISE)
    found = next(each for each in analyse(rules) if each.kind == "contradiction")
    assert found.example is not None
    figures = found.example.figures
    window = "over 3 days to yesterday"
    assert figures[f"results {window}"] == int(figures[f"results {window}, matured"]) >= 3
    assert figures[f"spend of the parent {window}"] == figures[f"spend {window}"] > 90
    assert all(verdicts(rule, found.example.tables["adset"]) == [True] for rule in rules)


def test_what_is_not_decided_in_time_is_told_as_such() -> None:
    """Never as clean: here three products of sums of which no sample comes near."""
    cubes = {"expr": "results * results * results + clicks * clicks * clicks - link_clicks * link_clicks * link_clicks"}
    hard = {
        "all": [cubes | {"window": {"days": 3, "ends": "yesterday"}, "op": "=", "value": 42}, leaf("results", ">", 999)]
    }
    found = analyse([made(1, hard)], steps_each=20_000)
    assert {each.kind for each in found} <= {"undecided", "never"}
    assert found


@pytest.mark.parametrize("locale", LOCALES)
def test_every_finding_is_told_in_every_language(locale: str) -> None:
    """Which rules, what, and what to do."""
    rules = [rule for seed in range(8) for rule in drawn_set(seed)]
    renamed = [rule.model_copy(update={"id": f"rule-{number}"}) for number, rule in enumerate(rules)]
    found = analyse(renamed)
    assert {*JUDGED} <= {each.kind for each in found}
    for each in found:
        assert each.cure(locale)
        assert all(name in each.sentence(locale) for name in each.rules)
        assert each.content(locale)["rules"] == list(each.rules)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_rule_that_is_shipped_is_sound_by_itself(path: Path) -> None:
    """With the sample file alone nothing is found."""
    assert analyse([parse_rule(path.read_bytes(), path.name)]) == ()


def test_nothing_is_raised_on_the_rules_that_are_shipped() -> None:
    """All of them together."""
    assert [str(each) for each in analyse([parse_rule(path.read_bytes(), path.name) for path in SHIPPED])] == []


def compared(seeds: Iterable[int]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return by kind what both found, what only the analysis found, and what only the judge did."""
    right, too_much, missed = Counter[str](), Counter[str](), Counter[str]()
    for seed in seeds:
        rules = drawn_set(seed)
        told = analyse(rules)
        for each in told:
            _check_example(each, rules)
        found: set[Fault] = {(each.kind, frozenset(each.rules)) for each in told if each.kind in JUDGED}
        judged = set(Judge(rules).faults())
        right.update(kind for kind, _ in found & judged)
        too_much.update(kind for kind, _ in found - judged)
        missed.update(kind for kind, _ in judged - found)
    return right, too_much, missed


def _check_example(each: Finding, rules: Sequence[Rule]) -> None:
    """Both rules of a contradiction fire on the example, by the reference."""
    if each.kind in ("contradiction", "subsumed", "always"):
        assert each.example is not None
        for rule in each.example.rules:
            assert verdicts(rule, each.example.tables[rule.level]) == [True]


def test_a_judge_that_looks_at_every_object_agrees() -> None:
    """On a few sets: the proof is over a thousand."""
    right, too_much, missed = compared(QUICK)
    assert (too_much, missed) == (Counter(), Counter())
    assert right.total() >= 100
    assert {*right} == {*JUDGED}


def test_the_judge_means_what_the_reference_means() -> None:
    """On objects drawn from its worlds: where rules fire, and what their actions make of a budget, to the cent."""
    draw = random.Random(3)  # noqa: S311 # a sample
    for rule in (rule for seed in range(25) for rule in drawn_set(seed)):
        objects = sampled(world_of([rule]), 8, draw)
        table = table_of(rule, objects)
        assert [bool(fires(rule, each).all()) for each in objects] == [is_so is True for is_so in verdicts(rule, table)]
        for each, seen in zip(objects, table.subjects, strict=True):
            axis, after, acts = done(rule, each)
            change = proposed(rule.then[0], seen)
            if axis == "status":
                assert (isinstance(change, Change) and change.after) == (acts.item() and after)
            elif isinstance(change, Change) and axis == "budget":
                assert change.after == pytest.approx(after.item() * UNIT / PARTS, abs=10_000)


QUICK = range(60)


@pytest.mark.prove
def test_recall_and_precision_over_a_thousand_sets() -> None:
    """By kind of fault: recall at least .98, precision at least .95."""
    right, too_much, missed = compared(range(1_000, 2_000))
    for kind in JUDGED:
        assert right[kind] >= 100
        assert right[kind] / (right[kind] + missed[kind]) >= 0.98, (kind, right, missed)
        assert right[kind] / (right[kind] + too_much[kind]) >= 0.95, (kind, right, too_much)
