"""Sums over windows of days, beside sums that add one row after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.features.windows import Days, Sums

OBJECTS, DAYS = 3, 6
# Object, day, value (None: missing). Several rows may be about the same object and day.
Row = tuple[int, int, int | None]
ROWS = st.lists(
    st.tuples(
        st.integers(0, OBJECTS - 1),
        st.integers(0, DAYS - 1),
        st.none() | st.integers(-(2**55), 2**55),
    ),
    max_size=40,
)


def days_of(rows: list[Row]) -> Days:
    values = ([value or 0 for *_, value in rows], [value is not None for *_, value in rows])
    columns = [each for each, *_ in rows], [day for _, day, _ in rows]
    return Days.of_rows(*columns, {"spend": values}, objects=OBJECTS, days=DAYS)


def told(sums: Sums) -> list[int | None]:
    known = np.ones(len(sums.values), dtype=bool) if sums.known is None else sums.known
    return [int(value) if sure else None for value, sure in zip(sums.values, known, strict=True)]


def naive(rows: list[Row], objects: set[int], first: int, last: int) -> int | None:
    inside = [value for each, day, value in rows if each in objects and first <= day <= last]
    return None if None in inside else sum(value or 0 for value in inside)


@given(rows=ROWS, first=st.integers(0, DAYS - 1), length=st.integers(0, DAYS))
def test_any_window_is_the_sum_of_its_rows(rows: list[Row], first: int, length: int) -> None:
    """Exact beyond what floats hold; one missing value makes a sum unknown; a day without a row counts as nothing."""
    last, days = min(first + length - 1, DAYS - 1), days_of(rows)
    expected = [naive(rows, {each}, first, last) for each in range(OBJECTS)]
    assert told(days.sums("spend", first, last)) == expected
    floats = days.sums("spend", first, last).floats()
    assert [None if np.isnan(value) else value for value in floats] == [
        None if value is None else float(value) for value in expected
    ]
    with_rows = [len({day for own, day, _ in rows if own == each and first <= day <= last}) for each in range(OBJECTS)]
    assert days.rows(first, last).tolist() == with_rows


@given(rows=ROWS, groups=st.lists(st.integers(-1, 1), min_size=OBJECTS, max_size=OBJECTS))
def test_a_group_is_the_sum_of_its_objects(rows: list[Row], groups: list[int]) -> None:
    """One with a part that is not known is not known either; objects of no group count nowhere."""
    found = days_of(rows).sums("spend", 1, 4).grouped(np.array(groups), 2)
    members = [{each for each, group in enumerate(groups) if group == number} for number in range(2)]
    assert told(found) == [naive(rows, each, 1, 4) for each in members]


def test_ripe_sums_divide_each_day_by_what_is_known_of_it() -> None:
    """By each object's own group of shares; a share that nobody knows matters only where there is a row."""
    rows: list[Row] = [(0, 0, 8), (0, 1, 6), (0, 2, 1), (1, 0, 8), (1, 2, 3), (2, 1, None)]
    shares = np.array([[1.0, 0.8], [0.5, np.nan], [0.25, 0.5], [1, 1], [1, 1], [1, 1]])
    groups = np.array([0, 1, 0])
    ripe = days_of(rows).ripe("spend", 0, 2, shares, groups)
    assert ripe[:2].tolist() == [8 / 1.0 + 6 / 0.5 + 1 / 0.25, 8 / 0.8 + 3 / 0.5]
    assert np.isnan(ripe[2])
    weighed = days_of(rows).weighed("spend", 0, 2, shares, groups)
    assert weighed[:2].tolist() == pytest.approx([8 + 3 + 0.25, 6.4 + 1.5])
    unknown = days_of([(1, 1, 5)]).ripe("spend", 0, 2, shares, groups)
    assert np.isnan(unknown[1])
    assert unknown[0] == 0
