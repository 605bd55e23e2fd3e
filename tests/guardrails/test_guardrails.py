"""Guardrails as properties: whatever the picture, and in whatever order things come, nothing slips through."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aibuyer_kit.core.changes import ACTIVE, PAUSED, Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.guardrails.check import GUARDRAILS, check, refusals
from aibuyer_kit.guardrails.picture import Limits, Picture, Stop

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OFF = Stop(is_on=False)
LIMITS = Limits()
EXAMPLES = settings(max_examples=200, deadline=None)

budgets = st.integers(min_value=1, max_value=10**12)
moments = st.datetimes(datetime(2026, 5, 20), datetime(2026, 6, 10), timezones=st.just(UTC))  # noqa: DTZ001
junk = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.booleans(), st.text(max_size=5), st.integers()
)


def budget(before: int, after: int) -> Change:
    return Change("meta", "act_1", Level.ADSET, "7", "daily_budget", before, after)


def status(before: str, after: str) -> Change:
    return Change("meta", "act_1", Level.ADSET, "7", "status", before, after)


def picture(current: object, **more: object) -> Picture:
    return Picture(**({"now": NOW, "stop": OFF, "current": current, "data_known_at": NOW} | more))  # type: ignore[arg-type]


changes = st.one_of(
    st.sampled_from([status(ACTIVE, PAUSED), status(PAUSED, ACTIVE)]),
    st.tuples(budgets, budgets).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: budget(*pair)),
)


@EXAMPLES
@given(
    start=st.integers(10**6, 10**9),
    wishes=st.lists(
        st.tuples(
            st.integers(0, 30 * 3_600),
            st.floats(0.01, 3.0, allow_nan=False),
            st.booleans(),
        ),
        max_size=25,
    ),
    share=st.sampled_from([0.0, 0.1, 0.2, 1.0]),
)
def test_no_window_of_24_hours_sees_more_than_the_limit(
    start: int, wishes: list[tuple[int, float, bool]], share: float
) -> None:
    """Whatever is asked for, and when: what gets through never lies above the limit over any value of 24 hours."""
    limits = Limits(most_increase_share=share, most_decrease_share=0.5, budget_edits_an_hour=10**6)
    now, value = NOW, start
    held: list[tuple[datetime, int, int]] = []  # when, before, after
    for pause_seconds, factor, exactly_at_the_edge in wishes:
        now += timedelta(seconds=24 * 3_600 if exactly_at_the_edge else pause_seconds)
        after = max(1, int(value * factor))
        if after == value:
            continue
        recent = [each for each in held if each[0] > now - timedelta(hours=24)]
        seen = picture(value, now=now, values=tuple(v for each in recent for v in each[1:]), data_known_at=now)
        if not refusals(budget(value, after), seen, limits):
            held.append((now, value, after))
            value = after
    for moment, _, after in held:
        within = [each for each in held if moment - timedelta(hours=24) < each[0] <= moment]
        for _, before, _ in within:
            if after > before:
                assert after <= before * (1 + share) * (1 + 1e-12)


@EXAMPLES
@given(change=changes, on=st.sampled_from([True, None, 1, "off"]))
def test_while_the_switch_is_on_or_unreadable_only_a_pause_goes_through(change: Change, on: object) -> None:
    """Anything but a clear `off` is on."""
    seen = picture(change.before, stop=Stop(is_on=on))  # type: ignore[arg-type]
    if not refusals(change, seen, Limits(most_increase_share=1e9, most_decrease_share=1.0)):
        assert change.pauses


@EXAMPLES
@given(change=changes, current=junk)
def test_only_the_value_that_it_was_decided_on_goes_through(change: Change, current: object) -> None:
    """Missing, not finite, of another kind or moved: no action."""
    same = type(current) is type(change.before) and current == change.before
    if not same:
        assert refusals(change, picture(current), LIMITS)


@EXAMPLES
@given(change=changes, known_at=st.one_of(st.none(), moments, st.just(datetime(2026, 6, 1))))  # noqa: DTZ001
def test_old_missing_or_future_figures_stop_every_change(change: Change, known_at: datetime | None) -> None:
    """The age is counted on the platform's clock, and a moment without a zone is none."""
    seen = picture(change.before, data_known_at=known_at)
    good = known_at is not None and known_at.tzinfo is not None
    good = good and timedelta(minutes=-5) <= NOW - known_at <= timedelta(hours=24)
    if not good:
        assert refusals(change, seen, Limits(most_increase_share=1e9, most_decrease_share=1.0))


@EXAMPLES
@given(change=changes, values=st.lists(junk, max_size=4), edits=st.lists(junk, max_size=3), share=junk, hours=junk)
def test_junk_never_opens_a_gate(
    change: Change, values: list[object], edits: list[object], share: object, hours: object
) -> None:
    """Whatever stands in a picture or a limit, a check answers; a budget moves only on what is known to be sound."""
    limits = Limits(most_increase_share=share, most_decrease_share=share, data_age_hours=hours)  # type: ignore[arg-type]
    seen = picture(change.before, values=tuple(values), edits=tuple(edits))
    found = check(change, seen, limits)
    assert len(found) == len(GUARDRAILS)
    if change.field == "daily_budget" and all(each.allowed for each in found):
        assert all(isinstance(value, int) and value > 0 for value in values)
        assert isinstance(share, int | float)
        assert math.isfinite(share)
        assert edits == []


@EXAMPLES
@given(edits=st.lists(st.integers(0, 7_200), max_size=8), most=st.integers(0, 4))
def test_no_hour_sees_more_edits_than_the_limit(edits: list[int], most: int) -> None:
    """What is put off is told until when, and goes through then."""
    times = tuple(NOW - timedelta(seconds=seconds) for seconds in edits)
    limits = Limits(budget_edits_an_hour=most)
    found = [each for each in check(budget(100, 110), picture(100, edits=times), limits) if not each.allowed]
    recent = [moment for moment in times if moment > NOW - timedelta(hours=1)]
    assert bool(found) == (len(recent) >= most)
    if found and most:
        until = found[0].wait_until
        assert until is not None
        later = picture(100, now=until, edits=times, data_known_at=until)
        assert refusals(budget(100, 110), later, limits) == ()


@pytest.mark.parametrize(
    ("before", "after", "values", "restores", "allowed"),
    [
        pytest.param(100, 120, (), False, True, id="a-fifth-up"),
        pytest.param(100, 121, (), False, False, id="more-than-a-fifth-up"),
        pytest.param(110, 121, (100, 110), False, False, id="in-two-steps"),
        pytest.param(50, 100, (100, 50), False, False, id="down-and-up-again"),
        pytest.param(50, 100, (100, 50), True, True, id="an-undo-of-that"),
        pytest.param(50, 130, (100, 50), True, False, id="an-undo-that-is-none"),
        pytest.param(100, 50, (), False, True, id="half-down"),
        pytest.param(100, 49, (), False, False, id="more-than-half-down"),
        pytest.param(80, 50, (120, 80), False, False, id="down-in-two-steps"),
    ],
)
def test_the_net_change_is_counted_as_documented(
    before: int, after: int, values: tuple[int, ...], *, restores: bool, allowed: bool
) -> None:
    """From the lowest or highest value of 24 hours; an undo from the one of 24 hours ago."""
    found = refusals(budget(before, after), picture(before, values=values, restores=restores), LIMITS)
    assert (found == ()) == allowed


def test_figures_from_before_our_own_last_edit_are_too_old() -> None:
    """They cannot show what it did."""
    edited = picture(100, last_edit=NOW - timedelta(minutes=1), data_known_at=NOW - timedelta(minutes=2))
    assert [each.guardrail for each in refusals(budget(100, 110), edited, LIMITS)] == ["age of the data"]


def test_a_picture_without_a_time_is_refused() -> None:
    """Nothing can be told to be recent without it."""
    seen = picture(100, now=None)
    found = refusals(budget(100, 110), seen, LIMITS)
    assert {"age of the data", "budget edits an hour"} <= {each.guardrail for each in found}


@pytest.mark.parametrize(("field", "edits"), [("lifetime_budget", True), ("bid", False)])
def test_other_amounts_move_as_little_as_daily_budgets(field: Any, edits: bool) -> None:
    """By a fifth in 24 hours; and a lifetime budget is a budget of which the platform counts the edits."""
    change = Change("meta", "act_1", Level.ADSET, "7", field, 100, 121)
    found = {each.guardrail for each in refusals(change, picture(100, values=(100,)), Limits())}
    assert found == {"net change in 24 hours"}
    assert refusals(replace(change, after=120), picture(100, values=(100,)), Limits()) == ()
    often = picture(100, values=(100,), edits=(NOW, NOW, NOW), last_edit=NOW)
    assert bool(refusals(replace(change, after=110), often, Limits())) == edits
