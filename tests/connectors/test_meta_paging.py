"""Pages followed by hand: every row once, and never an endless loop."""

import pytest
from pydantic import SecretStr

from aibuyer_kit.connectors.http import RetryPolicy, Seam
from aibuyer_kit.connectors.meta import MetaCredentials
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.paging import pages
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.errors import PlatformError, TooMuchDataError, TransientError

from .scripted_graph import Scripted, ScriptedGraph, good, graph_error

TOO_MUCH = graph_error(400, 100, 1487534)


def page(*ids: str, after: str = "", more: bool = True) -> Scripted:
    paging = {"cursors": {"before": "b", "after": after}} | ({"next": "https://elsewhere/"} if more else {})
    return good({"data": [{"id": each} for each in ids], "paging": paging})


def read(graph: ScriptedGraph, clock: ManualClock, *, page_size: int = 100, shrink_first: bool = True) -> list[str]:
    seam = Seam(clock, RetryPolicy(attempts=2))
    api = MetaApi(MetaCredentials(SecretStr("token")), seam, graph_url=graph.url, api_version="v26.0")
    found = pages(api, "act_1/ads", {"fields": "id"}, page_size=page_size, shrink_first=shrink_first)
    return [row["id"] for page in found for row in page.rows]


def asked(graph: ScriptedGraph, name: str) -> list[str]:
    return [each.query.get(name, "") for each in graph.asked]


def test_pages_are_followed_to_the_last(graph: ScriptedGraph, clock: ManualClock) -> None:
    """By the cursor and never by the URL, in which the token stands; the fields are asked for each time."""
    graph.answers(page("1", "2", after="x"), page("3", after="y"), page("4", after="z", more=False))
    assert read(graph, clock) == ["1", "2", "3", "4"]
    assert asked(graph, "after") == ["", "x", "y"]
    assert asked(graph, "fields") == ["id"] * 3


def test_a_cursor_is_sent_as_it_came(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Whatever stands in it, it neither ends nor adds a parameter; all else is asked for as before."""
    odd = "Zm9v+/==&limit=1#% ü"
    graph.answers(page("1", after=odd), page("2", after="z", more=False))
    assert read(graph, clock) == ["1", "2"]
    first, second = (each.query for each in graph.asked)
    assert second == {**first, "after": odd}


def test_a_page_that_is_asked_for_in_halves_keeps_its_cursor(graph: ScriptedGraph, clock: ManualClock) -> None:
    """The size of the page is another request; the place in it is the same."""
    graph.answers(page("1", after="x"), TOO_MUCH, page("2", after="z", more=False))
    assert read(graph, clock) == ["1", "2"]
    assert asked(graph, "limit") == ["100", "100", "50"]
    assert asked(graph, "after") == ["", "x", "x"]


def test_an_empty_page_is_not_the_last(graph: ScriptedGraph, clock: ManualClock) -> None:
    """The SDK's cursor stops here and loses the rows behind it."""
    graph.answers(page("1", after="x"), page(after="y"), page("2", after="z", more=False))
    assert read(graph, clock) == ["1", "2"]


def test_an_empty_edge_has_no_rows(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Without any paging."""
    graph.answers(good({"data": []}))
    assert read(graph, clock) == []


@pytest.mark.parametrize("cursors", [["x", "x"], ["x", "y", "x"]], ids=["same again", "a ring"])
def test_a_cursor_that_keeps_coming_back_ends_the_read(
    graph: ScriptedGraph, clock: ManualClock, cursors: list[str]
) -> None:
    """After some tries; the read is incomplete, and says so."""
    graph.answers(*(page("1", after=cursor) for cursor in cursors), *[page("1", after="x")] * 9)
    with pytest.raises(TransientError, match=r"cursor came back.*incomplete"):
        read(graph, clock)
    assert len(graph.asked) == len(cursors) + 3


def test_a_cursor_that_came_back_once_is_asked_past(graph: ScriptedGraph, clock: ManualClock) -> None:
    """The same page again, whose rows count once."""
    graph.answers(page("1", after="x"), page("2", after="x"), page("2", after="y"), page("3", more=False))
    assert read(graph, clock) == ["1", "2", "3"]
    assert asked(graph, "after") == ["", "x", "x", "y"]


def test_pages_that_stay_empty_for_ever_end_the_read(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Even if each has a cursor of its own."""
    graph.answers(*(page(after=f"x{number}") for number in range(300)))
    with pytest.raises(TransientError, match="201 empty pages"):
        read(graph, clock)


@pytest.mark.parametrize(
    "content",
    [{}, {"data": {}}, {"data": [], "paging": {"next": "u"}}, {"data": [], "paging": {"next": "u", "cursors": {}}}],
    ids=["no data", "data is an object", "no cursors", "no cursor"],
)
def test_a_page_of_another_form_is_an_error(graph: ScriptedGraph, clock: ManualClock, content: object) -> None:
    """Better no rows than some of them."""
    graph.answers(good(content))
    with pytest.raises(PlatformError, match="Meta GET act_1/ads"):
        read(graph, clock)


def test_a_page_that_is_too_large_is_asked_for_in_halves(graph: ScriptedGraph, clock: ManualClock) -> None:
    """From the same cursor, so that no row comes twice; later pages stay small."""
    graph.answers(page("1", after="x"), TOO_MUCH, TOO_MUCH, page("2", after="y"), page("3", more=False))
    assert read(graph, clock) == ["1", "2", "3"]
    assert asked(graph, "limit") == ["100", "100", "50", "25", "25"]
    assert asked(graph, "after") == ["", "x", "x", "x", "y"]


def test_halving_ends_at_the_smallest_page(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Then the error stands."""
    graph.answers(*[TOO_MUCH] * 9)
    with pytest.raises(TooMuchDataError):
        read(graph, clock, page_size=60)
    assert asked(graph, "limit") == ["60", "30", "25"]


def test_a_first_page_that_is_too_large_can_be_left_to_the_caller(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Who asks for fewer days instead, as long as nothing was read."""
    graph.answers(TOO_MUCH)
    with pytest.raises(TooMuchDataError):
        read(graph, clock, shrink_first=False)
    assert len(graph.asked) == 1


def test_an_unknown_failure_that_persists_is_taken_for_too_much_data(graph: ScriptedGraph, clock: ManualClock) -> None:
    """2/1504044 is retried first, because it may also be a passing fault."""
    unknown = graph_error(400, 2, 1504044)
    graph.answers(unknown, unknown, page("1", more=False))
    assert read(graph, clock) == ["1"]
    assert asked(graph, "limit") == ["100", "100", "50"]


def test_a_passing_fault_does_not_make_pages_smaller(graph: ScriptedGraph, clock: ManualClock) -> None:
    """A failure for another reason is the caller's, at full size."""
    graph.answers(*[graph_error(500, 2)] * 3)
    with pytest.raises(TransientError):
        read(graph, clock)
    assert asked(graph, "limit") == ["100", "100"]
