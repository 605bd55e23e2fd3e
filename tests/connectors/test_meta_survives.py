"""What a platform does to a read in its middle: row for row the truth, or an error that says it is incomplete."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from aibuyer_kit.connectors.base import CreativeStream, EntityStream, InsightStream, ReachStream, Stream
from aibuyer_kit.connectors.budget import CallBudget
from aibuyer_kit.connectors.meta import MetaConnector, MetaCredentials
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import (
    AuthorisationError,
    InputError,
    PlatformError,
    RateLimitError,
    RefusedError,
    SchemaDriftError,
    TransientError,
)

from .scripted_graph import Scripted, ScriptedGraph, good, graph_error
from .test_meta_streams import DAYS, NODE, TOO_MUCH, meta, page, ranges, row

EXPIRED = graph_error(401, 190, 463)
LOST_SCOPE = graph_error(403, 200, message="(#200) Requires ads_read permission")
STREAM = InsightStream(Level.AD, DAYS)
DAY = DateRange(DAYS.since, DAYS.since)


def read(connector: MetaConnector, stream: Stream = STREAM, **options: Any) -> list[dict[str, Any]]:
    return [each for table in connector.fetch(stream, **options) for each in table.to_pylist()]


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [each["entity_id"] for each in rows]


def until_error(connector: MetaConnector, stream: Stream = STREAM) -> tuple[list[str], PlatformError]:
    """Return what a read gave before its error, and the error."""
    given: list[str] = []
    try:
        for table in connector.fetch(stream):
            given += table["entity_id"].to_pylist()
    except PlatformError as error:
        return given, error
    raise AssertionError("the read ended without an error")


@pytest.mark.parametrize("refusal", [EXPIRED, LOST_SCOPE], ids=["expired", "lost scope"])
def test_a_token_that_ends_in_mid_read_leaves_a_checkpoint_to_go_on_from(
    graph: ScriptedGraph, clock: ManualClock, refusal: Scripted
) -> None:
    """One error; with a fresh token every row comes once, and none is asked for again."""
    graph.answers(good(NODE), page(row("1"), after="x"), page(row("2"), after="y"), refusal)
    connector = meta(graph, clock)
    given, error = until_error(connector)
    assert given == ["1", "2"]
    assert isinstance(error, AuthorisationError)
    assert connector.checkpoint is not None
    graph.answers(good(NODE), page(row("3"), after="z"), page(row("4")))
    fresh = meta(graph, clock)
    assert ids(read(fresh, connector.checkpoint.stream, after=connector.checkpoint)) == ["3", "4"]
    assert [each.query.get("after") for each in graph.asked[-2:]] == ["y", "z"]
    assert fresh.checkpoint is None


def test_a_checkpoint_holds_the_ranges_that_were_not_begun(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Halves that a range was cut into are left as they are."""
    graph.answers(good(NODE), TOO_MUCH, page(row("1", "2026-05-01")), EXPIRED)
    connector = meta(graph, clock)
    assert until_error(connector)[0] == ["1"]
    graph.answers(good(NODE), page(row("3", "2026-05-03")))
    assert ids(read(meta(graph, clock), STREAM, after=connector.checkpoint)) == ["3"]
    assert ranges(graph)[-1] == "05-03..05-04"


@pytest.mark.parametrize(
    "bad",
    [
        Scripted(502, b"<html><h1>502 Bad Gateway</h1></html>", {"Content-Type": "text/html"}),
        Scripted(200, b'{"data": [{"ad_id": "2", "campaign_id": "10"'),
        Scripted(200, b'{"data": [', {}, cut_bytes=40),
        Scripted(200, page(row("2")).body.replace(b'"clicks"', b'"clicks": "9", "clicks"')),
        page(row("2"), after="x"),
        graph_error(500, 1, 99, is_transient=True),
    ],
    ids=["HTML 502", "cut JSON", "cut connection", "key twice", "repeated cursor", "unknown"],
)
@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_passing_fault_in_mid_read_changes_no_row(
    graph: ScriptedGraph, clock: ManualClock, bad: Scripted, in_flight: int
) -> None:
    """The page is asked for again, and counts once."""
    graph.answers(good(NODE), page(row("1"), after="x"), bad, page(row("2"), after="y"), page(row("3")))
    connector = meta(graph, clock)
    connector.in_flight = in_flight
    assert ids(read(connector)) == ["1", "2", "3"]


@pytest.mark.parametrize(
    "drift",
    [
        {"spend": 1.5},
        {"spend": None, "impressions": 3},
        {"actions": [{"action_type": "lead", "90d_click": "2"}]},
        {"ad_id": None},
    ],
)
def test_another_form_of_rows_is_schema_drift_and_keeps_what_came_before(
    graph: ScriptedGraph, clock: ManualClock, drift: dict[str, object]
) -> None:
    """Named, not retried, and never a complete read."""
    graph.answers(good(NODE), page(row("1"), after="x"), page(row("2") | drift, after="y"), page(row("3")))
    given, error = until_error(meta(graph, clock))
    assert isinstance(error, SchemaDriftError)
    assert "2" not in given
    assert "3" not in given


def test_a_new_field_is_no_drift(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Platforms add fields; what was asked for is there."""
    graph.answers(good(NODE), page(row("1") | {"quality": {"score": 7}}))
    assert ids(read(meta(graph, clock))) == ["1"]


def test_duplicate_keys_that_stay_are_an_error(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Either value would be a guess."""
    twice = Scripted(200, page(row("1")).body.replace(b'"clicks"', b'"clicks": "9", "clicks"'))
    graph.answers(good(NODE), *[twice] * 5)
    given, error = until_error(meta(graph, clock))
    assert given == []
    assert isinstance(error, TransientError)
    assert "names a key twice" in str(error)


def test_half_a_character_in_a_name_is_shown_as_such_and_told(graph: ScriptedGraph, clock: ManualClock) -> None:
    """A name that was cut in an emoji must not stop all names."""
    body = b'{"data": [{"id": "7", "name": "Sale \\ud83d", "campaign_id": "1"}, {"id": "8", "name": "\\ud83d\\ude00"}]}'
    graph.answers(good(NODE), Scripted(200, body))
    connector = meta(graph, clock)
    rows = read(connector, EntityStream(Level.CAMPAIGN))
    assert [each["name"] for each in rows] == ["Sale \ufffd", "\U0001f600"]
    assert len(connector.notices) == 1
    assert "half a character" in connector.notices[0]


def test_amounts_that_had_to_be_rounded_are_counted_with_their_drift(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Half-up to a micro; zeros at the end are no drift."""
    values = [{"action_type": "purchase", "value": "3.00000049", "1d_click": "1.5000000"}]
    graph.answers(good(NODE), page(row("1") | {"spend": "1.0000005", "action_values": values}, row("2")))
    connector = meta(graph, clock)
    rows = read(connector)
    assert rows[0]["spend_micros"] == 1_000_001
    assert rows[0]["action_values"][0]["total"] == 3_000_000
    (notice,) = connector.notices
    assert notice.startswith("act_1 ad insights 2026-05-01 to 2026-05-04: 2 amounts with more than six decimals")
    assert notice.endswith("were rounded, by 0.01 micros in all.")


def test_a_field_that_is_refused_is_left_out_and_told_once(graph: ScriptedGraph, clock: ManualClock) -> None:
    """The rest is read without it, now and later; what it told is unknown, not zero."""
    refused = graph_error(400, 100, message="(#100) actions is not valid for fields param.")
    graph.answers(good(NODE), refused, page(row("1") | {"clicks": "5"}), page(row("2")))
    connector = meta(graph, clock)
    assert [(each["actions"], each["action_values"], each["clicks"]) for each in read(connector)] == [(None, [], 5)]
    read(connector)
    assert ["actions" in each.query["fields"].split(",") for each in graph.asked[1:]] == [True, False, False]
    assert len(connector.notices) == 1
    assert "'actions'" in connector.notices[0]


def test_a_field_without_which_a_row_says_something_else_is_not_left_out(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """A day without spend would be a wrong day."""
    graph.answers(good(NODE), graph_error(400, 100, message="(#100) spend is not valid for fields param."))
    with pytest.raises(RefusedError):
        read(meta(graph, clock))


def test_a_breakdown_that_is_refused_ends_its_stream_and_is_told(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Coarser rows under the same name would be wrong; other streams go on."""
    graph.answers(good(NODE), graph_error(400, 100, message="(#100) breakdowns: dma is not valid."), page(row("1")))
    connector = meta(graph, clock)
    with pytest.raises(RefusedError):
        read(connector, InsightStream(Level.AD, DAYS, ("dma",)))
    assert any("'dma'" in notice for notice in connector.notices)
    assert ids(read(connector)) == ["1"]


def test_breakdowns_are_asked_for_and_stand_in_the_key(graph: ScriptedGraph, clock: ManualClock) -> None:
    """As canonical JSON; they are not fields."""
    graph.answers(good(NODE), page(row("1", age="25-34", gender="male"), row("1", age="25-34", gender="female")))
    stream = InsightStream(Level.AD, DAYS, ("gender", "age"))
    rows = read(meta(graph, clock), stream)
    assert [each["breakdown"] for each in rows] == [
        '{"age":"25-34","gender":"male"}',
        '{"age":"25-34","gender":"female"}',
    ]
    assert graph.asked[1].query["breakdowns"] == "gender,age"
    assert "age" not in graph.asked[1].query["fields"].split(",")
    assert stream.breakdown_names == ("age", "gender")


def test_hours_are_a_breakdown_of_two_digits(graph: ScriptedGraph, clock: ManualClock) -> None:
    """And a row that does not tell its hour is kept under an empty one, and told."""
    hour = "hourly_stats_aggregated_by_advertiser_time_zone"
    graph.answers(good(NODE), page(row("1", **{hour: "07:00:00 - 07:59:59"}), row("1")))
    connector = meta(graph, clock)
    rows = read(connector, InsightStream(Level.AD, DAYS, hourly=True))
    assert [each["breakdown"] for each in rows] == ['{"hour":"07"}', '{"hour":""}']
    assert graph.asked[1].query["breakdowns"] == hour
    assert "reach" not in graph.asked[1].query["fields"].split(",")
    assert "1 rows did not tell their breakdown" in connector.notices[0]


def test_an_hour_of_another_form_is_drift(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Half past seven is no hour."""
    hour = "hourly_stats_aggregated_by_advertiser_time_zone"
    graph.answers(good(NODE), page(row("1", **{hour: "07:30:00 - 08:29:59"})))
    with pytest.raises(SchemaDriftError, match="not an hour"):
        read(meta(graph, clock), InsightStream(Level.AD, DAYS, hourly=True))


@pytest.mark.parametrize("options", [{"breakdowns": ("age", "age")}, {"breakdowns": ("a-b",)}])
def test_breakdowns_that_make_no_key_are_refused(options: dict[str, Any]) -> None:
    """Before anything is asked."""
    with pytest.raises(InputError, match="breakdowns"):
        InsightStream(Level.AD, DAYS, **options)


def test_reach_is_read_once_per_window(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Each window is a question of its own, for people are counted once in it."""
    ends = DateRange(DAYS.since.replace(day=2), DAYS.since.replace(day=3))
    first = row("1") | {"date_start": "2026-04-26", "date_stop": "2026-05-02", "reach": "900"}
    second = row("1") | {"date_start": "2026-04-27", "date_stop": "2026-05-03", "reach": "910"}
    graph.answers(good(NODE), page(first), page(second))
    rows = read(meta(graph, clock), ReachStream(Level.AD, 7, ends))
    assert [(each["window_days"], str(each["date_stop"]), each["reach"]) for each in rows] == [
        (7, "2026-05-02", 900),
        (7, "2026-05-03", 910),
    ]
    assert ranges(graph) == ["04-26..05-02", "04-27..05-03"]
    assert all("time_increment" not in each.query for each in graph.asked)


def test_reach_of_another_period_is_drift(graph: ScriptedGraph, clock: ManualClock) -> None:
    """A row per day would look like seven windows."""
    graph.answers(good(NODE), page(row("1", "2026-05-02") | {"reach": "900"}))
    with pytest.raises(SchemaDriftError, match="not the one asked for"):
        read(meta(graph, clock), ReachStream(Level.AD, 7, DAY))


def test_creatives_are_told_from_wherever_their_story_stands(graph: ScriptedGraph, clock: ManualClock) -> None:
    """In the creative itself, or in the post that it shows; a signature of a picture is no change."""
    story = {"page_id": "5", "link_data": {"message": "Hi", "link": "https://shop.example/", "name": "Sale"}}
    plain = {"id": "1", "name": "A", "title": "T", "body": "B", "call_to_action_type": "SHOP_NOW", "status": "ACTIVE"}
    posted = {"id": "2", "object_story_spec": story, "thumbnail_url": "https://x.fbcdn.net/a.jpg?oh=1&oe=2"}
    graph.answers(good(NODE), page(plain, posted))
    first, second = read(meta(graph, clock), CreativeStream())
    assert (first["creative_id"], first["title"], first["call_to_action"]) == ("1", "T", "SHOP_NOW")
    assert (second["title"], second["body"], second["link_url"]) == ("Sale", "Hi", "https://shop.example/")
    assert (second["thumbnail_url"], second["attributes"]) == ("https://x.fbcdn.net/a.jpg", '{"page_id":"5"}')
    assert graph.asked[1].path == "/v26.0/act_1/adcreatives"


def test_archived_and_deleted_objects_are_listed(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Their rows of insights need names and parents."""
    ad = {"id": "7", "status": "DELETED", "campaign_id": "1", "adset_id": "2", "creative": {"id": "9"}}
    graph.answers(good(NODE), page(ad))
    (found,) = read(meta(graph, clock), EntityStream(Level.AD))
    assert (found["status"], found["creative_id"]) == ("DELETED", "9")
    assert {"ARCHIVED", "DELETED", "ADSET_PAUSED"} <= set(json.loads(graph.asked[1].query["effective_status"]))


def usage(percent: int, **more: object) -> str:
    return json.dumps({"call_count": percent, "total_cputime": 1, "total_time": 2, **more})


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("X-App-Usage", usage(96)),
        ("X-Ad-Account-Usage", json.dumps({"acc_id_util_pct": 96, "reset_time_duration": 60})),
        ("X-Business-Use-Case-Usage", json.dumps({"9": [{"type": "a"}, {"type": "b", "total_time": 96}]})),
        ("X-FB-Ads-Insights-Throttle", json.dumps({"app_id_util_pct": 96, "acc_id_util_pct": 3})),
        ("X-FB-Ads-Insights-Throttle", json.dumps({"app_id_util_pct": 3, "acc_id_util_pct": 96})),
    ],
)
def test_every_usage_header_can_pause_the_next_call(
    graph: ScriptedGraph, clock: ManualClock, header: str, text: str
) -> None:
    """Before the platform has to refuse one."""
    graph.answers(good(NODE, **{header: text}), page(row("1")))
    read(meta(graph, clock))
    assert len(clock.slept) == 1
    assert 60 <= clock.slept[0] <= 61


def test_between_90_and_95_percent_a_read_goes_on_and_nothing_new_is_started(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """Half a read is worth nothing."""
    busy = {"X-App-Usage": usage(92)}
    graph.answers(good(NODE), page(row("1"), after="x"), page(row("2")), page(row("3")))
    graph.script[1] = Scripted(200, graph.script[1].body, busy)
    graph.script[2] = Scripted(200, graph.script[2].body, busy)
    connector = meta(graph, clock)
    read(connector)
    assert clock.slept == []
    read(connector)
    assert len(clock.slept) == 1


def test_the_apps_limit_is_shared_by_its_accounts(graph: ScriptedGraph, clock: ManualClock) -> None:
    """What one account's answers say holds back another's reads."""
    budget, credentials = CallBudget(), MetaCredentials(SecretStr("token"))
    graph.answers(good(NODE, **{"X-App-Usage": usage(99)}), good(NODE | {"id": "act_2"}))
    for account_id in ("act_1", "act_2"):
        MetaConnector(account_id, credentials, graph_url=graph.url, clock=clock, budget=budget).account()
    assert len(clock.slept) == 1


def test_a_pause_that_is_longer_than_the_patience_is_handed_back(graph: ScriptedGraph, clock: ManualClock) -> None:
    """With the time to wait, and without a call."""
    used = json.dumps({"acc_id_util_pct": 99, "reset_time_duration": 1800})
    graph.answers(good(NODE, **{"X-Ad-Account-Usage": used}), page(row("1")))
    with pytest.raises(RateLimitError) as caught:
        read(meta(graph, clock))
    assert caught.value.wait_seconds == 1800
    assert len(graph.asked) == 1
