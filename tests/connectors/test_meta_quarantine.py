"""One bad row costs nothing but itself: it is handed over with its reason, and the others are read."""

import json
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr

from aibuyer_kit.connectors.base import CreativeStream, EntityStream, InsightStream, ReachStream, Stream
from aibuyer_kit.connectors.meta import MetaConnector, MetaCredentials
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import SchemaDriftError
from aibuyer_kit.core.unreadable import UnreadableRow

from .scripted_graph import ScriptedGraph, good
from .test_meta_streams import DAYS, NODE, meta, page, row

STREAM = InsightStream(Level.AD, DAYS)
FIRST = DateRange(DAYS.since, DAYS.since)


def read(connector: MetaConnector, stream: Stream = STREAM) -> tuple[list[dict[str, Any]], list[UnreadableRow]]:
    rejected: list[UnreadableRow] = []
    tables = list(connector.fetch(stream, rejected=rejected.append))
    assert all(len(table) for table in tables)
    return [each for table in tables for each in table.to_pylist()], rejected


@pytest.mark.parametrize(
    ("spoilt", "field", "reason", "key"),
    [
        ({"spend": "abc"}, "spend", "'abc'", ("2", FIRST)),
        ({"spend": "9" * 30}, "spend", "amount", ("2", FIRST)),
        ({"spend": 1.5}, "spend", "1.5", ("2", FIRST)),
        ({"clicks": "-1"}, "clicks", "'-1'", ("2", FIRST)),
        ({"impressions": "9" * 19}, "impressions", "whole number", ("2", FIRST)),
        ({"date_start": "2026-04-30", "date_stop": "2026-04-30"}, "date_start", "outside", ("2", None)),
        ({"date_start": "2026-05-32"}, "date_start", "2026-05-32", ("2", None)),
        ({"date_stop": "2026-05-02"}, "date_stop", "not the same day", ("2", None)),
        ({"ad_id": None}, "ad_id", "missing", (None, FIRST)),
        ({"ad_id": ""}, "ad_id", "not text", (None, FIRST)),
        ({"adset_id": 20}, "adset_id", "20", ("2", FIRST)),
        ({"account_currency": "USD"}, "account_currency", "USD", ("2", FIRST)),
        ({"actions": [{"value": "1"}]}, "actions", "no action_type", ("2", FIRST)),
        ({"actions": [{"action_type": "lead", "value": "x"}]}, "actions", "'lead'", ("2", FIRST)),
        ({"action_values": "none"}, "action_values", "not a list", ("2", FIRST)),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_row_that_cannot_be_read_names_its_field_and_key_and_the_others_are_read(
    graph: ScriptedGraph,
    clock: ManualClock,
    spoilt: dict[str, object],
    field: str,
    reason: str,
    key: tuple[str | None, DateRange | None],
) -> None:
    """In its middle, before a page behind it."""
    bad = row("2") | spoilt
    graph.answers(good(NODE), page(row("1"), bad, row("3"), after="x"), page(row("4")))
    rows, (rejected,) = read(meta(graph, clock))
    assert [each["entity_id"] for each in rows] == ["1", "3", "4"]
    assert (rejected.field, rejected.entity_id, rejected.days) == (field, *key)
    assert reason in rejected.reason
    assert (rejected.breakdown, rejected.asked) == ("", DAYS)
    assert json.loads(rejected.raw) == {name: value for name, value in bad.items() if value is not None}


def test_a_row_that_is_no_object_has_no_key(graph: ScriptedGraph, clock: ManualClock) -> None:
    """It may be any."""
    graph.answers(good(NODE), good({"data": [row("1"), None, row("2")]}))
    rows, (rejected,) = read(meta(graph, clock))
    assert len(rows) == 2
    assert (rejected.raw, rejected.entity_id, rejected.days, rejected.breakdown) == ("null", None, None, None)


def test_the_breakdown_belongs_to_the_key(graph: ScriptedGraph, clock: ManualClock) -> None:
    """One that cannot be read is unknown; one that is not told has a value of its own."""
    by_age = InsightStream(Level.AD, DAYS, ("age",))
    bad = [row("1", age="18-24", spend="x"), row("2", age=18), row("3", spend="x")]
    graph.answers(good(NODE), page(row("4", age="18-24"), *bad))
    _, rejected = read(meta(graph, clock), by_age)
    assert [each.breakdown for each in rejected] == ['{"age":"18-24"}', None, '{"age":""}']


CAMPAIGN = {"id": "10", "name": "Sample", "status": "ACTIVE"}
MAY_4 = DateRange(date(2026, 5, 4), date(2026, 5, 4))
WINDOW = {"ad_id": "7", "adset_id": "6", "campaign_id": "5", "date_start": "2026-04-28", "date_stop": "2026-05-04"}


@pytest.mark.parametrize(
    ("stream", "fine", "bad", "field", "days"),
    [
        (EntityStream(Level.CAMPAIGN), CAMPAIGN, {"daily_budget": "-1"}, "daily_budget", None),
        (EntityStream(Level.CAMPAIGN), CAMPAIGN, {"created_time": "0001-01-01T00:00:00+0500"}, "created_time", None),
        (CreativeStream(), {"id": "8", "title": "Sample"}, {"title": 5}, "title", None),
        (ReachStream(Level.AD, 7, MAY_4), WINDOW | {"reach": "5"}, {"reach": "5.5"}, "reach", MAY_4),
    ],
    ids=["object", "object of the year 1", "creative", "reach"],
)
def test_objects_creatives_and_reach_are_parted_too(
    graph: ScriptedGraph,
    clock: ManualClock,
    stream: Stream,
    fine: dict[str, object],
    bad: dict[str, object],
    field: str,
    days: DateRange | None,
) -> None:
    """Each under its own id."""
    name = "ad_id" if isinstance(stream, ReachStream) else "id"
    graph.answers(good(NODE), good({"data": [fine, fine | {name: "99"} | bad]}))
    rows, (rejected,) = read(meta(graph, clock), stream)
    assert len(rows) == 1
    assert (rejected.entity_id, rejected.field, rejected.days, rejected.has_whole_key) == ("99", field, days, True)


@pytest.mark.parametrize(
    ("rows", "bad", "is_drift"), [(60, 6, False), (60, 7, True), (5, 4, False), (2, 2, True), (1, 1, False)]
)
def test_more_than_a_tenth_of_a_page_or_all_of_it_is_another_format(
    graph: ScriptedGraph, clock: ManualClock, rows: int, bad: int, is_drift: bool
) -> None:
    """Then nothing of the page is a fact, and the stream fails by name."""
    answer = page(*(row(str(number), spend="abc" if number < bad else "1.00") for number in range(rows)))
    graph.answers(good(NODE), answer)
    if not is_drift:
        found, rejected = read(meta(graph, clock))
        assert (len(found), len(rejected)) == (rows - bad, bad)
        return
    with pytest.raises(SchemaDriftError, match=rf"{bad} of {rows} rows of a page .*'spend' is 'abc'"):
        read(meta(graph, clock))


def test_small_pages_of_another_format_are_noticed_over_the_whole_read(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """One bad row is too few to tell; two of two are not."""
    pages = [page(row(str(n), spend="x"), after=str(n)) for n in range(2)]
    graph.answers(good(NODE), *pages)
    with pytest.raises(SchemaDriftError, match="2 of 2 rows so far"):
        read(meta(graph, clock))


def test_a_window_that_the_platform_adds_is_left_out_and_told_and_costs_no_row(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """In every row of two pages: what was known before reads as it did, and one notice says what came besides."""
    lead = {"action_type": "lead", "value": "3", "7d_click": "2"}
    purchase = {"action_type": "purchase", "value": "9.5"}
    known = [row(str(number), actions=[lead], action_values=[purchase]) for number in range(4)]
    more = [
        each | {"actions": [lead | {"14d_click": "2", "1d_ev": "1"}], "action_values": [purchase | {"14d_click": "9"}]}
        for each in known
    ]
    plain, grown = meta(graph, clock), meta(graph, clock)
    graph.answers(good(NODE), page(*known[:2], after="x"), page(*known[2:]))
    before, _ = read(plain)
    graph.answers(good(NODE), page(*more[:2], after="x"), page(*more[2:]))
    assert read(grown) == (before, [])
    assert plain.notices == []
    (notice,) = grown.notices
    assert "schema drift: actions held keys that are not known ('14d_click' in 8, '1d_ev' in 4 actions)" in notice


def test_an_action_whose_windows_are_all_called_otherwise_is_a_bad_row(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """Taken for one without figures it would make results unknown in silence."""
    renamed = {"action_type": "lead", "total": "3", "click_7d": "2"}
    graph.answers(good(NODE), page(row("1"), row("2", actions=[renamed])))
    rows, (rejected,) = read(meta(graph, clock))
    assert [each["entity_id"] for each in rows] == ["1"]
    assert "'lead' has no window that is known, but 'click_7d', 'total'" in rejected.reason


def test_without_a_place_to_keep_it_the_first_bad_row_ends_the_read(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Nobody would learn of it otherwise."""
    graph.answers(good(NODE), page(row("1"), row("2", spend="abc")))
    with pytest.raises(SchemaDriftError, match="'spend' is 'abc'"):
        list(meta(graph, clock).fetch(STREAM))


def test_a_secret_in_a_bad_row_is_not_kept(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Neither the connector's own token nor what looks like one; the rest is as it came."""
    connector = MetaConnector("act_1", MetaCredentials(SecretStr("canary-token")), graph_url=graph.url, clock=clock)
    spoilt = {"spend": "EAAcanary123", "clicks": "canary-token", "access_token": "canary", "note": "a\nb"}
    graph.answers(good(NODE), page(row("1"), row("2", **spoilt)))
    _, (rejected,) = read(connector)
    assert "canary" not in rejected.raw + rejected.reason
    assert json.loads(rejected.raw) == row("2", spend="***", clicks="***", access_token="***", note="a\nb")
