"""Thinning: the last load of every day, the recent days and what a decision read stay exactly as they were."""

from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aibuyer_kit.warehouse.load import empty_stage, load_staged, stage
from aibuyer_kit.warehouse.schema import OPEN, migrate
from aibuyer_kit.warehouse.thin import thin

from .rows import NOON, coverage, insight, insight_page

START = date(2026, 3, 1)
ACT_1 = ("meta", "act_1")
State = dict[str, int]


def loaded(reads: list[State]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    migrate(connection)
    for returned in reads:
        rows = [insight(ad, clicks=clicks) for ad, clicks in returned.items()]
        empty_stage(connection, coverage())
        stage(connection, coverage(), [insight_page(rows)])
        load_staged(connection, coverage(), extent="complete", known_at=NOON)
    return connection


def state(connection: duckdb.DuckDBPyConnection, load_id: int) -> State:
    rows = connection.execute("SELECT entity_id, clicks FROM insights_as_of(?)", [load_id]).fetchall()
    assert len(rows) == len(dict(rows)), "an ad is known twice"
    return dict(rows)


def test_of_four_versions_of_one_day_the_last_is_kept() -> None:
    """Loads 1 to 4 are of the first day, load 5 of the second: three versions go."""
    connection = loaded([{"a": clicks} for clicks in (1, 2, 3, 4, 5)])
    known_on = dict.fromkeys(range(1, 5), START) | {5: START + timedelta(days=1)}
    assert thin(connection, *ACT_1, known_on=known_on, keep_from=START + timedelta(days=7)) == 3
    assert [state(connection, load_id) for load_id in (3, 4, 5)] == [{}, {"a": 4}, {"a": 5}]


def test_the_version_before_takes_the_time_of_those_that_go() -> None:
    """Yesterday's last figure is shown until today's last one, never the other way round."""
    connection = loaded([{"a": clicks} for clicks in (1, 2, 3, 4)])
    known_on = {1: START} | dict.fromkeys((2, 3, 4), START + timedelta(days=1))
    thin(connection, *ACT_1, known_on=known_on, keep_from=START + timedelta(days=7))
    assert [state(connection, load_id)["a"] for load_id in (1, 2, 3, 4)] == [1, 1, 1, 4]


def test_another_accounts_versions_stay_for_its_days_begin_at_other_moments() -> None:
    """Loads 1 and 2 are of one day in the first account's zone, and may lie on both sides of a midnight elsewhere."""
    connection = loaded([{"a": 1}, {"a": 2}])
    known_on, keep_from = dict.fromkeys((1, 2), START), START + timedelta(days=7)
    assert thin(connection, "meta", "act_2", known_on=known_on, keep_from=keep_from) == 0
    assert state(connection, 1) == {"a": 1}
    assert thin(connection, *ACT_1, known_on=known_on, keep_from=keep_from) == 1


def test_a_key_that_was_gone_in_between_is_not_brought_back() -> None:
    """Known at 1, gone at 2, back for a moment at 3, gone at 4: between 2 and 4 there is nothing."""
    connection = loaded([{"a": 1}, {}, {"a": 3}, {}])
    known_on = {1: START} | dict.fromkeys((2, 3, 4), START + timedelta(days=1))
    thin(connection, *ACT_1, known_on=known_on, keep_from=START + timedelta(days=7))
    assert [state(connection, load_id) for load_id in (1, 2, 3, 4)] == [{"a": 1}, {}, {}, {}]


def test_what_replaced_a_version_and_still_holds_stays_alone() -> None:
    """Nothing goes here: the version of the first day ends where the open one begins."""
    connection = loaded([{"a": 1}, {"a": 2}])
    known_on = {1: START, 2: START + timedelta(days=1)}
    assert thin(connection, *ACT_1, known_on=known_on, keep_from=START + timedelta(days=7)) == 0
    assert [state(connection, load_id) for load_id in (1, 2)] == [{"a": 1}, {"a": 2}]


def test_a_warehouse_in_which_a_replaced_version_was_left_open_is_mended() -> None:
    """The migration ends it where the next version begins, and leaves ends that are right as they are."""
    connection = loaded([{"a": 1, "b": 5}, {"a": 2}])
    connection.execute("UPDATE insight_version SET known_to = ? WHERE clicks = 1", [OPEN])
    connection.execute("DELETE FROM schema_migration WHERE name = '0003_end_replaced_versions'")
    assert migrate(connection) == ("0003_end_replaced_versions",)
    assert [state(connection, load_id) for load_id in (1, 2)] == [{"a": 1, "b": 5}, {"a": 2}]


READS = st.lists(st.dictionaries(st.sampled_from("ab"), st.integers(0, 3)), min_size=1, max_size=10)


@settings(max_examples=40, deadline=None)
@given(
    reads=READS,
    steps=st.lists(st.booleans(), min_size=10, max_size=10),
    keep=st.integers(0, 6),
    protected=st.sets(st.integers(1, 10), max_size=3),
)
def test_thinning_never_shows_what_was_not_known(
    reads: list[State], steps: list[bool], keep: int, protected: set[int]
) -> None:
    """Kept moments read as before; every other one shows, for each ad, something that was known by then or nothing."""
    connection = loaded(reads)
    days = [START + timedelta(days=sum(steps[:place])) for place in range(len(reads))]
    known_on = dict(enumerate(days, start=1))
    keep_from = START + timedelta(days=keep)
    before = {load_id: state(connection, load_id) for load_id in known_on}
    thin(connection, *ACT_1, known_on=known_on, keep_from=keep_from, protected_loads=protected)
    for load_id, day in known_on.items():
        now = state(connection, load_id)
        last_of_day = known_on.get(load_id + 1) != day
        if last_of_day or day >= keep_from or load_id in protected:
            assert now == before[load_id]
        for ad, clicks in now.items():
            assert clicks in {before[earlier].get(ad) for earlier in range(1, load_id + 1)}
    connection.close()


@pytest.mark.parametrize("known_on", [{}])
def test_without_loads_there_is_nothing_to_thin(known_on: dict[int, date]) -> None:
    """A new warehouse."""
    assert thin(loaded([]), *ACT_1, known_on=known_on, keep_from=START) == 0
