"""Reports that Meta works out in its own time, and questions that are cut until they go through."""

import json

import pytest
from pydantic import SecretStr

from aibuyer_kit.connectors.base import InsightStream
from aibuyer_kit.connectors.http import Seam
from aibuyer_kit.connectors.meta import MetaConnector, MetaCredentials
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.questions import Question
from aibuyer_kit.connectors.meta.runs import ReportRuns
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import RefusedError, TooMuchDataError, TransientError

from .scripted_graph import Asked, Scripted, ScriptedGraph, good, graph_error
from .test_meta_streams import DAYS, NODE, TOO_MUCH, insight_ids, meta, page, row
from .test_meta_survives import DAY

DONE = ("Job Completed", 100)


def reporting(graph: ScriptedGraph, clock: ManualClock, **options: int) -> MetaConnector:
    """Return a connector that asks for every range as a report."""
    credentials = MetaCredentials(SecretStr("token"))
    return MetaConnector("act_1", credentials, graph_url=graph.url, clock=clock, report_days=0, **options)


def started(run_id: str) -> Scripted:
    return good({"report_run_id": run_id})


def states(*found: tuple[str, int] | Scripted | None) -> Scripted:
    """Return the answer to a batch: one part for each run, null for one that was not worked on."""

    def part(state: tuple[str, int] | Scripted | None) -> object:
        if state is None:
            return None
        if isinstance(state, Scripted):
            return {"code": state.status, "headers": [], "body": state.body.decode()}
        body = {"id": "1", "async_status": state[0], "async_percent_completion": state[1]}
        return {"code": 200, "headers": [{"name": "X", "value": "y"}], "body": json.dumps(body)}

    return good([part(each) for each in found])


def posted(graph: ScriptedGraph) -> list[Asked]:
    return [each for each in graph.asked if each.method == "POST"]


def test_a_report_is_read_when_it_is_completed_and_whole(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Completed alone is not enough; fields go as a list, and its pages are followed."""
    graph.answers(good(NODE), started("77"), states(("Job Running", 40)), states(("Job Completed", 95)), states(DONE))
    graph.answers(page(row("1"), after="x"), page(row("2")))
    assert insight_ids(reporting(graph, clock)) == ["1", "2"]
    start, *polls = posted(graph)
    assert start.path == "/v26.0/act_1/insights"
    assert "spend" in json.loads(start.form["fields"])
    assert [json.loads(poll.form["batch"])[0]["relative_url"].split("?")[0] for poll in polls] == ["77"] * 3
    assert graph.asked[-1].path == "/v26.0/77/insights"
    assert clock.slept == [5.0, 5.0]


@pytest.mark.parametrize(
    "odd",
    [None, graph_error(400, 100, 33), graph_error(500, 2), Scripted(200, b"<html>")],
    ids=["null", "not found yet", "down", "HTML"],
)
def test_a_poll_that_says_nothing_is_repeated(graph: ScriptedGraph, clock: ManualClock, odd: Scripted | None) -> None:
    """The run may well be working."""
    graph.answers(good(NODE), started("77"), states(odd), states(DONE), page(row("1")))
    assert insight_ids(reporting(graph, clock)) == ["1"]
    assert len(posted(graph)) == 3


@pytest.mark.parametrize("ended", ["Job Failed", "Job Skipped"])
def test_a_report_that_fails_is_started_once_more(graph: ScriptedGraph, clock: ManualClock, ended: str) -> None:
    """And read from its second run."""
    graph.answers(good(NODE), started("77"), states((ended, 30)), started("78"), states(DONE), page(row("1")))
    assert insight_ids(reporting(graph, clock)) == ["1"]
    assert graph.asked[-1].path == "/v26.0/78/insights"


def test_a_report_that_fails_twice_is_asked_for_in_halves(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Each half is a report of its own."""
    failed = states(("Job Failed", 0))
    graph.answers(good(NODE), started("1"), failed, started("2"), failed)
    graph.answers(started("3"), started("4"), states(DONE, DONE), page(row("a")), page(row("b", "2026-05-03")))
    assert insight_ids(reporting(graph, clock)) == ["a", "b"]
    spans = [json.loads(each.form["time_range"]) for each in posted(graph) if "time_range" in each.form]
    assert [each["since"][5:] for each in spans] == ["05-01", "05-01", "05-01", "05-03"]


def test_starting_a_report_is_repeated_as_a_read_is(graph: ScriptedGraph, clock: ManualClock) -> None:
    """It changes nothing."""
    graph.answers(good(NODE), graph_error(500, 2), started("77"), states(DONE), page(row("1")))
    assert insight_ids(reporting(graph, clock)) == ["1"]


def test_a_run_that_never_ends_is_given_up(graph: ScriptedGraph, clock: ManualClock) -> None:
    """After an hour, as an error that may be repeated."""
    graph.answers(good(NODE), started("77"), *[states(("Job Running", 1))] * 800)
    with pytest.raises(TransientError, match="has not ended in an hour"):
        insight_ids(reporting(graph, clock))


def test_at_most_100_runs_are_in_flight_and_50_are_looked_at_in_one_call(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """The next ones are started when some have ended."""
    api = MetaApi(MetaCredentials(SecretStr("token")), Seam(clock), graph_url=graph.url, api_version="v26.0")
    asked = [Question(f"{each}", Level.ACCOUNT, "insights", Level.AD, ("ad_id",), 25, DAYS) for each in range(120)]
    graph.answers(*(started(f"r{number}") for number in range(100)), states(*[DONE] * 50), states(*[DONE] * 50))
    graph.answers(*(started(f"r{number}") for number in range(100, 120)), states(*[DONE] * 20))
    found = list(ReportRuns(api).finished(asked, ("ad_id",)))
    assert [each.run_id for each in found if isinstance(each, Question)] == [f"r{number}" for number in range(120)]
    sizes = [len(json.loads(each.form["batch"])) if "batch" in each.form else 0 for each in graph.asked]
    assert sizes == [0] * 100 + [50, 50] + [0] * 20 + [20]


def day_ids(graph: ScriptedGraph, clock: ManualClock) -> list[str]:
    return insight_ids(meta(graph, clock, page_size=25), DAY)


def test_a_day_that_is_too_large_becomes_a_report_and_then_one_question_per_campaign(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """And per ad set where a campaign is too large; only objects that delivered are asked."""
    failed = states(("Job Failed", 0))
    graph.answers(good(NODE), TOO_MUCH, started("1"), failed, started("2"), failed)
    graph.answers(page({"campaign_id": "10"}, {"campaign_id": "11"}))
    graph.answers(TOO_MUCH, page({"adset_id": "20"}), page(row("30")), page(row("31")))
    assert day_ids(graph, clock) == ["30", "31"]
    paths = [each.path.removeprefix("/v26.0/") for each in graph.asked if each.path.endswith("insights")]
    assert paths[-5:] == ["act_1/insights", "10/insights", "10/insights", "20/insights", "11/insights"]


def test_an_ad_that_is_too_large_is_asked_for_in_groups_of_fields(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Their rows are put together by their keys."""
    failed = states(("Job Failed", 0))
    graph.answers(good(NODE), TOO_MUCH, started("1"), failed, started("2"), failed)
    graph.answers(page({"campaign_id": "10"}), TOO_MUCH, page({"adset_id": "20"}), TOO_MUCH, page({"ad_id": "30"}))
    ids = {name: row("30")[name] for name in ("campaign_id", "adset_id", "ad_id", "date_start", "date_stop")}
    graph.answers(TOO_MUCH, page(ids | {"spend": "1.50"}), page(ids | {"impressions": "7", "clicks": "2"}))
    connector = meta(graph, clock, page_size=25)
    (found,) = [each for table in connector.fetch(InsightStream(Level.AD, DAY)) for each in table.to_pylist()]
    assert (found["spend_micros"], found["impressions"], found["clicks"]) == (1_500_000, 7, 2)
    parts = [set(each.query["fields"].split(",")) for each in graph.asked[-2:]]
    assert parts[0] & parts[1] == {"campaign_id", "adset_id", "ad_id"}
    assert {"spend", "impressions", "clicks", "actions"} <= parts[0] | parts[1]


def test_what_cannot_be_cut_further_is_an_error(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Not a day with holes."""
    failed = states(("Job Failed", 0))
    graph.answers(good(NODE), TOO_MUCH, started("1"), failed, started("2"), failed)
    graph.answers(page({"campaign_id": "10"}), TOO_MUCH, page({"adset_id": "20"}), TOO_MUCH, page({"ad_id": "30"}))
    graph.answers(*[TOO_MUCH] * 9)
    with pytest.raises(TooMuchDataError):
        day_ids(graph, clock)


def test_a_report_that_is_refused_is_not_tried_for_ever(graph: ScriptedGraph, clock: ManualClock) -> None:
    """The request is wrong as a whole."""
    graph.answers(good(NODE), graph_error(400, 100, message="(#100) time_range is wrong."))
    with pytest.raises(RefusedError):
        insight_ids(reporting(graph, clock))
