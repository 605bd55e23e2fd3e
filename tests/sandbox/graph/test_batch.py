"""Several calls in one, and several objects by their ids."""

import json

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adset import AdSet
from facebook_business.api import FacebookAdsApi

from aibuyer_kit.sandbox.serve import RunningSandbox
from tests.sandbox.control.test_control import arm


def test_the_sdk_sends_a_batch(sandbox: RunningSandbox, api: FacebookAdsApi, control: httpx.Client) -> None:
    """Reads and changes, each with its own answer; the record has every item and then the whole."""
    first, second = sandbox.market.account.adsets[:2]
    batch, bodies = api.new_batch(), []
    AdSet(first.id, api=api).api_update(params={"status": "PAUSED"}, batch=batch, success=lambda r: bodies.append(r))
    AdSet(second.id, api=api).api_get(fields=["name"], batch=batch, success=lambda r: bodies.append(r))
    AdSet("55", api=api).api_get(fields=["name"], batch=batch, failure=lambda r: bodies.append(r))
    assert batch.execute() is None
    calls = control.get("/calls").json()["calls"]

    assert [body.status() for body in bodies] == [200, 200, 400]
    assert bodies[1].json()["name"] == second.name
    assert "X-App-Usage" in bodies[0].headers() or any(one["name"] == "X-App-Usage" for one in bodies[0].headers())
    assert sandbox.market.setting(first.id).status == "PAUSED"
    assert [(call.get("in_batch", False), call["changed"]) for call in calls] == [
        (True, True),
        (True, False),
        (True, False),
        (False, False),
    ]
    assert sandbox.access_token not in json.dumps(calls)


def test_an_item_that_timed_out_is_null(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """Whether it was applied, the caller cannot tell."""
    adset = sandbox.market.account.adsets[0]
    arm(control, "response_lost", match={"path": adset.id})
    arm(control, "hang", match={"path": "me$"})
    items = [
        {"method": "POST", "relative_url": adset.id, "body": "status=PAUSED"},
        {"method": "GET", "relative_url": "me"},
        {"method": "GET", "relative_url": f"{adset.id}?fields=status"},
    ]
    answers = graph.post("", json={"batch": items}).json()

    assert answers[:2] == [None, None]
    assert json.loads(answers[2]["body"])["status"] == "PAUSED"


@pytest.mark.parametrize(
    "batch",
    [[], {}, [{"method": "GET"}], [{"method": "GET", "relative_url": "me", "body": 3}], "x", [1] * 3],
    ids=str,
)
def test_a_batch_that_makes_no_sense_is_refused(graph: httpx.Client, batch: object) -> None:
    """As a whole."""
    answer = graph.post("", data={"batch": json.dumps(batch)})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_fifty_are_the_most(graph: httpx.Client, control: httpx.Client) -> None:
    """Of 51, none is done."""
    item = {"method": "GET", "relative_url": "me"}

    assert len(graph.post("", json={"batch": [item] * 50}).json()) == 50
    assert graph.post("", json={"batch": [item] * 51}).json()["error"]["code"] == 100
    assert len(control.get("/calls").json()["calls"]) == 52


def test_objects_are_had_by_their_ids(sandbox: RunningSandbox, api: FacebookAdsApi) -> None:
    """As the SDK's get_by_ids asks: by id, with the fields."""
    first, second = sandbox.market.account.adsets[:2]
    found = AdSet.get_by_ids([first.id, second.id], fields=["name"], api=api)

    assert {one["id"]: one["name"] for one in found} == {first.id: first.name, second.id: second.name}


def test_one_unknown_id_fails_the_whole(account: AdAccount, graph: httpx.Client) -> None:
    """100/33."""
    error = graph.get("/", params={"ids": f"{account['id']},55"}).json()["error"]

    assert (error["code"], error["error_subcode"]) == (100, 33)


def test_an_item_may_take_ids_from_the_answer_of_another(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """By name and path; what was only needed for that is null."""
    items = [
        {"method": "GET", "relative_url": f"{sandbox.account_id}/adsets?limit=2", "name": "first"},
        {"method": "GET", "relative_url": "?ids={result=first:$.data.*.id}&fields=name"},
        {"method": "POST", "relative_url": "%7Bresult%3Dfirst%3A%24.data%5B1%5D.id%7D", "body": "status=PAUSED"},
    ]
    first, names, paused = graph.post("", json={"batch": items, "include_headers": "false"}).json()
    adsets = sandbox.market.account.adsets

    assert first is None
    assert {adsets[0].id, adsets[1].id} == set(json.loads(names["body"]))
    assert {"code", "body"} == set(paused)
    assert [sandbox.market.setting(one.id).status for one in adsets[:3]] == ["ACTIVE", "PAUSED", "ACTIVE"]


def test_an_item_waits_for_the_one_that_it_depends_on(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """If that fails, it is not done and has no answer; a success may be shown or left out."""
    one, other = sandbox.market.account.adsets[:2]
    items = [
        {"method": "POST", "relative_url": one.id, "body": "daily_budget=1", "name": "low"},
        {"method": "POST", "relative_url": other.id, "body": "status=PAUSED", "depends_on": "low"},
        {"method": "GET", "relative_url": "me", "name": "me", "omit_response_on_success": False},
        {"method": "GET", "relative_url": "me", "depends_on": "me"},
    ]
    low, never, shown, last = graph.post("", json={"batch": items}).json()

    assert json.loads(low["body"])["error"]["error_subcode"] == 1885272
    assert never is None
    assert (shown["code"], last["code"]) == (200, 200)
    assert sandbox.market.setting(other.id).status == "ACTIVE"


@pytest.mark.parametrize(
    "item",
    [
        {"method": "GET", "relative_url": "me", "depends_on": "later"},
        {"method": "GET", "relative_url": "{result=gone:$.id}"},
        {"method": "GET", "relative_url": "{result=me:$..id}"},
        {"method": "GET", "relative_url": "me", "omit_response_on_success": "no"},
    ],
    ids=["unknown name", "unknown result", "path", "omit"],
)
def test_a_batch_is_refused_before_any_of_it_is_done(graph: httpx.Client, control: httpx.Client, item: object) -> None:
    """For names that no item before has, and for paths that cannot be followed."""
    answer = graph.post("", json={"batch": [{"method": "GET", "relative_url": "me", "name": "me"}, item]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
    assert len(control.get("/calls").json()["calls"]) == 1
