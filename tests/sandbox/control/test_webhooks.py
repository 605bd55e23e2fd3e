"""Webhooks: the handshake, signed deliveries, repeats, order and delay."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount

from aibuyer_kit.sandbox.serve import RunningSandbox
from tests.sandbox.waiting import until


class Receiver(ThreadingHTTPServer):
    """A callback that echoes challenges with the right token, and keeps what it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiving)
        self.got: list[tuple[str, bytes]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    @property
    def values(self) -> list[dict[str, Any]]:
        return [json.loads(body)["entry"][0]["changes"][0]["value"] for _, body in self.got]


class _Receiving(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:  # the name that http.server calls
        query = parse_qs(urlsplit(self.path).query)
        right = query["hub.mode"] == ["subscribe"] and query["hub.verify_token"] == ["sesame"]
        self._answer(200 if right else 403, query["hub.challenge"][0].encode() if right else b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.headers["X-Hub-Signature-256"], body))
        self._answer(self.server.status, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def subscribe(sandbox: RunningSandbox, http: httpx.Client, receiver: Receiver, **params: str) -> httpx.Response:
    given = {
        "object": "ad_account",
        "callback_url": receiver.url,
        "fields": "effective_status,with_issues_ad_objects,in_process_ad_objects",
        "verify_token": "sesame",
        "access_token": f"{sandbox.app_id}|{sandbox.app_secret}",
    }
    return http.post(f"{sandbox.graph_url}/v26.0/{sandbox.app_id}/subscriptions", data={**given, **params})


@pytest.fixture
def subscribed(sandbox: RunningSandbox, http: httpx.Client, receiver: Receiver, account: AdAccount) -> Receiver:
    """A receiver whose app and account are connected."""
    assert subscribe(sandbox, http, receiver).json() == {"success": True}
    account.create_subscribed_app(params={"app_id": sandbox.app_id})
    return receiver


def pause(graph: httpx.Client, object_id: str) -> None:
    assert graph.post(object_id, data={"status": "PAUSED"}).json() == {"success": True}


def test_a_subscription_needs_the_handshake(
    sandbox: RunningSandbox, http: httpx.Client, receiver: Receiver, control: httpx.Client
) -> None:
    """A callback that does not echo is refused; the right one is listed, and can be taken away."""
    app = {"access_token": f"{sandbox.app_id}|{sandbox.app_secret}"}
    url = f"{sandbox.graph_url}/v26.0/{sandbox.app_id}/subscriptions"

    assert subscribe(sandbox, http, receiver, verify_token="wrong").json()["error"]["code"] == 2200
    assert http.get(url, params=app).json() == {"data": []}
    assert subscribe(sandbox, http, receiver).json() == {"success": True}
    (listed,) = http.get(url, params=app).json()["data"]
    assert (listed["object"], listed["callback_url"], listed["active"]) == ("ad_account", receiver.url, True)
    assert "sesame" not in control.get("/calls").text
    assert http.delete(url, params=app).json() == {"success": True}
    assert http.get(url, params=app).json() == {"data": []}


@pytest.mark.parametrize(
    "params",
    [
        {"callback_url": "http://example.com/hook"},
        {"callback_url": "ftp://127.0.0.1/"},
        {"object": "page"},
        {"fields": "weather"},
        {"access_token": "{user}"},
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(
    sandbox: RunningSandbox, http: httpx.Client, receiver: Receiver, params: dict[str, str]
) -> None:
    """Nothing is ever sent off this machine, and a person's token is not the app's."""
    given = {name: text.format(user=sandbox.access_token) for name, text in params.items()}

    assert subscribe(sandbox, http, receiver, **given).status_code == 400
    assert receiver.got == []


def test_a_change_of_status_is_told_with_a_signature(
    sandbox: RunningSandbox, graph: httpx.Client, subscribed: Receiver
) -> None:
    """One message an object, over the raw body; what was before the subscription is not told."""
    adset = sandbox.market.account.adsets[0]
    pause(graph, adset.id)
    until(lambda: len(subscribed.got) >= 3)
    signature, body = subscribed.got[0]
    right = hmac.new(sandbox.app_secret.encode(), body, hashlib.sha256).hexdigest()
    content = json.loads(body)

    assert signature == f"sha256={right}"
    assert (content["object"], content["entry"][0]["id"]) == ("ad_account", sandbox.account_id[4:])
    assert content["entry"][0]["changes"][0]["field"] == "effective_status"
    assert {(value["id"], value["effective_status"]) for value in subscribed.values} == {
        (adset.id, "PAUSED"),
        *((ad.id, "ADSET_PAUSED") for ad in adset.ads),
    }


def test_an_issue_and_the_end_of_a_review_are_told(
    sandbox: RunningSandbox, control: httpx.Client, subscribed: Receiver
) -> None:
    """Under their own fields, also when only the clock has moved."""
    ad = sandbox.market.account.ads[0]
    control.post("/verdicts", json={"id": ad.id, "verdict": "WITH_ISSUES", "code": 77})
    control.post("/verdicts", json={"id": ad.id, "verdict": "IN_PROCESS"})
    control.post("/verdicts", json={"id": ad.id, "verdict": ""})
    until(lambda: len(subscribed.got) >= 5)
    fields = {json.loads(body)["entry"][0]["changes"][0]["field"] for _, body in subscribed.got}

    assert fields == {"with_issues_ad_objects", "in_process_ad_objects", "effective_status"}
    assert any(value.get("error_code") == 77 for value in subscribed.values)


def test_messages_can_be_held_repeated_and_shuffled(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, subscribed: Receiver
) -> None:
    """Every message so often, in an order that belongs to the seed."""
    control.post("/webhooks", json={"hold": True, "repeat": 3, "shuffle_seed": 5})
    pause(graph, sandbox.market.account.adsets[0].id)
    pause(graph, sandbox.market.account.adsets[1].id)
    held = len(subscribed.got)
    sent = control.post("/webhooks/send", json={}).json()["sent"]
    ids = [value["id"] for value in subscribed.values]

    assert (held, sent) == (0, 18)
    assert {ids.count(one) for one in ids} == {3}
    assert ids != sorted(ids)
    assert control.get("/webhooks").json()["waiting"] == []


def test_messages_can_come_days_late(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, subscribed: Receiver
) -> None:
    """By the virtual clock, with the time of the change in them."""
    control.post("/webhooks", json={"delay_seconds": 3 * 86_400})
    pause(graph, sandbox.market.account.ads[0].id)
    control.post("/clock", json={"advance_seconds": 3 * 86_400 - 1})
    graph.get("me")
    early = len(subscribed.got)
    control.post("/clock", json={"advance_seconds": 1})
    until(lambda: subscribed.got)

    assert early == 0
    assert json.loads(subscribed.got[0][1])["entry"][0]["time"] == 1780295400


def test_a_message_that_is_not_taken_comes_again(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, subscribed: Receiver
) -> None:
    """After a virtual minute, until it is answered with 200."""
    subscribed.status = 500
    pause(graph, sandbox.market.account.ads[0].id)
    until(lambda: control.get("/webhooks").json()["sent"])
    subscribed.status = 200
    control.post("/clock", json={"advance_seconds": 60})
    until(lambda: not control.get("/webhooks").json()["waiting"])

    assert [one["status"] for one in control.get("/webhooks").json()["sent"]] == [500, 200]
    assert subscribed.got[0] == subscribed.got[1]


def test_nothing_is_told_without_the_accounts_consent(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, subscribed: Receiver, account: AdAccount
) -> None:
    """subscribed_apps connects and disconnects."""
    listed = [one["id"] for one in account.get_subscribed_apps()]
    account.delete_subscribed_apps(params={"app_id": sandbox.app_id})
    pause(graph, sandbox.market.account.ads[0].id)
    control.post("/webhooks/send", json={})

    assert listed == [sandbox.app_id]
    assert subscribed.got == []


def test_the_clock_can_run_by_itself(sandbox: RunningSandbox, control: httpx.Client) -> None:
    """So that a client which really waits gets on."""
    before = sandbox.market.now
    control.post("/clock", json={"seconds_per_second": 3600})
    until(lambda: (sandbox.market.now - before).total_seconds() > 360)
    control.post("/clock", json={"seconds_per_second": 0})
    stopped = control.get("/clock").json()

    assert control.get("/clock").json() == stopped
