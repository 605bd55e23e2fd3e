"""Faults of pages, read by hand, page by page."""

import json
from typing import Any

import httpx
import pytest

from aibuyer_kit.sandbox.market.people import HOUR_NAME
from aibuyer_kit.sandbox.serve import RunningSandbox
from tests.sandbox.control.test_control import arm

WEEK = '{"since":"2026-05-26","until":"2026-06-01"}'
FIELDS = "ad_id,spend,impressions,clicks,actions"


def pages(graph: httpx.Client, sandbox: RunningSandbox, most: int = 20, **params: str) -> list[dict[str, Any]]:
    """Follow the cursors, at most so many pages."""
    found: list[dict[str, Any]] = []
    asked = {"level": "ad", "time_increment": "1", "time_range": WEEK, "limit": "60", "fields": FIELDS, **params}
    while len(found) < most:
        found.append(graph.get(f"{sandbox.account_id}/insights", params=asked).json())
        if "next" not in found[-1].get("paging", {}):
            return found
        asked["after"] = found[-1]["paging"]["cursors"]["after"]
    return found


def keys(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["ad_id"], row["date_start"]) for page in found for row in page["data"]]


def test_a_repeated_cursor_repeats_a_page(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """Whoever follows it reads the same rows once more; then reading goes on, and nothing is lost."""
    truth = keys(pages(graph, sandbox))
    arm(control, "repeated_cursor")
    found = keys(pages(graph, sandbox))

    assert len(found) == len(truth) + 60
    assert set(found) == set(truth)


def test_a_cursor_loop_never_ends(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """Later pages lead back to the second."""
    truth = keys(pages(graph, sandbox))
    arm(control, "cursor_loop", count=100)
    found = pages(graph, sandbox, most=12)

    assert len(found) == 12
    assert set(keys(found)) == set(truth[:120])


def test_an_empty_page_leads_on_to_the_rows(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """Whoever goes on, as `next` says, loses nothing, at the beginning or in the midst."""
    truth = keys(pages(graph, sandbox))
    arm(control, "empty_page")
    arm(control, "empty_page", skip=2)
    found = pages(graph, sandbox)

    assert [len(page["data"]) for page in found].count(0) == 2
    assert keys(found) == truth


def test_a_partial_day_lacks_objects_of_the_newest_day_only(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """The same ones at every try, while the fault is armed."""
    truth = keys(pages(graph, sandbox))
    arm(control, "partial_day", count=1000)
    found, again = keys(pages(graph, sandbox)), keys(pages(graph, sandbox))
    missing = set(truth) - set(found)

    assert found == again
    assert {day for _, day in missing} == {"2026-06-01"}
    assert 5 < len(missing) < 35


@pytest.mark.parametrize("drift", ["unknown_field", "int_for_text", "unknown_window", "hour_missing"])
def test_the_shape_of_rows_may_drift(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, drift: str
) -> None:
    """A field, a type or a window that was not there before, or an hourly row without its hour."""
    arm(control, "schema_drift", options={"drift": drift})
    row = pages(graph, sandbox, most=1, breakdowns=HOUR_NAME)[0]["data"][5]
    windows = {key for action in row.get("actions", ()) for key in action}

    assert ("attention_score" in row) is (drift == "unknown_field")
    assert isinstance(row["impressions"], int) is (drift == "int_for_text")
    assert ("90d_click" in windows) is (drift == "unknown_window")
    assert (HOUR_NAME not in row) is (drift == "hour_missing")


def test_a_token_revoked_in_mid_page_stays_revoked(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, http: httpx.Client
) -> None:
    """The first pages come, then 190 with the subcode; a new token reads on from the last cursor."""
    truth = keys(pages(graph, sandbox))
    arm(control, "token_revoked", skip=2, match={"path": "insights"}, options={"subcode": 460})
    found = pages(graph, sandbox)[:1]
    after = found[-1]["paging"]["cursors"]["after"]
    found += pages(graph, sandbox, after=after)
    error = graph.get(sandbox.account_id).json()["error"]
    token = control.post("/tokens", json={}).json()["access_token"]
    graph.headers["Authorization"] = f"Bearer {token}"
    rest = pages(graph, sandbox, after=after)

    assert (error["code"], error["error_subcode"]) == (190, 460)
    assert "error" in found[-1]
    assert keys(found[:1] + rest) == truth


def test_a_token_may_lose_its_scopes(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """From then on reading is a matter of permission."""
    arm(control, "scope_lost", skip=1)
    codes = [graph.get(sandbox.account_id).json().get("error", {}).get("code") for _ in range(3)]

    assert codes == [None, 200, 200]


def test_a_storm_throws_the_same_faults_for_the_same_seed(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """About the share asked for, of several kinds; another seed is another storm."""

    def thrown(seed: int) -> list[str | None]:
        control.delete("/faults")
        before = len(control.get("/calls").json()["calls"])
        kinds = "http_500,html_502,cut_json,temporary,applied_500"
        arm(control, "storm", options={"share": 0.3, "seed": seed, "kinds": kinds})
        for _ in range(120):
            graph.get("me")
        return [call["fault"] for call in control.get("/calls", params={"since": before}).json()["calls"]]

    first, again, other = thrown(1), thrown(1), thrown(2)
    kinds = {kind for kind in first if kind}

    assert first == again != other
    assert 20 < sum(kind is not None for kind in first) < 55
    assert kinds == {"http_500", "html_502", "cut_json", "temporary", "applied_500"}


def test_the_usual_storm_is_survived_by_whoever_tries_again(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """All usual kinds, throttles included, and still every row can be had."""
    truth = keys(pages(graph, sandbox))
    arm(control, "storm", options={"share": 0.4, "seed": 3}, match={"path": "insights"})
    asked = {"level": "ad", "time_increment": "1", "time_range": WEEK, "limit": "5", "fields": FIELDS}
    found: dict[tuple[str, str], None] = {}
    for _ in range(400):
        try:
            page = graph.get(f"{sandbox.account_id}/insights", params=asked).json()
        except (httpx.TransportError, json.JSONDecodeError):
            continue
        if "error" in page:
            sandbox.advance(30)
            continue
        found |= dict.fromkeys(keys([page]))
        if "next" not in page.get("paging", {}):
            break
        asked["after"] = page["paging"]["cursors"]["after"]
    kinds = {json.dumps(call["fault"]) for call in control.get("/calls").json()["calls"]}

    assert list(found) == truth
    assert len(kinds) > 5
