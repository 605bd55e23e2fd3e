"""What actions make of the objects that a rule fired on: each figure worked out by hand."""

import json
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.core.changes import Change, labels_value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.effects import Effect, Notice, OutgoingCall, effects
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.rebalance import Member, rebalanced
from aibuyer_kit.rules.subjects import Subject

from . import worlds

DAYS = {"days": 3, "ends": "yesterday"}
ALWAYS = worlds.leaf("spend", ">=", 0)
EUR = 1_000_000


def rule(*actions: Any, **more: Any) -> Rule:
    numbers = [{name: _exact(value) for name, value in each.items()} for each in actions]
    return worlds.rule(ALWAYS, then=numbers, **more)


def _exact(value: Any) -> Any:
    if isinstance(value, dict) and "target" in value:
        return value | {"times": Decimal(value.get("times", 1))}
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def made(action: Any, subject: Subject | None = None, figures: Any = None, **more: Any) -> Any:
    """Return what one action makes of one object: the value after, or the reason."""
    one = rule(action, **({"level": str(subject.level)} if subject else {}))
    table = worlds.table([one], [(subject or worlds.subject(), figures or {"spend": 90e6, "results": 3.0})], **more)
    (((effect),),) = effects(one, table, [0])
    return effect.what.after if isinstance(effect.what, Change) else effect.what


def ad(**more: Any) -> Subject:
    known = {"texts": {"creative.id": "11", "labels": ("autumn",)}, **more}
    return Subject("meta", "act_1", Level.AD, "9", "Ad", "Sale", "ACTIVE", None, 100, campaign_id="1", **known)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"action": "raise_budget", "percent": 15, "round_to": 5}, 55 * EUR),
        ({"action": "raise_budget", "percent": 5, "round_to": 5}, "its daily budget is there already"),
        ({"action": "lower_budget", "percent": 15, "round_to": 5}, 45 * EUR),
        ({"action": "lower_budget", "percent": 50, "floor": 32, "round_to": 5}, 35 * EUR),
        ({"action": "raise_budget", "percent": 50, "cap": 62, "round_to": 5}, 60 * EUR),
        ({"action": "raise_budget", "percent": 10, "floor": 100}, 55 * EUR),
        ({"action": "lower_budget", "percent": 10, "cap": 20}, 45 * EUR),
        ({"action": "raise_budget", "percent": 10, "cap": 20}, "its daily budget is there already"),
        ({"action": "lower_budget", "percent": 10, "floor": 100}, "its daily budget is there already"),
        ({"action": "set_budget", "amount": 63, "round_to": 10}, 60 * EUR),
        ({"action": "set_budget", "amount": 33, "round_to": 10}, 40 * EUR),
        ({"action": "set_budget", "amount": 47, "round_to": 10}, "its daily budget is there already"),
        ({"action": "raise_budget", "budget": "lifetime", "percent": 10}, "it has no lifetime budget of its own"),
        ({"action": "raise_bid", "percent": 10}, "it has no bid of its own"),
    ],
    ids=str,
)
def test_steps_are_rounded_toward_where_it_was(action: Any, expected: Any) -> None:
    """Never further than asked for, within floor and cap; 50 a day to begin with."""
    found = made(action)
    assert found.startswith(expected) if isinstance(expected, str) else found == expected


def test_lifetime_budgets_and_bids_move_as_daily_budgets_do() -> None:
    """From the object's own figures."""
    known = worlds.subject(budget=None, numbers={"lifetime_budget": 900.0 * EUR, "bid": 2.5 * EUR})
    assert made({"action": "raise_budget", "budget": "lifetime", "percent": 10}, known) == 990 * EUR
    assert made({"action": "lower_bid", "percent": 10}, known) == 2_250_000
    assert made({"action": "set_bid", "amount": "3"} | {"amount": 3}, known) == 3 * EUR


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        # 90 spent on 3 results are 30 each; the target is 25: 50 * 25 / 30 = 41.666…, a cent toward 50.
        ({"metric": "cpa", "to": 25, "most_percent": 50}, 41_670_000),
        ({"metric": "cpa", "to": 25, "most_percent": 10}, 45 * EUR),
        ({"metric": "cpa", "to": 33, "most_percent": 50}, 55 * EUR),
        ({"metric": "cpa", "to": 30, "most_percent": 50}, "its daily budget is there already"),
        ({"metric": "cpa", "to": 25, "most_percent": 10, "cap": 20}, 45 * EUR),
        ({"metric": "cpa", "to": 33, "most_percent": 50, "floor": 100}, 55 * EUR),
        # 180 of revenue for 90 are 2; above its target it earns more: 50 * 2 / 1.6 = 62.50.
        ({"metric": "roas", "to": 1.6, "most_percent": 50}, 62_500_000),
        ({"metric": "roas", "to": 1.6, "most_percent": 50, "cap": 60, "round_to": 7}, 56 * EUR),
        ({"metric": "roas", "to": {"target": "roas", "times": 2}, "most_percent": 30}, 35 * EUR),
        ({"metric": "roas", "to": {"target": "poas"}, "most_percent": 30}, "or the target of it, is not known"),
        ({"metric": "cpc", "to": 1, "most_percent": 30}, "its cpc over 3 days to yesterday is not known"),
    ],
    ids=str,
)
def test_a_budget_moves_in_proportion_to_a_target(action: Any, expected: Any) -> None:
    """A cost above its target lowers it, a return above its target raises it, by so much at most."""
    figures = {"spend": 90e6, "results": 3.0, "revenue": 180e6}
    asked = {"action": "budget_toward", "window": DAYS, **action}
    found = made(asked, figures=figures, targets={"roas": [2.0]})
    assert expected in found if isinstance(expected, str) else found == expected


def test_a_cost_of_nothing_is_in_no_proportion() -> None:
    """Else it would be raised without end."""
    asked = {"action": "budget_toward", "window": DAYS, "metric": "cpa", "to": 25, "most_percent": 50}
    assert "no proportion" in made(asked, figures={"spend": 0.0, "results": 3.0})


def shared(rows: Any, **more: Any) -> list[Effect]:
    """Return the effects of a rebalance by results: rows of (id, campaign, budget, results)."""
    action = {"action": "rebalance", "within": "campaign", "by": "results", "window": DAYS, "most_percent": 50, **more}
    one = rule(action)
    known = [
        (worlds.subject(number, budget=budget, campaign_id=campaign), {"spend": 1.0, "results": results})
        for number, campaign, budget, results in rows
    ]
    return [found[0] for found in effects(one, worlds.table([one], known), range(len(known)))]


def afters(found: list[Effect]) -> list[Any]:
    return [each.what.after if isinstance(each.what, Change) else each.what for each in found]


def test_a_group_shares_its_budgets_by_a_metric() -> None:
    """Each campaign by itself: 100 by 3 to 1 is 75 to 25; 60 by 1 to 1 is as it was."""
    found = shared([(1, "1", 50 * EUR, 3.0), (2, "2", 30 * EUR, 1.0), (3, "1", 50 * EUR, 1.0), (4, "2", 30 * EUR, 1.0)])
    assert afters(found) == [75 * EUR, "its share is what it has", 25 * EUR, "its share is what it has"]
    assert found[0].bundle == found[2].bundle != found[1].bundle == found[3].bundle


def test_bounds_hold_and_the_sum_stays() -> None:
    """By 20% at most: 60 and 40, though 9 to 1 would be 90 to 10; with a floor of 45 it is 55 and 45."""
    rows = [(1, "1", 50 * EUR, 9.0), (2, "1", 50 * EUR, 1.0)]
    assert afters(shared(rows, most_percent=20)) == [60 * EUR, 40 * EUR]
    assert afters(shared(rows, most_percent=20, floor=45)) == [55 * EUR, 45 * EUR]


def test_what_does_not_run_takes_no_part_in_a_rebalance() -> None:
    """Its budget is not spent: moved to what runs, it would be spent on top."""
    paused = {"status": "PAUSED"}
    below_paused = {"texts": {"effective_status": "CAMPAIGN_PAUSED"}}
    action = {"action": "rebalance", "within": "account", "by": "results", "window": DAYS, "most_percent": 50}
    one, figures = rule(action, scope={"status": ["ACTIVE", "PAUSED"]}), [3.0, 3.0, 1.0, 9.0]
    states = [{}, paused, {"texts": {"effective_status": "ACTIVE"}}, below_paused]
    known = [
        (worlds.subject(row, **more), {"spend": 1.0, "results": results})
        for row, (more, results) in enumerate(zip(states, figures, strict=True))
    ]
    found = [each[0] for each in effects(one, worlds.table([one], known), range(4))]
    off = "it does not run, so it has nothing to share"
    assert afters(found) == [75 * EUR, off, 25 * EUR, off]


def test_one_unknown_metric_leaves_its_group_as_it_is() -> None:
    """And says whose; other groups go on; who has no budget takes no part."""
    rows = [(1, "1", 50 * EUR, None), (2, "1", 50 * EUR, 1.0), (3, "2", 50 * EUR, 3.0), (4, "2", 50 * EUR, 1.0)]
    found = afters(shared([*rows, (5, "2", None, None)]))
    assert found[0] == found[1] == "results of 1 is not known: its campaign is left as it is"
    assert found[2:4] == [75 * EUR, 25 * EUR]
    assert found[4] == "it has no daily budget of its own"


def test_a_cent_that_cannot_be_divided_goes_to_the_largest_fraction() -> None:
    """10.00 by thirds is 3.34, 3.33 and 3.33: ties go by id."""
    assert rebalanced(
        [Member(each, budget, 1.0) for each, budget in (("b", 500), ("a", 300), ("c", 200))], Decimal(99)
    ) == [
        333,
        334,
        333,
    ]


def test_what_others_may_not_take_stays_with_those_without_a_share() -> None:
    """90 cents of 100 belong to one without results, and the other may grow to 15 only."""
    assert rebalanced([Member("a", 90, 0.0), Member("b", 10, 5.0)], Decimal(50)) == [85, 15]


MEMBERS = st.lists(st.tuples(st.integers(1, 10**7), st.floats(-5.0, 1e9)), min_size=1, max_size=12)


@given(MEMBERS, st.decimals("0.1", "99.9", places=1), st.integers(0, 10**5), st.randoms())
def test_rebalancing_keeps_the_sum_and_every_bound(
    drawn: Any, most: Decimal, floor: int, chance: random.Random
) -> None:
    """Whatever the budgets and metrics; and the order of members changes nothing."""
    members = [Member(f"{number:02}", budget, metric) for number, (budget, metric) in enumerate(drawn)]
    found = rebalanced(members, most, floor)
    if found is None:
        assert all(each.metric <= 0 for each in members)
        return
    assert sum(found) == sum(each.budget for each in members)
    for each, after in zip(members, found, strict=True):
        assert abs(after - each.budget) * 100 <= most * each.budget
        assert after >= min(each.budget, floor)
    turned = members[:]
    chance.shuffle(turned)
    again = dict(zip(turned, rebalanced(turned, most, floor) or [], strict=True))
    assert [again[each] for each in members] == found


@pytest.mark.parametrize(
    ("current", "expected"),
    [("11", "12"), ("12", "13"), ("13", "11"), ("99", "11"), (None, "the creative that it shows")],
)
def test_creatives_rotate(current: str | None, expected: str) -> None:
    """After the last comes the first, and so it does for one that is not in the list."""
    found = made({"action": "rotate_creative", "creative_ids": ["11", "12", "13"]}, ad(texts={"creative.id": current}))
    assert found.startswith(expected)


def test_a_creative_is_swapped_once() -> None:
    """Another one is shown; the same one is no change."""
    assert made({"action": "swap_creative", "creative_id": "12"}, ad()) == "12"
    assert made({"action": "swap_creative", "creative_id": "11"}, ad()) == "it shows 11 already"


def test_names_are_made_from_what_is_known_and_never_expanded_twice() -> None:
    """A name that looks like a template is text; too long a name is refused, not cut."""
    hostile = worlds.subject(name="{id} {date}", campaign_name="=1+1")
    assert made({"action": "rename", "name": "{name} | {campaign.name} | {id} {date} "}, hostile) == (
        "{id} {date} | =1+1 | 7 2026-06-10"
    )
    long = worlds.subject(name="x" * 399)
    assert "401 characters, and the platform takes 400" in made({"action": "rename", "name": "{name} v"}, long)
    assert "cannot be shown" in made({"action": "rename", "name": "{name}!"}, worlds.subject(name="a\nb"))
    assert made({"action": "rename", "name": "{name}"}, hostile) == "it is called so already"


def test_labels_are_added_and_taken_away() -> None:
    """In a fixed order; labels that are not known are not touched."""
    assert made({"action": "tag", "add": ["spring"], "remove": ["autumn"]}, ad()) == labels_value(["spring"])
    assert made({"action": "tag", "add": ["autumn"]}, ad()) == "its labels are so already"
    assert made({"action": "tag", "add": ["spring"]}, worlds.subject()) == "its labels are not known"


def test_a_copy_is_data_too() -> None:
    """Its name and budget; nothing was there before it."""
    found = made({"action": "duplicate", "name": "{name} 2", "daily_budget": 12.345})
    assert json.loads(found) == {"name": "Spring shoes 2", "daily_budget": 12_350_000}
    assert json.loads(made({"action": "duplicate"})) == {"name": "Spring shoes (copy)"}
    assert "no budget" in made({"action": "duplicate", "daily_budget": 10}, ad())


def test_one_rule_may_ask_for_several_things() -> None:
    """Each object has an effect of each action, in their order."""
    one = rule({"action": "pause"}, {"action": "notify"}, {"action": "call", "url": "https://example.org/hook"})
    table = worlds.table([one], [(worlds.subject(), {}), (worlds.subject(8, status="PAUSED"), {})])
    first, second = effects(one, table, [0, 1])
    assert isinstance(first[0].what, Change)
    assert second[0].what == "its status is PAUSED, so there is nothing to pause"
    assert first[1].what == Notice("Sample")
    call = second[2].what
    assert isinstance(call, OutgoingCall)
    assert json.loads(call.body) == {
        "rule": "sample",
        "revision": one.revision,
        "platform": "meta",
        "account_id": "act_1",
        "level": "adset",
        "object_id": "8",
        "object_name": "Spring shoes",
        "data_known_at": "2026-06-10T11:20:00+00:00",
    }
