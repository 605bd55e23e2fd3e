"""The control server: the clock, the faults, the record of calls."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adset import AdSet
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from tests.sandbox.conftest import NO_CERTIFICATES


def arm(control: httpx.Client, kind: str, **asked: object) -> dict[str, object]:
    answer = control.post("/faults", json={"kind": kind, **asked})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(graph: httpx.Client, path: str, times: int) -> list[int | None]:
    return [graph.get(path).json().get("error", {}).get("code") for _ in range(times)]


def test_the_clock_moves_when_told_and_only_then(sandbox: RunningSandbox, control: httpx.Client) -> None:
    """Virtual time stands still between calls."""
    assert control.get("/clock").json()["now"] == "2026-06-01T06:30:00+00:00"
    moved = control.post("/clock", json={"advance_seconds": 20 * 3600}).json()

    assert moved == {"now": "2026-06-02T02:30:00+00:00", "today": "2026-06-02", "time_zone": "Europe/Kyiv"}
    assert moved == control.get("/clock").json()
    assert datetime(2026, 6, 2, 2, 30, tzinfo=UTC) == sandbox.market.now


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", b""),
        ("/clock", b"[1]"),
        ("/clock", b'{"advance_seconds": -1}'),
        ("/clock", b'{"advance_seconds": NaN}'),
        ("/clock", b'{"advance_seconds": "60"}'),
        ("/clock", b'{"advance_days": 1}'),
        ("/faults", b'{"kind": "flood"}'),
        ("/faults", b'{"kind": "http_500", "times": 2}'),
        ("/faults", b'{"kind": "http_500", "count": 0}'),
        ("/faults", b'{"kind": "http_500", "match": {"host": "x"}}'),
        ("/faults", b'{"kind": "http_500", "match": {"path": "("}}'),
        ("/faults", b'{"kind": "http_500", "options": {"minutes": 1}}'),
        ("/faults", b'{"kind": "throttle", "options": {"minutes": 0}}'),
    ],
)
def test_a_wrong_order_is_refused_with_a_reason(
    sandbox: RunningSandbox, control: httpx.Client, path: str, body: bytes
) -> None:
    """HTTP 400 with a sentence; time and faults stay."""
    answer = control.post(path, content=body)

    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 10
    assert datetime(2026, 6, 1, 6, 30, tzinfo=UTC) == sandbox.market.now
    assert control.get("/faults").json()["faults"] == []


def test_the_kinds_of_fault_are_listed(control: httpx.Client) -> None:
    """Each with what it means."""
    kinds = control.get("/kinds").json()["kinds"]

    assert {"http_500", "throttle", "cut_json"} <= {one["kind"] for one in kinds}
    assert all(one["meaning"] for one in kinds)


def test_a_500_is_transient_and_applies_nothing(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """Code 1/99 with HTTP 500, as often as asked for, and then no more."""
    adset_id = sandbox.market.account.adsets[0].id
    arm(control, "http_500", count=2)
    answers = [graph.post(f"{adset_id}/", data={"status": "PAUSED"}) for _ in range(3)]
    error = answers[0].json()["error"]

    assert [answer.status_code for answer in answers] == [500, 500, 200]
    assert (error["code"], error["error_subcode"], error["is_transient"]) == (1, 99, True)
    assert [call["changed"] for call in control.get("/calls").json()["calls"]] == [False, False, True]


def test_a_throttle_holds_until_the_virtual_clock_has_passed_it(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """HTTP 400 with the header's minutes; asking early neither helps nor uses it up, and is counted."""
    path = f"{sandbox.account_id}/insights"
    arm(control, "throttle", match={"path": "/insights"}, options={"minutes": 3})
    first = graph.get(path)
    sandbox.advance(90)
    second = graph.get(path)
    sandbox.advance(89)
    early = graph.get(path)
    sandbox.advance(1)
    refused = (first, second, early)
    waits = [json.loads(one.headers["X-Business-Use-Case-Usage"])[sandbox.account_id[4:]][0] for one in refused]

    assert [(one.status_code, one.json()["error"]["code"]) for one in refused] == [(400, 80000)] * 3
    assert [wait["estimated_time_to_regain_access"] for wait in waits] == [3, 2, 1]
    assert [wait["call_count"] for wait in waits] == [100] * 3
    assert codes(graph, path, 2) == [None, None]
    assert [(one["remaining"], one["early_calls"]) for one in control.get("/faults").json()["faults"]] == [(0, 2)]


def test_a_throttle_may_be_the_ad_accounts(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """Code 17/2446079 tells its seconds in the other header."""
    arm(control, "throttle", options={"code": 17, "minutes": 1})
    answer = graph.get(sandbox.account_id)
    error, usage = answer.json()["error"], json.loads(answer.headers["X-Ad-Account-Usage"])

    assert (error["code"], error["error_subcode"]) == (17, 2446079)
    assert (usage["acc_id_util_pct"], usage["reset_time_duration"]) == (100, 60)


def test_a_cut_answer_is_http_200_and_no_json(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """The body ends in its middle; the next one is whole."""
    path = f"{sandbox.account_id}/ads"
    arm(control, "cut_json")
    cut, whole = graph.get(path), graph.get(path)

    assert cut.status_code == 200
    assert whole.content.startswith(cut.content)
    with pytest.raises(json.JSONDecodeError):
        cut.json()


def test_a_cut_answer_to_a_change_does_not_hide_that_it_was_applied(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """The record says what happened, whatever the caller was told."""
    arm(control, "cut_json", match={"method": "POST"})
    graph.post(f"{sandbox.market.account.adsets[0].id}/", data={"daily_budget": "5000"})
    (call,) = control.get("/calls").json()["calls"]

    assert (call["fault"], call["changed"], call["status"]) == ("cut_json", True, 200)
    assert sandbox.market.setting(sandbox.market.account.adsets[0].id).daily_budget_minor == 5000


def test_a_fault_meets_only_calls_that_match(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """By a regular expression on the path and by method."""
    arm(control, "http_500", match={"path": r"act_\d+/ads$", "method": "get"})

    assert codes(graph, f"{sandbox.account_id}/adsets", 1) == [None]
    assert codes(graph, f"{sandbox.account_id}/ads", 2) == [1, None]


def test_faults_can_be_taken_away(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """DELETE leaves none."""
    arm(control, "http_500", count=5)
    control.delete("/faults")

    assert codes(graph, sandbox.account_id, 1) == [None]


def test_the_sdk_sees_a_fault_as_the_platforms_own_error(account: AdAccount, control: httpx.Client) -> None:
    """A 500 is an error that the SDK calls transient."""
    arm(control, "http_500")
    with pytest.raises(FacebookRequestError) as caught:
        account.api_get(fields=["name"])

    assert (caught.value.http_status(), caught.value.api_transient_error()) == (500, True)


def test_every_call_is_recorded_without_a_token(
    sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi, control: httpx.Client
) -> None:
    """Time, method, path, query, body, status and whether it changed anything; nothing secret."""
    account.api_get(fields=["name"])
    sandbox.advance(60)
    adset = AdSet(sandbox.market.account.adsets[0].id, api=api)
    adset.api_update(params={"daily_budget": 5000})
    adset.api_update(params={"daily_budget": 5000})
    with pytest.raises(FacebookRequestError):
        adset.api_update(params={"daily_budget": 1})
    answer = control.get("/calls")
    calls = answer.json()["calls"]

    assert calls[0] == {
        "n": 1,
        "time": "2026-06-01T06:30:00+00:00",
        "method": "GET",
        "path": f"/v26.0/{sandbox.account_id}/",
        "query": {"fields": "name"},
        "body": {},
        "status": 200,
        "changed": False,
        "fault": None,
    }
    assert [call["changed"] for call in calls[1:]] == [True, False, False]
    assert (calls[1]["time"], calls[1]["body"]) == ("2026-06-01T06:31:00+00:00", {"daily_budget": "5000"})
    assert [call["n"] for call in control.get("/calls", params={"since": 3}).json()["calls"]] == [4]
    assert "proof" not in answer.text
    assert sandbox.access_token not in answer.text


def test_a_token_in_the_body_is_not_recorded_either(
    sandbox: RunningSandbox, http: httpx.Client, control: httpx.Client
) -> None:
    """Other clients put it there."""
    url = f"{sandbox.graph_url}/v26.0/{sandbox.market.account.adsets[0].id}"
    http.post(url, data={"status": "PAUSED", "access_token": sandbox.access_token})
    answer = control.get("/calls")

    assert [(call["changed"], call["body"]) for call in answer.json()["calls"]] == [(True, {"status": "PAUSED"})]
    assert sandbox.access_token not in answer.text


def test_a_question_for_calls_that_makes_no_sense_is_refused(control: httpx.Client) -> None:
    """`since` is a number."""
    assert control.get("/calls", params={"since": "yesterday"}).status_code == 400


def test_the_control_is_not_given_in_another_sites_name(control: httpx.Client) -> None:
    """A page whose name leads to this machine would read the tokens and move the clock."""
    for host, status in (("evil.example", 403), ("localhost", 200), ("[::1]:80", 200)):
        assert control.get("/tokens", headers={"Host": host}).status_code == status
    assert control.post("/clock", json={"advance_seconds": 60}, headers={"Host": "evil.example"}).status_code == 403


def test_lift_tests_are_told_as_the_world_supplies_them(tmp_path: Path) -> None:
    """Of different ad sets and days that are over, with errors, and the same whatever is done later."""
    world = tmp_path / "world.toml"
    world.write_text('preset = "low_volume"\nhistory_days = 60\nlift_tests = 4\n', encoding="utf-8")
    with start(world, seed=5) as running, httpx.Client(base_url=running.control_url, verify=NO_CERTIFICATES) as client:
        told = client.get("/lift_tests").json()["lift_tests"]
        market = running.market
        market.create_adset(market.account.campaigns[0].id, "Made later", daily_budget_minor=9_000)
        client.post("/clock", json={"advance_seconds": 86_400})
        again = client.get("/lift_tests").json()["lift_tests"]

    first = told[0]
    assert len({one["adset_id"] for one in told}) == 4
    assert again == told
    assert (first["since"], first["until"]) == ("2026-04-21", "2026-05-04")
    days = DateRange(date(2026, 4, 21), date(2026, 5, 4))
    true, _ = market.true_lift(first["adset_id"], days)
    spent = market.totals(market.tree.adset(first["adset_id"]).ads, days).spend_minor
    assert first["spend_micros"] == spent * 10_000 > 0
    assert abs(first["results"] - true) < 4 * first["standard_error"]


def test_a_world_without_lift_tests_tells_none(control: httpx.Client) -> None:
    """An empty list is no error."""
    assert control.get("/lift_tests").json() == {"lift_tests": []}
