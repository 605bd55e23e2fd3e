"""Totals: exact sums, ratios from sums that know both sides, and the newest name."""

from datetime import date, timedelta
from typing import Any

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.workflows.totals import by_day, by_entity, values_of

DAY = date(2026, 3, 1)


def row(spend: float | None, results: int | None, revenue: float | None, **more: Any) -> dict[str, Any]:
    """Return one entity and day with money in micros."""
    micros = [None if units is None else round(units * 1_000_000) for units in (spend, revenue)]
    base = {
        "platform": "meta",
        "account_id": "act_1",
        "entity_id": "1",
        "name": "Sample",
        "date": DAY,
        "date_stop": DAY,
    }
    counts = {"impressions": 1000, "clicks": 10, "link_clicks": 5, "results": results}
    return base | counts | {"spend": micros[0], "revenue": micros[1]} | more


def test_totals_are_exact_and_ratios_come_from_sums() -> None:
    """Ten times 0.1 is 1.0, and a cost per result is not the mean of daily costs."""
    values = values_of([row(0.1, 0, 0.0)] * 9 + [row(0.1, 4, 2.0)])
    assert (values["spend"], values["results"], values["cpa"], values["roas"]) == (1.0, 4, 0.25, 2.0)


def test_a_ratio_leaves_out_days_that_know_only_one_side() -> None:
    """Spend of a day without reported results would make each result look dearer."""
    values = values_of([row(10.0, 2, None), row(30.0, None, None)])
    assert (values["spend"], values["results"], values["cpa"]) == (40.0, 2, 5.0)
    assert (values["revenue"], values["roas"]) == (None, None)


def test_entities_are_sorted_by_spend_and_kept_apart_by_account() -> None:
    """Two accounts may use one id, and the newest name is shown."""
    rows = [
        row(5.0, 1, 1.0, name="Old"),
        row(5.0, 1, 1.0, name="New", date=DAY + timedelta(days=1)),
        row(30.0, 1, 1.0, account_id="act_2", name="Other"),
    ]
    assert [(each.name, each.values["spend"]) for each in by_entity(rows)] == [("Other", 30.0), ("New", 10.0)]


def test_every_day_of_the_period_is_there_and_silent_ones_are_unknown() -> None:
    """A chart must show a gap where nothing was reported."""
    days = DateRange(DAY, DAY + timedelta(days=2))
    found = by_day([row(5.0, 1, 1.0), row(7.0, 1, 1.0, date=days.until, date_stop=days.until)], days)
    assert [values["spend"] for _, values in found] == [5.0, None, 7.0]


def test_a_total_without_days_is_not_spread_over_days() -> None:
    """A period's total belongs to no day."""
    days = DateRange(DAY, DAY + timedelta(days=2))
    assert by_day([row(5.0, 1, 1.0, date_stop=days.until)], days) == ()
