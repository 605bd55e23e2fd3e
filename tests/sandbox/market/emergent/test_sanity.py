"""Whatever is ordered: the same again is the same, nobody is reached twice, and nothing comes from nowhere."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.settings_log import PAUSED

from .worlds import CALM, UNIT, arm, market, with_section

PRESETS = ("steady", "seasonal", "fatigue", "low_volume", "shock")
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOISY = Rules()


def acted(seed: int, *, on_first: bool = True) -> Market:
    """A market in which somebody has changed things, at odd moments."""
    found = market(arm("A"), arm("B"), arm("C"), rules=with_section(NOISY, "people", overlap=0), seed=seed, days=20)
    first, second, third = (adset.id for adset in found.account.adsets)
    found.advance(seconds=4321)
    if on_first:
        found.set_daily_budget(first, 150 * UNIT)
    found.advance(days=1.37)
    found.set_status(third, PAUSED)
    found.create_ad(second, "Sample new ad", creative_id=found.account.ads[0].first_creative_id)
    found.advance(days=2)
    return found


def reported(of: Market, place: int) -> list[object]:
    days = DateRange(of.first_day, of.today)
    return [of.totals((ad,), (day,)) for ad in of.account.adsets[place].ads for day in days]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_world_seed_and_actions_are_the_same_to_the_last_byte(seed: int) -> None:
    """However often it was looked at in between."""
    one, other = acted(seed), acted(seed)
    other.fork().advance(days=3)

    assert [reported(one, place) for place in range(3)] == [reported(other, place) for place in range(3)]


@pytest.mark.parametrize("times", [0.25, 4])
def test_a_changed_budget_is_spent_from_the_next_day_on(times: float) -> None:
    """Late in a week that was spent at another budget, and again when the old one is back."""
    of = market(arm("A", 40, 500_000), arm("B"), days=25)
    first, minor = of.account.adsets[0], of.setting(of.account.adsets[0].id).daily_budget_minor
    of.advance(days=3)
    assert of.today.strftime("%A") == "Thursday"
    of.set_daily_budget(first.id, round(minor * times) * 10_000)
    of.advance(days=5)
    spent = [of.totals(first.ads, (of.today - timedelta(days=ago),)).spend_minor for ago in (4, 3, 2, 1)]

    assert spent == [pytest.approx(minor * times, rel=0.35)] * 4
    assert sum(spent) == pytest.approx(4 * minor * times, rel=0.15)


def test_another_process_with_more_threads_finds_the_same_bytes() -> None:
    """Of columns as of sums of floats, whatever the order of sets is there."""
    code = (
        "from dataclasses import replace\n"
        "from aibuyer_kit.core.dates import DateRange\n"
        "from aibuyer_kit.sandbox.market import Market\n"
        "from aibuyer_kit.sandbox.market.presets import PRESETS\n"
        "of = Market(replace(PRESETS['seasonal'], history_days=20), 3)\n"
        "of.set_status(of.account.adsets[4].id, 'PAUSED')\n"
        "of.advance(days=3)\n"
        "days = DateRange(of.first_day, of.history_end)\n"
        "print(of.totals(of.account.ads, days), of.true_sums(days), of.truth({}, days=3))\n"
    )

    def told(threads: str) -> str:
        set_apart = {"PYTHONHASHSEED": threads, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env={**os.environ, **set_apart}, capture_output=True, text=True, check=True)
        return done.stdout

    assert told("1") == told("2") != ""


def test_another_seed_is_another_market() -> None:
    """Draws hang on the seed."""
    assert reported(acted(1), 1) != reported(acted(2), 1)


def test_a_change_to_one_ad_set_leaves_the_draws_of_the_others_alone() -> None:
    """Where audiences do not overlap, nothing of the others changes at all."""
    with_change, without = acted(1), acted(1, on_first=False)

    assert reported(with_change, 0) != reported(without, 0)
    assert reported(with_change, 1) == reported(without, 1)
    assert reported(with_change, 2) == reported(without, 2)


def test_a_look_at_a_moment_of_the_past_shows_what_was_known_then() -> None:
    """A day on its way is the beginning of the day that it becomes."""
    later = acted(3)
    early = later.fork()
    at_us = later.now_us
    later.advance(seconds=5 * 3600)
    for ad in later.account.ads:
        assert later.ad_day(ad.id, early.today, at_us) == early.ad_day(ad.id, early.today)


@pytest.mark.parametrize("preset", PRESETS)
def test_reach_and_pacing_keep_their_limits(preset: str) -> None:
    """Nobody is reached who is not in the audience; a day takes 1.75 budgets at most, a week 7."""
    found = Market.open(preset, seed=5)
    for adset in found.account.adsets:
        budget_minor = found.setting(adset.id).daily_budget_minor
        days = DateRange(found.first_day, found.today - timedelta(days=1))
        by_day = {day: found.totals(adset.ads, (day,)) for day in days}
        for one in by_day.values():
            assert one.clicks <= one.impressions
            assert one.link_clicks <= one.clicks
            assert one.reach <= min(one.impressions, adset.audience)
            assert one.spend_minor <= 1.75 * budget_minor
        whole = found.totals(adset.ads, days)
        assert max(one.reach for one in by_day.values()) <= whole.reach <= adset.audience
        weeks: dict[int, int] = {}
        for day, one in by_day.items():
            weeks[(day.toordinal()) // 7] = weeks.get(day.toordinal() // 7, 0) + one.spend_minor
        assert max(weeks.values()) <= 7 * budget_minor


@FEW
@given(
    units=st.lists(st.floats(1, 3000), min_size=1, max_size=4),
    people=st.integers(1000, 2_000_000),
    kind=st.sampled_from(["broad", "lookalike", "interest", "retargeting"]),
    seed=st.integers(0, 1000),
)
def test_results_come_from_people_who_were_in_the_market(units: list[float], people: int, kind: str, seed: int) -> None:
    """All results, with and without ads, are at most those who were in the market or came into it."""
    arms = [arm(f"A {place}", round(amount, 2), people, audience=kind) for place, amount in enumerate(units)]
    found = market(*arms, rules=with_section(NOISY, "demand", noise=0), seed=seed, days=10)
    days = DateRange(found.first_day, found.today - timedelta(days=1))
    true = found.true_sums(days)

    assert true.results >= -1e-6
    assert true.spend_micros <= 1.75 * sum(units) * UNIT * len(days)
    for adset in found.account.adsets:
        lift, _ = found.true_lift(adset.id, days)
        assert -1e-6 <= lift <= people * 0.2 * len(days)


def test_what_is_reported_of_a_day_is_final_after_28_days() -> None:
    """Early reports may be too low or too high; from day 28 on nothing moves."""
    found = Market.open("steady", seed=2)
    day = found.today
    found.advance(days=1)
    seen = []
    for _ in range(31):
        found.advance(days=1)
        actions = (found.totals(adset.ads, (day,)).actions for adset in found.account.adsets)
        seen.append(sum(each.get("purchase", (0,))[0] for each in actions))

    assert seen[0] < 0.8 * seen[-1]
    assert len(set(seen[27:])) == 1


def test_what_is_claimed_differs_from_what_is_true_by_the_worlds_share() -> None:
    """With everything tracked, within the windows, and no credit for buyers without need of ads, both are one."""
    honest = with_section(CALM, "claims", tracked=1, organic_credit=0)
    found = market(arm("A", 100, 400_000, audience="retargeting"), rules=honest, days=60)
    adset = found.account.adsets[0]
    days = DateRange(found.first_day, found.first_day + timedelta(days=29))
    claimed = found.totals(adset.ads, days).actions["purchase"][0]
    persuaded = found.persuaded(adset.id, days)

    assert claimed == pytest.approx(0.98 * persuaded, abs=2 * len(days))


def test_todays_split_can_follow_what_was_reported() -> None:
    """The total stays; who is reported to earn more gets more."""
    as_is = market(arm("Cold", 100, 400_000), arm("Warm", 100, 40_000, audience="retargeting"), rules=NOISY)
    split = Market(replace(as_is.world, today_split="proportional_to_roas"), as_is.seed)
    cold, warm = (split.setting(adset.id).daily_budget_minor for adset in split.account.adsets)

    assert cold + warm == 20_000
    assert warm > 1.3 * cold


def test_people_whom_two_ad_sets_reach_are_counted_once() -> None:
    """Of two audiences of 20,000 that share 8,000 there are 32,000 people, however often all of them were reached."""
    of = market(arm("A", 900, 20_000), arm("B", 900, 20_000), rules=with_section(CALM, "people", overlap=0.8))
    days = DateRange(of.first_day, of.today - timedelta(days=1))
    one, other = (of.totals(adset.ads, days).reach for adset in of.account.adsets)
    together = of.totals(of.account.ads, days).reach
    first_day = DateRange(of.first_day, of.first_day)
    small = [of.totals(ads, first_day).reach for ads in (*(adset.ads for adset in of.account.adsets), of.account.ads)]

    assert (one, other) == (20_000, 20_000)
    assert together == 32_000
    # By hand: of those who share, each saw either by itself.
    assert small[2] == pytest.approx(small[0] + small[1] - 8_000 * small[0] / 20_000 * small[1] / 20_000, abs=2)
