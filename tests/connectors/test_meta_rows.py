"""Graph rows as facts: exact integers, absent is not zero, and drift is an error that names its place."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from aibuyer_kit.connectors.base import AccountFacts
from aibuyer_kit.connectors.meta.rows import entity_table, insight_table
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import PlatformError, SchemaDriftError
from aibuyer_kit.core.facts import entity_schema, insight_schema

ACCOUNT = AccountFacts("meta", "act_1", "Sample", "EUR", "Europe/Kyiv")
DAYS = DateRange(date(2026, 5, 1), date(2026, 5, 2))
ROW: dict[str, Any] = {
    "campaign_id": "10",
    "adset_id": "20",
    "ad_id": "30",
    "date_start": "2026-05-01",
    "date_stop": "2026-05-01",
    "account_currency": "EUR",
    "spend": "12.34",
    "impressions": "1000",
    "clicks": "50",
    "inline_link_clicks": "40",
    "reach": "900",
    "actions": [
        {"action_type": "purchase", "value": "3", "7d_click": "2", "1d_view": "1"},
        {"action_type": "link_click", "value": "40", "1d_click": "40", "7d_click": "40", "28d_click": "40"},
    ],
    "action_values": [{"action_type": "purchase", "value": "59.9", "7d_click": "40.1"}],
}


def table_of(*rows: object, level: Level = Level.AD, account: AccountFacts = ACCOUNT) -> pa.Table:
    return insight_table(rows, account=account, level=level, days=DAYS)


def only(*rows: object, **options: Any) -> dict[str, Any]:
    (row,) = table_of(*rows, **options).to_pylist()
    return row


def windows(action_type: str, *values: int | None) -> dict[str, object]:
    names = ("action_type", "total", "click_1d", "click_7d", "click_28d", "view_1d")
    return dict(zip(names, (action_type, *values), strict=True))


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in ROW.items() if name not in names}


def test_a_row_becomes_a_fact_of_the_agreed_schema() -> None:
    """Money in micros, counts as integers, actions by type and window, in the order of their types."""
    assert table_of(ROW).schema.equals(insight_schema())
    assert only(ROW) == {
        "platform": "meta",
        "account_id": "act_1",
        "level": "ad",
        "entity_id": "30",
        "date": date(2026, 5, 1),
        "date_stop": date(2026, 5, 1),
        "breakdown": "",
        "attribution": "account_default",
        "campaign_id": "10",
        "adset_id": "20",
        "currency": "EUR",
        "spend_micros": 12_340_000,
        "impressions": 1000,
        "clicks": 50,
        "link_clicks": 40,
        "reach": 900,
        "actions": [windows("link_click", 40, 40, 40, 40, None), windows("purchase", 3, None, 2, None, 1)],
        "action_values": [windows("purchase", 59_900_000, None, 40_100_000, None, None)],
    }


def test_the_order_in_which_actions_came_does_not_matter() -> None:
    """Else a restatement would be seen where nothing changed."""
    assert only(ROW | {"actions": ROW["actions"][::-1]}) == only(ROW)


def test_each_row_keeps_its_own_actions() -> None:
    """Also beside rows that have none."""
    other = ROW | {"ad_id": "31", "actions": [{"action_type": "lead", "value": "7"}]}
    table = table_of(without("actions") | {"ad_id": "29"}, ROW, without("actions", "action_values"), other)
    kinds = [[action["action_type"] for action in row] for row in table.column("actions").to_pylist()]
    assert kinds == [[], ["link_click", "purchase"], [], ["lead"]]


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("spend", "spend_micros"),
        ("impressions", "impressions"),
        ("clicks", "clicks"),
        ("inline_link_clicks", "link_clicks"),
        ("reach", "reach"),
    ],
)
def test_a_metric_that_is_absent_is_unknown_and_not_zero(field: str, column: str) -> None:
    """And a zero is a zero."""
    assert only(without(field))[column] is None
    assert only(ROW | {field: "0"})[column] == 0


def test_absent_actions_are_an_empty_list() -> None:
    """They were asked for, so none came: that is known."""
    row = only(without("actions", "action_values"))
    assert (row["actions"], row["action_values"]) == ([], [])


def test_a_count_with_zeros_after_the_point_is_whole() -> None:
    """3.0 is 3."""
    assert only(ROW | {"impressions": "3.0"})["impressions"] == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("impressions", "3.5"),
        ("impressions", 3),
        ("impressions", "-1"),
        ("impressions", "1e3"),
        ("impressions", "1_000"),
        ("impressions", ""),
        ("impressions", "9" * 19),
        ("clicks", True),
        ("reach", "\u0663"),
        ("spend", 12.34),
        ("spend", "NaN"),
        ("spend", "12,34"),
        ("spend", "1e5"),
        ("spend", " 1"),
        ("ad_id", 30),
        ("ad_id", ""),
        ("ad_id", None),
        ("adset_id", None),
        ("date_start", "2026-02-30"),
        ("date_start", "01.05.2026"),
        ("date_start", None),
        ("date_start", "2026-04-30"),
        ("date_stop", "2026-05-02"),
        ("date_stop", None),
        ("account_currency", "USD"),
        ("actions", {}),
        ("actions", ["purchase"]),
        ("actions", [{"value": "1"}]),
        ("actions", [{"action_type": "purchase", "value": "3.5"}]),
        ("actions", [{"action_type": "purchase", "amount": "3", "90d_click": "9"}]),
        ("actions", [{"action_type": "purchase", "value": "3"}, {"action_type": "purchase", "value": "4"}]),
        ("action_values", [{"action_type": "purchase", "1d_view": "x"}]),
    ],
    ids=lambda value: str(value)[:60] or "empty",
)
def test_a_value_that_is_not_as_documented_names_its_field_and_row(field: str, value: object) -> None:
    """It is neither mended nor dropped."""
    with pytest.raises(PlatformError, match=rf"Meta insights, row 2 of a page.*'{field}'"):
        table_of(ROW, ROW | {"ad_id": "31"} | {field: value})


def test_an_error_in_an_action_names_its_type_and_window() -> None:
    """Somebody has to find it."""
    bad = [{"action_type": "purchase", "value": "3", "7d_click": "0.5"}]
    with pytest.raises(PlatformError, match=r"row 1 .*ad_id '30'.*'actions'.*'purchase' in window '7d_click' is '0.5'"):
        table_of(ROW | {"actions": bad})


def test_a_row_that_is_no_object_is_an_error() -> None:
    """Even in the midst of good ones."""
    with pytest.raises(PlatformError, match="row 2 of a page: the row is NoneType"):
        table_of(ROW, None)


def test_withdrawn_windows_are_left_out() -> None:
    """An older API version still sends them; nobody asked."""
    legacy = [{"action_type": "purchase", "value": "3", "7d_view": "9", "28d_view": "9"}]
    assert only(ROW | {"actions": legacy})["actions"] == [windows("purchase", 3, None, None, None, None)]


def test_spend_is_in_currency_units_whatever_the_offset() -> None:
    """A yen has no minor unit on Meta, and insights do not speak of minor units at all."""
    yen = AccountFacts("meta", "act_1", "Sample", "JPY", "Asia/Tokyo")
    assert only(ROW | {"spend": "1500", "account_currency": "JPY"}, account=yen)["spend_micros"] == 1_500_000_000


@pytest.mark.parametrize(
    ("level", "ids"),
    [
        (Level.ACCOUNT, ("act_1", None, None)),
        (Level.CAMPAIGN, ("10", None, None)),
        (Level.ADSET, ("20", "10", None)),
        (Level.AD, ("30", "10", "20")),
    ],
)
def test_each_level_has_the_ids_of_those_above_it(level: Level, ids: tuple[str | None, ...]) -> None:
    """Its own id is not repeated."""
    row = only(ROW, level=level)
    assert (row["entity_id"], row["campaign_id"], row["adset_id"]) == ids


CAMPAIGN = {
    "id": "10",
    "name": "Sample | Prospecting",
    "status": "ACTIVE",
    "effective_status": "IN_PROCESS",
    "objective": "OUTCOME_SALES",
    "created_time": "2017-08-25T17:11:47-0700",
    "bid_strategy": "COST_CAP",
    "buying_type": "AUCTION",
}


def entity(row: object, level: Level = Level.CAMPAIGN, currency: str = "EUR") -> dict[str, Any]:
    account = AccountFacts("meta", "act_1", "Sample", currency, "Europe/Kyiv")
    (found,) = entity_table([row], account=account, level=level).to_pylist()
    return found


def test_an_object_becomes_a_fact_of_the_agreed_schema() -> None:
    """Times in UTC, budgets that are not there are null, what is special to Meta is in the attributes."""
    assert entity_table([CAMPAIGN], account=ACCOUNT, level=Level.CAMPAIGN).schema.equals(entity_schema())
    assert entity(CAMPAIGN) == {
        "platform": "meta",
        "account_id": "act_1",
        "level": "campaign",
        "entity_id": "10",
        "campaign_id": None,
        "adset_id": None,
        "name": "Sample | Prospecting",
        "status": "ACTIVE",
        "effective_status": "IN_PROCESS",
        "objective": "OUTCOME_SALES",
        "currency": "EUR",
        "time_zone": None,
        "daily_budget_micros": None,
        "lifetime_budget_micros": None,
        "created_at_utc": datetime(2017, 8, 26, 0, 11, 47, tzinfo=UTC).replace(tzinfo=None),
        "creative_id": None,
        "attributes": '{"bid_strategy":"COST_CAP","buying_type":"AUCTION","issues":"[]","labels":"[]"}',
    }


@pytest.mark.parametrize(
    ("currency", "daily_budget", "micros"),
    [("EUR", "12050", 120_500_000), ("JPY", "12050", 12_050_000_000), ("JOD", "12050", 120_500_000)],
)
def test_budgets_are_minor_units_by_metas_own_offsets(currency: str, daily_budget: str, micros: int) -> None:
    """Which are not ISO 4217's; a lifetime budget of "0" means that there is none."""
    row = entity(CAMPAIGN | {"daily_budget": daily_budget, "lifetime_budget": "0"}, currency=currency)
    assert (row["daily_budget_micros"], row["lifetime_budget_micros"]) == (micros, None)


def test_a_time_that_is_unset_is_null() -> None:
    """Meta writes it as the last second before 1970."""
    assert entity(CAMPAIGN | {"created_time": "1969-12-31T15:59:59-0800"})["created_at_utc"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", 10),
        ("name", 5),
        ("daily_budget", 12050),
        ("daily_budget", "120.50"),
        ("daily_budget", "-1"),
        ("created_time", "yesterday"),
        ("created_time", "2026-01-01T00:00:00"),
    ],
)
def test_an_object_that_is_not_as_documented_names_its_field(field: str, value: object) -> None:
    """Neither mended nor dropped."""
    with pytest.raises(PlatformError, match=rf"Meta campaign objects, row 1 of a page.*'{field}'"):
        entity(CAMPAIGN | {field: value})


def test_a_hostile_name_is_kept_as_it_is() -> None:
    """It is escaped on the way out, not here."""
    name = "<script>alert(1)</script>\n=HYPERLINK()\u202e\U0001f600"
    assert entity(CAMPAIGN | {"name": name})["name"] == name


def test_what_rules_ask_of_an_ad_set_is_kept_without_what_moves_by_itself() -> None:
    """The moment of the last edit, the bid in micros, labels, codes of issues, the stage of the learning phase."""
    row = {
        **CAMPAIGN,
        "id": "20",
        "campaign_id": "10",
        "updated_time": "2026-06-01T10:30:00+0300",
        "bid_amount": 1250,
        "adlabels": [{"id": "2", "name": "winter"}, {"id": "1", "name": "sale"}],
        "issues_info": [{"error_code": 1885316, "error_message": "told at 10:31"}, {"level": "AD_SET"}],
        "learning_stage_info": {"status": "LEARNING", "conversions": 12},
    }
    kept = json.loads(entity(row, level=Level.ADSET)["attributes"])
    assert {name: kept[name] for name in kept.keys() - {"bid_strategy"}} == {
        "updated_time": "2026-06-01T07:30:00+00:00",
        "bid_micros": "12500000",
        "labels": '["sale", "winter"]',
        "issues": '["1885316"]',
        "learning_stage": "LEARNING",
    }
    later = row | {
        "issues_info": [{"error_code": 1885316, "error_message": "told at 10:46"}],
        "learning_stage_info": {"status": "LEARNING", "conversions": 13},
    }
    assert entity(later, level=Level.ADSET) == entity(row, level=Level.ADSET)


def test_a_list_that_was_not_asked_for_is_unknown_and_not_empty() -> None:
    """Meta leaves empty lists out of its answers; a field that it refuses is left out of the question."""
    page = entity_table([CAMPAIGN], account=ACCOUNT, level=Level.CAMPAIGN, left_out={"adlabels"}).to_pylist()
    assert json.loads(page[0]["attributes"]).keys() == {"bid_strategy", "buying_type", "issues"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bid_amount", "12.5"),
        ("bid_amount", True),
        ("adlabels", "sale"),
        ("issues_info", [1]),
        ("learning_stage_info", "LEARNING"),
        ("updated_time", "2026-06-01T10:30:00"),
    ],
)
def test_a_field_of_another_form_is_told_and_not_guessed(field: str, value: object) -> None:
    """The row goes to the quarantine under the field's name."""
    with pytest.raises(SchemaDriftError, match=field):
        entity({**CAMPAIGN, "campaign_id": "10", field: value}, level=Level.ADSET)


def test_a_list_among_the_attributes_is_json() -> None:
    """Attributes are text, in an order that does not change."""
    row = entity({"id": "act_1", "account_status": 1}, level=Level.ACCOUNT)
    assert (row["attributes"], row["time_zone"]) == ('{"account_status":"1"}', "Europe/Kyiv")
