"""What rules look at: every kind of column by figures worked out by hand, whole or unknown."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultKind
from aibuyer_kit.rules.table import ARRIVED
from aibuyer_kit.rules.windows import Calendar, Rolling
from aibuyer_kit.workflows.maturity import known_shares
from tests.workflows.looked_at import (
    NOW,
    TO_TODAY,
    TO_YESTERDAY,
    World,
    bytes_of,
    column,
    hours,
    lifetime,
    this_month,
    utc,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One account in Kyiv: campaign c-1 with ad sets s-1 (ads ad-1, ad-2) and s-2 (ad-3), campaign c-2 with s-3."""
    found = World(tmp_path)
    found.account()
    found.objects(Level.CAMPAIGN, {"c-1": {"objective": "OUTCOME_SALES"}, "c-2": {"objective": "OUTCOME_LEADS"}})
    parents = {"s-1": "c-1", "s-2": "c-1", "s-3": "c-2"}
    found.objects(
        Level.ADSET,
        {
            each: {"campaign_id": campaign, "created_at_utc": utc("2026-06-01T09:00")}
            for each, campaign in parents.items()
        },
    )
    return found


def week(world: World, *more: dict[str, Any], at: str = NOW) -> int:
    """1 to 10 June: ad-1 spends 1 a day more each day, ad-2 spent 100 on the 8th, ad-3 7 each day; s-3 nothing."""
    rows: list[dict[str, Any]] = [
        {"day": f"2026-06-{day:02d}", "spend": day, "results": day % 3} for day in range(1, 11)
    ]
    rows += [{"ad": "ad-3", "adset_id": "s-2", "day": f"2026-06-{day:02d}", "spend": 7} for day in range(1, 11)]
    rows.append({"ad": "ad-2", "day": "2026-06-08", "spend": 100})
    return world.days([*rows, *more], "2026-06-01", "2026-06-10", at=at)


def test_rolling_calendar_and_lifetime_windows(world: World) -> None:
    """Of Wednesday 10 June; the week began on Monday, the ad sets were made on the first."""
    load = week(world)
    expected = {
        TO_YESTERDAY: 7 + 8 + 9 + 100,
        TO_TODAY: 8 + 9 + 10 + 100,
        Rolling(days=2, ends=3): 6 + 7,
        Calendar.model_validate({"calendar": "this_week", "ends": "yesterday"}): 8 + 9 + 100,
        Calendar.model_validate({"calendar": "last_week"}): 1 + 2 + 3 + 4 + 5 + 6 + 7,
        this_month(): 45 + 100,
        lifetime(): 45 + 100,
        lifetime("today"): 55 + 100,
        lifetime(3): 28,
    }
    for window, units in expected.items():
        found = world.figure(column("spend", window), load)
        assert found["s-1"] == units * 1_000_000, window
    assert world.figure(column("spend"), load)["s-3"] == 0, "the days were read, and it was not among what they told"
    assert world.figure(column("results"), load)["s-1"] == 1 + 2 + 0
    assert world.figure(column("revenue"), load)["s-1"] == 3 * 30_000_000


def test_what_is_above_counts_all_that_is_below_it(world: World) -> None:
    """Also objects that are no more, and none of another campaign."""
    load = week(world, {"ad": "ad-9", "adset_id": "s-9", "campaign_id": "c-2", "day": "2026-06-09", "spend": 1000})
    own, other = 7 + 8 + 9 + 100, 21
    assert world.figure(column("spend", of="campaign"), load) == {
        "s-1": (own + other) * 1e6,
        "s-2": (own + other) * 1e6,
        "s-3": 1000e6,
    }
    assert world.figure(column("spend", of="parent"), load) == world.figure(column("spend", of="campaign"), load)
    everything = (own + other + 1000) * 1e6
    assert set(world.figure(column("spend", of="account"), load).values()) == {everything}
    assert world.figure(column("spend", of="parent"), load, level=Level.CAMPAIGN) == {
        "c-1": everything,
        "c-2": everything,
    }


def test_figures_of_a_parent_that_is_not_known_are_unknown_and_not_zero(tmp_path: Path) -> None:
    """Neither of one that no object tells of, nor of one that nobody has read; a known one without a row counts 0."""
    world = World(tmp_path)
    world.account()
    world.objects(Level.CAMPAIGN, {"c-1": {}, "c-2": {}})
    parents = {"s-1": "c-1", "s-2": None, "s-3": "c-2", "s-4": "c-9"}
    world.objects(Level.ADSET, {each: {"campaign_id": campaign} for each, campaign in parents.items()})
    load = week(world, {"ad": "ad-9", "adset_id": "s-9", "campaign_id": None, "day": "2026-06-09", "spend": 5})
    of_campaign = world.figure(column("spend", of="campaign"), load)
    assert of_campaign == {"s-1": 145e6, "s-2": None, "s-3": 0, "s-4": None}
    assert world.figure(column("spend", of="parent"), load) == of_campaign
    assert world.figure(column("spend"), load)["s-3"] == 0
    assert world.figure(column("spend", of="account"), load)["s-2"] == 150e6


def test_a_day_that_was_not_read_whole_is_unknown_and_not_zero(world: World) -> None:
    """Neither before the first read, nor where the last read came before the day was over; and it is told."""
    load = week(world, at="2026-06-09T20:59+00:00")
    evidence = world.evidence(load)
    window = column("spend", TO_YESTERDAY)
    (table,) = evidence.tables(Level.ADSET, [window])
    assert [table.number(window, row) for row in range(3)] == [None] * 3
    assert evidence.gaps == ["act_1, 2026-06-07 to 2026-06-09: 1 days were not read whole, the first 2026-06-09"]
    assert world.figure(column("spend", Rolling(days=2, ends=2)), load)["s-1"] == 115e6
    assert world.figure(column("spend", Rolling(days=1, ends="today")), load)["s-1"] is None, "today was not read"
    load = week(world, at="2026-06-09T21:00+00:00")
    assert world.figure(window, load)["s-1"] == 124e6
    assert world.figure(column("spend", Rolling(days=10, ends="yesterday")), load)["s-1"] is None


def test_a_missing_value_on_one_day_makes_the_sum_unknown(world: World) -> None:
    """Of the object and of what is above it; of others nothing changes."""
    load = week(world, {"ad": "ad-4", "adset_id": "s-3", "campaign_id": "c-2", "day": "2026-06-08", "spend": None})
    assert world.figure(column("spend"), load) == {"s-1": 124e6, "s-2": 21e6, "s-3": None}
    assert set(world.figure(column("spend", of="account"), load).values()) == {None}
    assert world.figure(column("spend", Rolling(days=1, ends="yesterday")), load)["s-3"] == 0


def test_a_lifetime_needs_the_days_since_the_object_was_made_and_no_others(tmp_path: Path) -> None:
    """What began before the first day that was read is unknown, and so is what began nobody knows when."""
    world = World(tmp_path)
    world.account()
    made = {"s-1": utc("2026-06-01T09:00"), "s-2": utc("2026-04-01T00:00"), "s-3": None}
    world.objects(Level.ADSET, {each: {"campaign_id": "c-1", "created_at_utc": day} for each, day in made.items()})
    load = week(world)
    assert world.figure(column("spend", lifetime()), load) == {"s-1": 145e6, "s-2": None, "s-3": None}
    rows = [{"ad": "ad-3", "adset_id": "s-2", "day": "2026-04-02", "spend": 5}]
    load = world.days(rows, "2026-04-01", "2026-05-31")
    assert world.figure(column("spend", lifetime()), load)["s-2"] == 68e6


def test_results_of_several_kinds_are_not_added_up(tmp_path: Path) -> None:
    """Money is; a window in which only one kind counts is known."""
    world = World(tmp_path, '[results.OUTCOME_LEADS]\naction_type = "lead"\n')
    world.account()
    world.objects(Level.CAMPAIGN, {"c-1": {"objective": "OUTCOME_SALES"}, "c-2": {"objective": "OUTCOME_LEADS"}})
    world.objects(Level.ADSET, {"s-1": {"campaign_id": "c-1"}, "s-2": {"campaign_id": "c-2"}})
    lead = {"ad": "ad-2", "adset_id": "s-2", "campaign_id": "c-2"}
    leads = [
        {"action_type": "lead", "total": 4, "click_1d": None, "click_7d": None, "click_28d": None, "view_1d": None}
    ]
    rows = [
        {"day": "2026-06-08", "results": 2},
        {"day": "2026-06-09", "results": 3},
        {**lead, "day": "2026-06-09", "actions": leads, "action_values": []},
    ]
    load = world.days(rows, "2026-06-01", "2026-06-10")
    assert world.figure(column("results"), load) == {"s-1": 5, "s-2": 4}
    assert set(world.figure(column("results", of="account"), load).values()) == {None}
    assert set(world.figure(column("spend", of="account"), load).values()) == {30e6}
    assert set(world.figure(column("results", Rolling(days=1, ends=2), "account"), load).values()) == {2}


def curve(world: World) -> int:
    """Ten days whose results were 4 on the day itself, 8 a day later and 16 from then on, read every afternoon."""
    load = 0
    for day in range(1, 11):
        rows = [{"day": f"2026-06-{each:02d}", "results": min(16, 4 * 2 ** (day - each))} for each in range(1, day + 1)]
        load = world.days(rows, "2026-06-01", f"2026-06-{day:02d}", at=f"2026-06-{day:02d}T11:00+00:00")
    return load


def test_matured_sums_count_what_is_still_to_come(world: World) -> None:
    """By the account's own curve: a quarter on the day itself, half a day later, then all; profit by gross profit."""
    old = [{"day": "2026-04-20", "results": 4}]  # nobody restates it, so that the curve is known to its end
    for age in range(30):
        at = datetime.fromisoformat("2026-04-20T11:00+00:00") + timedelta(days=age)
        world.days(old, "2026-04-20", "2026-04-20", at=at.isoformat())
    load = curve(world)
    raw = world.figure(column("results", TO_TODAY), load)["s-1"]
    assert raw == 16 + 8 + 4
    shares = _shares(world, load)
    ripe = world.figure(column("results", TO_TODAY, matured=True), load)["s-1"]
    assert ripe == 16 / shares[2] + 8 / shares[1] + 4 / shares[0]
    assert ripe == pytest.approx(48, rel=0.1)
    money = world.figure(column("revenue", TO_TODAY, matured=True), load)["s-1"]
    assert money == 480e6 / shares[2] + 240e6 / shares[1] + 120e6 / shares[0]
    arrived = world.figure(column(ARRIVED, TO_TODAY), load)["s-1"]
    assert arrived == (10e6 * shares[2] + 10e6 * shares[1] + 10e6 * shares[0]) / 30e6
    assert world.figure(column("results", TO_TODAY, "account", matured=True), load)["s-1"] == ripe
    lately = world.figure(column("results", TO_TODAY, matured=True), load)["s-3"]
    assert lately == 0, "it had no rows"


def _shares(world: World, load: int) -> list[float]:
    return [share or 0 for share in known_shares(world.reader, ResultKind("purchase", "total"), as_of=load)["act_1"]]


def test_a_share_that_nobody_knows_leaves_matured_sums_unknown(world: World) -> None:
    """After one read there is no curve; what has nothing to mature is known as it is."""
    load = week(world)
    assert world.figure(column("results", matured=True), load)["s-1"] is None
    assert world.figure(column(ARRIVED), load)["s-1"] is None
    assert world.figure(column("results", matured=True), load)["s-3"] == 0


def test_each_account_has_its_own_today(tmp_path: Path) -> None:
    """At 21:30 UTC it is tomorrow in Kyiv and still afternoon in Los Angeles."""
    world, at = World(tmp_path), "2026-06-10T21:30+00:00"
    for number, zone in ((1, "Europe/Kyiv"), (2, "America/Los_Angeles")):
        about = {"account_id": f"act_{number}", "at": at}
        world.account(zone=zone, **about)
        world.objects(Level.ADSET, {f"s-{number}": {"campaign_id": "c"}}, **about)
        rows = [{"adset_id": f"s-{number}", "day": f"2026-06-{day:02d}", "spend": day} for day in range(1, 11)]
        load = world.days(rows, "2026-06-01", "2026-06-11", **about)
    window = column("spend", Rolling(days=1, ends="yesterday"))
    assert world.figure(window, load, at=at) == {"s-1": 10e6, "s-2": 9e6}
    assert world.figure(column("spend", Rolling(days=1, ends="today")), load, at=at) == {"s-1": 0, "s-2": 10e6}
    tables = world.evidence(load, at=at).tables(Level.ADSET, [window])
    assert [f"{each.now:%m-%d %H:%M}" for each in tables] == ["06-11 00:30", "06-10 14:30"]
    assert [str(each.span(TO_YESTERDAY)) for each in tables] == ["2026-06-08 to 2026-06-10", "2026-06-07 to 2026-06-09"]


def test_fields_of_objects_and_of_what_is_above_them(tmp_path: Path) -> None:
    """Budgets, bid, age, the last edit, days without delivery; texts and lists; the client's targets."""
    world = World(tmp_path, "[targets]\ncpa = 40\n[results.OUTCOME_LEADS]\naction_type = 'lead'\ntargets = {cpa = 9}\n")
    world.account()
    campaign = {"objective": "OUTCOME_LEADS", "name": "Autumn", "daily_budget_micros": 90_000_000}
    world.objects(Level.CAMPAIGN, {"c-1": campaign})
    kept = {
        "bid_micros": "2500000",
        "updated_time": "2026-06-10T05:20:00+00:00",
        "labels": '["sale"]',
        "issues": "[]",
        "learning_stage": "FAIL",
        "bid_strategy": "COST_CAP",
        "optimization_goal": "LEADS",
    }
    full = {
        "campaign_id": "c-1",
        "name": "Shoes",
        "effective_status": "CAMPAIGN_PAUSED",
        "daily_budget_micros": 20_000_000,
        "lifetime_budget_micros": 70_000_000,
        "created_at_utc": utc("2026-06-08T11:20"),
        "attributes": kept,
    }
    world.objects(
        Level.ADSET, {"s-1": full, "s-2": {"campaign_id": "c-2", "status": "PAUSED"}, "s-3": {"status": "DELETED"}}
    )
    load = world.days([{"day": "2026-06-07"}], "2026-06-01", "2026-06-10")
    names = ("daily_budget", "lifetime_budget", "bid", "age_days", "hours_since_edit", "days_without_delivery", "score")
    columns = [*(column(name, None) for name in names), column("daily_budget", None, "campaign")]
    (table,) = world.evidence(load).tables(Level.ADSET, columns)
    assert [table.number(each, 0) for each in columns] == [20e6, 70e6, 2.5e6, 2, 6, 2, None, 90e6]
    assert [table.number(each, 1) for each in columns] == [None] * 8
    one, two = table.subjects
    texts = ("effective_status", "objective", "learning_stage", "bid_strategy", "optimization_goal", "labels", "issues")
    assert [one.text(name) for name in texts] == [
        "CAMPAIGN_PAUSED", "OUTCOME_LEADS", "FAIL", "COST_CAP", "LEADS", ("sale",), (),
    ]  # fmt: skip
    assert [two.text(name) for name in texts] == [None] * 7
    assert (one.text("adset.name"), one.text("campaign.name"), one.text("adset.id")) == ("Shoes", "Autumn", "s-1")
    assert str(one.created_on) == "2026-06-08"
    assert table.targets["cpa"].tolist() == [9, 40]


def test_days_without_delivery_count_from_the_day_it_was_made_where_it_never_delivered(world: World) -> None:
    """And are unknown where one of these days was not read."""
    load = week(world)
    idle = column("days_without_delivery", None)
    assert world.figure(idle, load) == {"s-1": 0, "s-2": 0, "s-3": 8}
    world.objects(Level.ADSET, {"s-3": {"campaign_id": "c-2", "created_at_utc": utc("2026-05-25T00:00")}})
    assert world.figure(idle, load + 1) == {"s-3": None}


def test_the_same_question_has_the_same_answer_after_later_loads(world: World) -> None:
    """To the byte: objects, figures, curves and targets are as they were known then."""
    columns = [
        column("spend"),
        column("results", matured=True),
        column("results", lifetime(), "account"),
        column("hours_since_edit", None),
        column("days_without_delivery", None),
        column(ARRIVED, TO_TODAY),
    ]
    for _ in range(2):
        load = curve(world)
    before = bytes_of(world.evidence(load).tables(Level.ADSET, columns))
    later = "2026-06-12T08:00+00:00"
    world.account(zone="America/Los_Angeles", at=later)
    world.objects(Level.ADSET, {"s-1": {"name": "Another", "status": "PAUSED"}}, at=later)
    world.objects(Level.CAMPAIGN, {"c-1": {"objective": "OUTCOME_LEADS"}}, at=later)
    week(world, at=later)
    after = bytes_of(world.evidence(load).tables(Level.ADSET, columns))
    assert after == before
    assert bytes_of(world.evidence(load + 4).tables(Level.ADSET, columns)) != before


def by_hour(world: World, day: str, told: list[str], *, at: str) -> int:
    """One ad that spends as many units in each hour as the clock says, and one more."""
    rows = [{"day": day, "hour": hour, "spend": int(hour or 0) + 1, "results": 1} for hour in told]
    return world.days(rows, day, day, at=at, hourly=True)


ALL = [f"{hour:02d}" for hour in range(24)]


def test_hours_are_those_that_a_read_has_covered_whole(world: World) -> None:
    """The hour that runs counts as far as it is known; one that was not over when it was read is unknown."""
    by_hour(world, "2026-06-09", ALL, at="2026-06-09T21:30+00:00")
    load = by_hour(world, "2026-06-10", ALL[:14], at="2026-06-10T11:10+00:00")
    spend = {
        hours(3): 12 + 13 + 14,
        hours(3, "now"): 13 + 14,
        hours(16): sum(range(1, 15)) + 23 + 24,
        hours(1): 14,
    }
    for window, units in spend.items():
        assert world.figure(column("spend", window), load)["s-1"] == units * 1_000_000, window
    assert world.figure(column("results", hours(3)), load)["s-1"] == 3
    assert world.figure(column("spend", hours(3), "account"), load) == {"s-1": 39e6, "s-2": 39e6, "s-3": 39e6}
    assert world.figure(column("spend", hours(3)), load)["s-3"] == 0
    later = "2026-06-10T12:05+00:00"
    assert world.figure(column("spend", hours(3)), load, at=later)["s-1"] is None, "14 to 15 was read at 14:10"
    assert world.figure(column("spend", hours(40)), load)["s-1"] is None, "the 8th was not read"
    evidence = world.evidence(load, at=later)
    evidence.tables(Level.ADSET, [column("spend", hours(3))])
    assert evidence.gaps == [
        "act_1, 2026-06-10 12:00 to 2026-06-10 14:59: 1 hours were not read whole, the first 2026-06-10 14:00"
    ]


def test_a_row_without_its_hour_leaves_the_hours_of_its_day_unknown(world: World) -> None:
    """It may belong to any of them."""
    by_hour(world, "2026-06-09", ALL, at="2026-06-09T21:30+00:00")
    load = by_hour(world, "2026-06-10", [*ALL[:14], ""], at="2026-06-10T11:10+00:00")
    assert world.figure(column("spend", hours(3)), load) == {"s-1": None, "s-2": 0, "s-3": 0}
    assert world.figure(column("spend", hours(3)), load, at="2026-06-09T21:20+00:00")["s-1"] == 69e6


@pytest.mark.parametrize(
    ("day", "at", "units"),
    [
        ("2026-03-29", "2026-03-29T02:40+00:00", 2 + 3 + 5),  # 05:40; at 03:00 it became 04:00
        (
            "2026-10-25",
            "2026-10-25T02:40+00:00",
            2 + 3 + 4,  # 04:40; what came twice from 03:00 on is one hour of the clock
        ),
    ],
)
def test_hours_are_those_of_the_clock_where_it_is_set(tmp_path: Path, day: str, at: str, units: int) -> None:
    """A day of 23 hours lacks one, which counts nothing; on a day of 25 the one that comes twice is over after both."""
    world = World(tmp_path)
    world.account(at=at)
    world.objects(Level.ADSET, {"s-1": {"campaign_id": "c-1"}}, at=at)
    told = [hour for hour in ALL[:6] if not (day == "2026-03-29" and hour == "03")]
    load = by_hour(world, day, told, at=at)
    window = column("spend", hours(4 if day == "2026-03-29" else 3))
    assert world.figure(window, load, at=at)["s-1"] == units * 1e6
    # An hour earlier it is 04:40 after an hour that there never was, or 03:40 for the second time.
    early = (datetime.fromisoformat(at) - timedelta(hours=1)).isoformat()
    load = by_hour(world, day, told, at=early)
    found = world.figure(column("spend", hours(1)), load, at=early)["s-1"]
    assert found == (0 if day == "2026-03-29" else 3e6)


@pytest.mark.parametrize(("day", "hours_long"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_is_over_when_its_own_hours_are(tmp_path: Path, day: str, hours_long: int) -> None:
    """A read a minute before that does not tell it whole; one that ends with it does."""
    world, zone_start = (
        World(tmp_path),
        {"2026-03-29": "2026-03-28T22:00+00:00", "2026-10-25": "2026-10-24T21:00+00:00"},
    )
    ends = datetime.fromisoformat(zone_start[day]) + timedelta(hours=hours_long)
    after = (ends + timedelta(hours=2)).isoformat()
    world.account(at=after)
    world.objects(Level.ADSET, {"s-1": {"campaign_id": "c-1"}}, at=after)
    window = column("spend", Rolling(days=1, ends="yesterday"))
    load = world.days([{"day": day}], day, day, at=(ends - timedelta(minutes=1)).isoformat())
    assert world.figure(window, load, at=after)["s-1"] is None
    load = world.days([{"day": day}], day, day, at=ends.isoformat())
    assert world.figure(window, load, at=after)["s-1"] == 10e6


def test_evidence_that_moves_from_load_to_load_is_that_of_each_load(world: World) -> None:
    """To the byte: restated days, new and lost objects, an objective that changes; and it goes only forwards."""
    columns = [
        column("spend"),
        column("spend", Rolling(days=9, ends="today"), "campaign"),
        column("revenue", TO_TODAY, "account", matured=True),
        column("results", lifetime(), "account"),
        column("days_without_delivery", None),
        column("hours_since_edit", None),
    ]
    first, steps = week(world), list[int]()
    moved = world.evidence(first)
    moved.tables(Level.ADSET, columns)
    late = {"ad": "ad-5", "adset_id": "s-5", "campaign_id": "c-5", "day": "2026-06-09", "spend": 3, "results": 2}
    steps.append(week(world, late))
    steps.append(world.days([{"day": "2026-06-05", "spend": 50}], "2026-06-05", "2026-06-05"))
    objects = {"s-1": {"campaign_id": "c-1", "name": "Renamed"}, "s-5": {"campaign_id": "c-5"}}
    steps.append(world.objects(Level.ADSET, objects))
    leads = {"c-1": {"objective": "OUTCOME_LEADS"}, "c-5": {"objective": "OUTCOME_SALES"}}
    steps.append(world.objects(Level.CAMPAIGN, leads))
    steps.append(week(world))
    seen = set()
    for load in steps:
        moved = moved.advanced(datetime.fromisoformat(NOW), load)
        found = bytes_of(moved.tables(Level.ADSET, columns))
        assert found == bytes_of(world.evidence(load).tables(Level.ADSET, columns)), load
        seen.add(str(found))
    assert len(seen) == len(steps)
    with pytest.raises(ValueError, match="lies before"):
        moved.advanced(datetime.fromisoformat(NOW), first)
