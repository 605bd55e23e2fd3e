"""One ad account as a connector: what is asked of Meta, and what comes out as facts."""

import json
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from aibuyer_kit.connectors.base import AccountFacts, Connector, EntityStream, InsightStream
from aibuyer_kit.connectors.meta import AccountTotals, MetaConnector, MetaCredentials
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import (
    InvalidIdError,
    MoneyError,
    PlatformError,
    SettingsError,
    TooMuchDataError,
    TransientError,
)

from .scripted_graph import Scripted, ScriptedGraph, good, graph_error

NODE = {
    "id": "act_1",
    "name": "Sample Shop",
    "currency": "EUR",
    "timezone_name": "Europe/Kyiv",
    "account_status": 1,
    "created_time": "2024-01-01T00:00:00+0200",
}
DAYS = DateRange(date(2026, 5, 1), date(2026, 5, 4))
TOO_MUCH = graph_error(400, 100, 1487534)


@pytest.fixture
def connector(graph: ScriptedGraph, clock: ManualClock) -> MetaConnector:
    return meta(graph, clock)


def meta(graph: ScriptedGraph, clock: ManualClock, account_id: str = "act_1", page_size: int = 500) -> MetaConnector:
    credentials = MetaCredentials(SecretStr("token"))
    return MetaConnector(account_id, credentials, graph_url=graph.url, clock=clock, page_size=page_size)


def row(ad_id: str, day: str = "2026-05-01", **more: object) -> dict[str, object]:
    ids = {"campaign_id": "10", "adset_id": "20", "ad_id": ad_id}
    return {**ids, "date_start": day, "date_stop": day, "spend": "1.50", "impressions": "10", "clicks": "1", **more}


def page(*rows: dict[str, object], after: str = "") -> Scripted:
    paging = {"cursors": {"after": after}} | ({"next": "https://elsewhere/"} if after else {})
    return good({"data": list(rows), "paging": paging})


def insight_ids(connector: MetaConnector, days: DateRange = DAYS) -> list[str]:
    tables = connector.fetch(InsightStream(Level.AD, days))
    return [entity_id for table in tables for entity_id in table.column("entity_id").to_pylist()]


def ranges(graph: ScriptedGraph) -> list[str]:
    """Return the days that were asked for, as 05-01..05-02 with the page size where it matters."""
    asked = [json.loads(each.query["time_range"]) for each in graph.asked if "time_range" in each.query]
    return [f"{each['since'][5:]}..{each['until'][5:]}" for each in asked]


def test_it_is_a_connector(connector: MetaConnector) -> None:
    """The type checker holds it to the shape; here are the names that are part of every key."""
    shape: Connector = connector
    assert (shape.platform, shape.account_id, shape.attribution) == ("meta", "act_1", "account_default")


def test_the_account_is_read_once(graph: ScriptedGraph, connector: MetaConnector) -> None:
    """Name, currency and time zone."""
    graph.answers(good(NODE))
    assert connector.account() == AccountFacts("meta", "act_1", "Sample Shop", "EUR", "Europe/Kyiv")
    assert connector.account() is connector.account()
    assert [each.path for each in graph.asked] == ["/v26.0/act_1/"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"id": "act_2"}, PlatformError),
        ({"currency": None}, PlatformError),
        ({"currency": "XXX"}, MoneyError),
        ({"timezone_name": "Mars/Olympus"}, SettingsError),
    ],
    ids=["another account", "no currency", "unknown currency", "unknown time zone"],
)
def test_an_account_that_cannot_be_trusted_is_refused(
    graph: ScriptedGraph, connector: MetaConnector, change: dict[str, object], kind: type[Exception]
) -> None:
    """Before any figure is read in the wrong currency or day."""
    graph.answers(good(NODE | change))
    with pytest.raises(kind):
        connector.account()


@pytest.mark.parametrize("account_id", ["1", "act_", "act_1/../2", "ACT_1", "act_1?fields=x", ""])
def test_a_malformed_account_id_is_refused(graph: ScriptedGraph, clock: ManualClock, account_id: str) -> None:
    """It is part of every address."""
    with pytest.raises(InvalidIdError, match="act_123"):
        meta(graph, clock, account_id)


def test_the_platforms_time_is_asked_for_if_nothing_was_read_yet(
    graph: ScriptedGraph, connector: MetaConnector
) -> None:
    """Afterwards it is known from the latest answer."""
    graph.answers(good(NODE), good(NODE, Date="Mon, 01 Jun 2026 07:00:00 GMT"))
    assert connector.platform_time() == datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
    connector.account()
    assert connector.platform_time() == datetime(2026, 6, 1, 7, 0, tzinfo=UTC)
    assert len(graph.asked) == 2


def test_a_platform_that_does_not_tell_its_time_is_an_error(graph: ScriptedGraph, connector: MetaConnector) -> None:
    """Our own clock would give the data a false age."""
    graph.answers(good(NODE, Date=""))
    with pytest.raises(PlatformError, match="Date"):
        connector.platform_time()


def test_daily_insights_are_asked_for_with_all_windows(graph: ScriptedGraph, connector: MetaConnector) -> None:
    """One row per ad and day; breakdowns and dates are not fields."""
    graph.answers(good(NODE), page(row("30")))
    assert insight_ids(connector) == ["30"]
    asked = graph.asked[1]
    assert asked.path == "/v26.0/act_1/insights"
    assert {name: asked.query[name] for name in ("level", "time_increment", "limit")} == {
        "level": "ad",
        "time_increment": "1",
        "limit": "500",
    }
    assert json.loads(asked.query["time_range"]) == {"since": "2026-05-01", "until": "2026-05-04"}
    assert json.loads(asked.query["action_attribution_windows"]) == ["1d_click", "7d_click", "28d_click", "1d_view"]
    ids, metrics = "campaign_id,adset_id,ad_id", "spend,impressions,clicks,inline_link_clicks,reach"
    assert asked.query["fields"] == f"{ids},account_currency,{metrics},actions,action_values"


def test_small_pages_come_in_one_table_and_empty_ones_are_left_out(
    graph: ScriptedGraph, connector: MetaConnector
) -> None:
    """A table for each would cost the warehouse more than its rows."""
    graph.answers(good(NODE), page(row("30"), row("31"), after="x"), page(after="y"), page(row("32")))
    assert [table.num_rows for table in connector.fetch(InsightStream(Level.AD, DAYS))] == [3]


def test_a_range_that_is_too_large_is_read_in_halves(graph: ScriptedGraph, connector: MetaConnector) -> None:
    """Down to the days that go through, oldest first, each day once."""
    graph.answers(good(NODE), TOO_MUCH, TOO_MUCH, page(row("1", "2026-05-01")), page(row("2", "2026-05-02")))
    graph.answers(page(row("3", "2026-05-03"), row("4", "2026-05-04")))
    assert insight_ids(connector) == ["1", "2", "3", "4"]
    assert ranges(graph) == ["05-01..05-04", "05-01..05-02", "05-01..05-01", "05-02..05-02", "05-03..05-04"]


def test_a_day_that_is_too_large_is_read_in_smaller_pages(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Nothing is left to halve but the page."""
    graph.answers(good(NODE), TOO_MUCH, page(row("1")))
    day = DateRange(DAYS.since, DAYS.since)
    assert insight_ids(meta(graph, clock, page_size=100), day) == ["1"]
    assert [each.query["limit"] for each in graph.asked[1:]] == ["100", "50"]


def test_a_later_page_that_is_too_large_does_not_start_the_range_again(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """Rows that were given already must not come twice."""
    graph.answers(good(NODE), page(row("1"), after="x"), TOO_MUCH, page(row("2")))
    assert insight_ids(meta(graph, clock, page_size=100)) == ["1", "2"]
    assert [(each.query["limit"], each.query.get("after")) for each in graph.asked[1:]] == [
        ("100", None),
        ("100", "x"),
        ("50", "x"),
    ]


def test_a_day_that_stays_too_large_is_an_error(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Not a day with holes."""
    graph.answers(good(NODE), *[TOO_MUCH] * 9)
    with pytest.raises(TooMuchDataError, match="Ask for fewer days or smaller pages"):
        insight_ids(meta(graph, clock, page_size=25))


def test_a_read_that_fails_in_mid_way_ends_with_an_error(graph: ScriptedGraph, connector: MetaConnector) -> None:
    """What came before stays with the caller, who knows that it is not all."""
    graph.answers(good(NODE), page(row("1"), after="x"), *[graph_error(500, 2)] * 9)
    tables = connector.fetch(InsightStream(Level.AD, DAYS))
    assert next(tables).num_rows == 1
    with pytest.raises(TransientError):
        next(tables)
    assert (connector.counts.calls, connector.counts.retries) == (7, 4)


@pytest.mark.parametrize(
    ("level", "edge", "ids"),
    [
        (Level.CAMPAIGN, "campaigns", {}),
        (Level.ADSET, "adsets", {"campaign_id": "10"}),
        (Level.AD, "ads", {"campaign_id": "10", "adset_id": "20"}),
    ],
)
def test_objects_come_from_the_edge_of_their_level(
    graph: ScriptedGraph, connector: MetaConnector, level: Level, edge: str, ids: dict[str, str]
) -> None:
    """With the ids of what they belong to."""
    graph.answers(good(NODE), page({"id": "7", "name": "Sample", **ids}))
    (table,) = connector.fetch(EntityStream(level))
    (found,) = table.to_pylist()
    assert (found["entity_id"], found["level"], found["campaign_id"]) == ("7", str(level), ids.get("campaign_id"))
    assert graph.asked[1].path == f"/v26.0/act_1/{edge}"
    assert {"id", "name", "status", "effective_status", *ids} <= set(graph.asked[1].query["fields"].split(","))


def test_the_account_is_an_object_too(graph: ScriptedGraph, connector: MetaConnector) -> None:
    """Read afresh, because its status may have changed since."""
    graph.answers(good(NODE), good(NODE | {"account_status": 2}))
    (table,) = connector.fetch(EntityStream(Level.ACCOUNT))
    (found,) = table.to_pylist()
    assert (found["entity_id"], found["name"], found["time_zone"]) == ("act_1", "Sample Shop", "Europe/Kyiv")
    assert json.loads(found["attributes"]) == {"account_status": "2"}


def test_account_totals_are_the_platforms_own_sums(graph: ScriptedGraph, connector: MetaConnector) -> None:
    """Asked for as one row over all days."""
    total = {"spend": "1234.56", "impressions": "7890", "clicks": "123"}
    graph.answers(page(total | {"date_start": "2026-05-01", "date_stop": "2026-05-04"}))
    assert connector.account_totals(DAYS) == AccountTotals(1_234_560_000, 7890, 123)
    assert graph.asked[0].query["level"] == "account"
    assert "time_increment" not in graph.asked[0].query


def test_account_totals_of_an_idle_period_are_zero(graph: ScriptedGraph, connector: MetaConnector) -> None:
    """Meta gives no row where nothing was delivered."""
    graph.answers(page())
    assert connector.account_totals(DAYS) == AccountTotals(0, 0, 0)


@pytest.mark.parametrize(
    "rows",
    [[row("1"), row("2")], [{"spend": "1.00", "impressions": "3"}]],
    ids=["two rows", "a metric is missing"],
)
def test_account_totals_that_are_not_one_whole_row_are_an_error(
    graph: ScriptedGraph, connector: MetaConnector, rows: list[dict[str, object]]
) -> None:
    """Reconciling against a wrong sum would be worse than none."""
    graph.answers(page(*rows))
    with pytest.raises(PlatformError, match="account totals"):
        connector.account_totals(DAYS)
