"""Pages that are parsed while the next one is asked for: the same rows, the same requests."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from aibuyer_kit.connectors.http import RetryPolicy, Seam
from aibuyer_kit.connectors.meta import MetaCredentials
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.paging import pages
from aibuyer_kit.connectors.meta.typed import as_sent, page_schema
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.errors import TransientError

from .scripted_graph import Scripted, ScriptedGraph

DAY = {"date_start": "2026-05-01", "date_stop": "2026-05-01"}


def page(*clicks: object, after: str = "", more: bool = True, **beside: object) -> Scripted:
    """Return a page as Meta sends it, without a space between its parts."""
    paging = {"cursors": {"before": "b", "after": after}} | ({"next": "https://elsewhere/"} if more else {})
    content = {"data": [{"clicks": each, **DAY} for each in clicks], **beside, "paging": paging}
    return Scripted(body=json.dumps(content, separators=(",", ":")).encode())


def damaged(whole: Scripted) -> Scripted:
    """Return a page that begins and ends well."""
    return Scripted(body=whole.body.replace(b'"clicks":', b'"clicks"', 1))


def read(graph: ScriptedGraph, clock: ManualClock) -> list[Any]:
    seam = Seam(clock, RetryPolicy(attempts=2))
    api = MetaApi(
        MetaCredentials(SecretStr("token")), seam, graph_url=graph.url, api_version="v26.0", parses_beside=True
    )
    found = list(pages(api, "act_1/insights", {}, page_size=100, schema=page_schema(("clicks",))))
    return [row["clicks"] for page in found for row in as_sent(page.rows)]


def asked(graph: ScriptedGraph) -> list[str]:
    return [each.query.get("after", "") for each in graph.asked]


def test_all_rows_come_in_order(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Each page is asked for once."""
    graph.answers(page("1", "2", after="x"), page("3", after="y"), page("4", after="z", more=False))
    assert read(graph, clock) == ["1", "2", "3", "4"]
    assert asked(graph) == ["", "x", "y"]


def test_a_page_that_is_not_plain_is_not_asked_for_again(graph: ScriptedGraph, clock: ManualClock) -> None:
    """A figure that is a number, and a field beside the rows: they are read in the careful way, as they came."""
    graph.answers(page("1", after="x"), page(2, after="y"), page("3", after="z", summary={}), page("4", more=False))
    assert read(graph, clock) == ["1", 2, "3", "4"]
    assert asked(graph) == ["", "x", "y", "z"]


def test_a_page_that_is_damaged_within_is_asked_for_again(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Though the one behind it has been asked for by then."""
    graph.answers(damaged(page("1", after="x")), page("2", more=False), page("1", after="x"))
    assert read(graph, clock) == ["1", "2"]
    assert asked(graph) == ["", "x", ""]


def test_an_error_beside_rows_is_no_page(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Its rows are not taken, and nothing is asked for behind it."""
    failed = page("9", after="x", error={"code": 2, "message": "try again"})
    graph.answers(failed, page("1", after="x"), page("2", more=False))
    assert read(graph, clock) == ["1", "2"]
    assert asked(graph) == ["", "", "x"]


def test_a_page_behind_which_another_one_follows_the_second_time_ends_the_read(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """What was read behind it may leave rows out, or hold them twice."""
    graph.answers(damaged(page("1", after="x")), page("2", more=False), page("1", after="other"))
    with pytest.raises(TransientError, match="changed while it was read"):
        read(graph, clock)
