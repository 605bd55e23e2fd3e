"""A receiver on a real socket, and deliveries as Meta sends them."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from pydantic import SecretStr

from aibuyer_kit.webhooks.inbox import Inbox
from aibuyer_kit.webhooks.receiver import Mailbox, Receiver
from aibuyer_kit.webhooks.server import serve_until
from aibuyer_kit.webhooks.signature import signature

SECRET, VERIFY_TOKEN = "canary-app-secret", "canary-verify-token"


def envelope(*changes: dict[str, object], account: str = "1", time: int = 1_780_000_000) -> bytes:
    """Return a body with one entry about an account."""
    entry = {"id": account, "time": time, "changes": list(changes)}
    return json.dumps({"object": "ad_account", "entry": [entry]}).encode()


def issue(object_id: str = "11", level: str = "AD") -> dict[str, object]:
    return {"field": "with_issues_ad_objects", "value": {"id": object_id, "level": level}}


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Hub-Signature-256": signature(body, SecretStr(secret)), "Content-Type": "application/json"}


@dataclass
class Running:
    """A receiver for two clients of two apps; `woken` counts commits that held something new."""

    folder: Path
    url: str = ""
    woken: int = 0
    http: httpx.Client = field(default_factory=httpx.Client)
    receiver: Receiver = field(init=False)

    def __post_init__(self) -> None:
        clients = (("acme", {"act_1", "act_2"}, SECRET), ("other", {"act_3"}, "another-secret"))
        self.receiver = Receiver(
            [
                Mailbox(name, frozenset(accounts), SecretStr(secret), SecretStr(VERIFY_TOKEN), self.inbox(name).path)
                for name, accounts, secret in clients
            ]
        )

    def inbox(self, client_id: str = "acme") -> Inbox:
        return Inbox(self.folder / client_id / "inbox.sqlite3")

    @property
    def counts(self) -> Inbox:
        return Inbox(self.folder / "refused.sqlite3")

    def refused(self) -> dict[str, int]:
        """Return what has been refused so far, saved or not."""
        return dict(self.counts.refused() + self.receiver.refused)

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        return self.http.post(self.url, content=body, headers=signed(body) if headers is None else headers).status_code

    def wake(self) -> None:
        self.woken += 1


@contextmanager
def running_receiver(folder: Path) -> Iterator[Running]:
    running, ready = Running(folder), threading.Event()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    def on_ready(url: str) -> None:
        running.url = url
        ready.set()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(
                serve_until(
                    ended,
                    running.receiver,
                    host="127.0.0.1",
                    port=0,
                    counts=running.counts,
                    on_ready=on_ready,
                    on_new=running.wake,
                )
            )

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield running
    finally:
        running.http.close()
        loop.call_soon_threadsafe(ended.set)
        thread.join()
