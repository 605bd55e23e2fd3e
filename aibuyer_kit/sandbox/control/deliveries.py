"""Webhooks sent to a subscriber when an object's effective status or its issues change."""

import asyncio
import secrets
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from aibuyer_kit.sandbox.graph.api import GraphApi
from aibuyer_kit.sandbox.graph.messages import json_bytes
from aibuyer_kit.sandbox.graph.subscriptions import Subscription
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Ad, AdSet, Campaign
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND
from aibuyer_kit.sandbox.market.draws import uniform
from aibuyer_kit.sandbox.market.settings_log import Issue

_TIMEOUT_SECONDS = 5.0
_KEPT_US = 36 * 3_600 * MICROSECONDS_PER_SECOND
_FIRST_RETRY_US = 60 * MICROSECONDS_PER_SECOND
_IN_PROCESS = ("IN_PROCESS", "PENDING_REVIEW")
_LEVELS = {Campaign: "CAMPAIGN", AdSet: "AD_SET", Ad: "AD"}

# What is told of an object.
State = tuple[str, Issue | None]


@dataclass(frozen=True)
class DeliveryMode:
    """How deliveries are sent: each so often, so many virtual seconds late, in a drawn order (0 for their own).

    What is on `hold` waits to be sent by the control server.
    """

    repeat: int = 1
    delay_seconds: int = 0
    shuffle_seed: int = 0
    hold: bool = False


@dataclass
class Delivery:
    """One message to the callback; it is tried again until it is answered with 200, for 36 hours."""

    number: int
    body: bytes = field(repr=False)
    made_us: int
    due_us: int
    repeats_left: int
    tries: int = 0
    status: int = 0

    def report(self) -> dict[str, object]:
        return {"n": self.number, "body": self.body.decode(), "tries": self.tries, "status": self.status}


class Deliveries:
    """What was noticed and what was sent; it lives on the platform's event loop."""

    def __init__(self, api: GraphApi) -> None:
        self.mode = DeliveryMode()
        self.sent: list[Delivery] = []
        self.waiting: list[Delivery] = []
        self._api = api
        self._seen: dict[str, State] | None = None
        self._number = 0
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[int]] = set()

    async def shakes_hands(self, wish: Subscription) -> bool:
        """Return whether the callback echoes a challenge."""
        challenge = str(secrets.randbelow(10**9))
        words = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": wish.verify_token}
        status, body = await _fetched(f"{wish.callback_url}?{urlencode(words)}")
        return status == 200 and body.strip() == challenge.encode()

    def pump_soon(self) -> None:
        """Notice what has changed, and send what is due, beside whatever goes on."""
        self.notice()
        if self.waiting and not self.mode.hold:
            task = asyncio.get_running_loop().create_task(self.pump())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def pump(self, *, all_of_it: bool = False) -> int:
        """Send what is due, or all that waits, and return how many messages were sent."""
        sent = 0
        async with self._sending:
            for delivery in self._due(all_of_it=all_of_it):
                sent += await self._send(delivery)
        return sent

    def notice(self) -> None:
        """Compare the objects with how they were, and queue a message for each change."""
        if self._api.subscriptions.active is None:
            self._seen = None
            return
        view = View(self._api.market, self._api.market.now_us)
        now = {node.id: (view.effective_status(node), view.setting(node).issue) for node in view.account.below}
        if self._seen is not None:
            for node in view.account.below:
                self._tell(view, node, self._seen.get(node.id), now[node.id])
        self._seen = now

    def _tell(self, view: View, node: Campaign | AdSet | Ad, before: State | None, after: State) -> None:
        status, issue = after
        about: dict[str, object] = {"id": node.id, "level": _LEVELS[type(node)]}
        if before is None or before == after:
            return
        if before[0] in _IN_PROCESS and status not in _IN_PROCESS:
            self._queue(view, "in_process_ad_objects", about | {"status_name": status})
        if issue and issue != before[1]:
            words = {"error_code": issue.code, "error_summary": issue.summary, "error_message": issue.message}
            self._queue(view, "with_issues_ad_objects", about | words)
        if status != before[0]:
            self._queue(view, "effective_status", about | {"effective_status": status})

    def _queue(self, view: View, name: str, value: dict[str, object]) -> None:
        active = self._api.subscriptions.active
        if active is None or name not in active.fields:
            return
        entry = {
            "id": view.account.number,
            "time": view.at_us // MICROSECONDS_PER_SECOND,
            "changes": [{"field": name, "value": value}],
        }
        self._number += 1
        due_us = view.at_us + self.mode.delay_seconds * MICROSECONDS_PER_SECOND
        body = json_bytes({"object": "ad_account", "entry": [entry]})
        self.waiting.append(Delivery(self._number, body, view.at_us, due_us, self.mode.repeat))

    def _due(self, *, all_of_it: bool) -> list[Delivery]:
        now_us = self._api.market.now_us
        due = [one for one in self.waiting if all_of_it or one.due_us <= now_us]
        # Each repetition is a message of its own, so that shuffling mixes them too.
        messages = [one for one in due for _ in range(one.repeats_left)]
        seed = self.mode.shuffle_seed
        if seed:
            order = {place: uniform(seed, "delivery", str(place)) for place in range(len(messages))}
            messages = [messages[place] for place in sorted(order, key=order.__getitem__)]
        return messages

    async def _send(self, delivery: Delivery) -> int:
        active = self._api.subscriptions.active
        if active is None or delivery not in self.waiting:
            return 0
        signature = self._api.credentials.signature_header(delivery.body)
        delivery.status, _ = await _fetched(active.callback_url, delivery.body, signature)
        delivery.tries += 1
        self.sent.append(replace(delivery))
        if delivery.status == 200:
            delivery.repeats_left -= 1
        else:
            delivery.due_us = self._api.market.now_us + _FIRST_RETRY_US * 4 ** min(delivery.tries - 1, 6)
        if delivery.repeats_left <= 0 or delivery.due_us > delivery.made_us + _KEPT_US:
            self.waiting.remove(delivery)
        return 1


async def _fetched(url: str, body: bytes | None = None, signature: str = "") -> tuple[int, bytes]:
    """Return status and body of what answers, or 0 if nothing does."""
    from tornado.httpclient import AsyncHTTPClient, HTTPRequest

    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature} if body is not None else None
    request = HTTPRequest(
        url,
        method="GET" if body is None else "POST",
        body=body,
        headers=headers,
        request_timeout=_TIMEOUT_SECONDS,
        connect_timeout=_TIMEOUT_SECONDS,
        follow_redirects=False,
    )
    try:
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
    except OSError:
        return 0, b""
    return (0 if answer.code == 599 else answer.code), answer.body or b""
