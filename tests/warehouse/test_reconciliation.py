"""Reconciliation: the sums of every level against the account's own figures, on days that both were read for."""

from pathlib import Path

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer

from .rows import DAYS, action, at_noon, coverage, insight, insight_page

PURCHASES = ResultSetting("purchase")
DAY = DateRange(DAYS.since, DAYS.since)


def disagreements(folder: Path, account: dict[str, object] | None, *ads: dict[str, object]) -> list[tuple[object, ...]]:
    with open_writer(folder) as writer:
        writer.load(coverage(), [insight_page(ads)], known_at=at_noon)
        if account is not None:
            own = insight("act_1", level="account", campaign_id=None, adset_id=None) | account
            writer.load(coverage(level=Level.ACCOUNT), [insight_page([own])], known_at=at_noon)
    rows = Reader(folder).disagreements(DAYS, result=PURCHASES).rows()
    return [(row["date"], row["level"], row["measure"], row["account_total"], row["level_total"]) for row in rows]


def test_equal_sums_have_nothing_to_report(tmp_path: Path) -> None:
    """Two ads of 10.00 and an account of 20.00."""
    account = {"spend_micros": 20_000_000, "impressions": 2000, "clicks": 40}
    assert disagreements(tmp_path, account, insight("a"), insight("b")) == []


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ({"spend_micros": 10_000_001}, ("spend_micros", 10_000_001, 10_000_000)),
        ({"clicks": 19}, ("clicks", 19, 20)),
        ({"actions": [action("purchase", 1)]}, ("results", 1, 0)),
    ],
)
def test_each_measure_that_differs_is_named_with_both_figures(
    tmp_path: Path, account: dict[str, object], expected: tuple[object, ...]
) -> None:
    """One micro is a difference: the figures are integers."""
    assert disagreements(tmp_path, account, insight("a")) == [(DAYS.since, "ad", *expected)]


def test_rows_that_were_lost_are_a_difference(tmp_path: Path) -> None:
    """The account spent on a day for which no ad was returned."""
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight("a", DAYS.until)])], known_at=at_noon)
        own = insight("act_1", level="account", actions=None)
        writer.load(coverage(level=Level.ACCOUNT), [insight_page([own])], known_at=at_noon)
    found = {(row["date"], row["measure"]) for row in Reader(tmp_path).disagreements(DAYS, result=PURCHASES).rows()}
    assert (DAYS.since, "spend_micros") in found
    assert (DAYS.until, "spend_micros") in found


def test_a_day_that_was_read_on_one_level_only_is_not_compared(tmp_path: Path) -> None:
    """Nothing is known about the account's own figure, so nothing is wrong."""
    assert disagreements(tmp_path, None, insight("a")) == []
