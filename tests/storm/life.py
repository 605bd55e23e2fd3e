"""A client that is synced for days on end, in a storm, while people change the account."""

import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.connectors.meta import MetaConnector
from aibuyer_kit.core.errors import AuthorisationError
from aibuyer_kit.sandbox.serve import RunningSandbox
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.webhooks.receiver import Receiver
from aibuyer_kit.webhooks.server import serve_until
from aibuyer_kit.workflows.cadence import Depth
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.credentials import keep_secret, store_secrets
from aibuyer_kit.workflows.sync import SyncReport, sync_client
from aibuyer_kit.workflows.webhooks import drain_client, inbox_of, mailboxes, refusals_of, subscribe_client

from .graph import Graph, Log
from .history import History
from .known import Known
from .people import People
from .weather import TIMEOUT_SECONDS, Weather

ROOT = Path(__file__).parents[2]
QUARTER = timedelta(minutes=15)
_KEPT_ANSWERS = 20_000

# A sync in a process of its own, on the platform's clock; somebody kills it.
VICTIM = """
import json, sys, urllib.request
sys.path.insert(0, sys.argv[1])
from datetime import datetime
from pathlib import Path
from pydantic import SecretStr
from aibuyer_kit.access.clients import open_client
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.sync import sync_client

asked = json.loads(sys.argv[2])

class Clock:
    def now(self):
        return datetime.fromisoformat(self.clock(None)["now"])

    def sleep(self, seconds):
        self.clock({"advance_seconds": seconds})

    def clock(self, content):
        body = None if content is None else json.dumps(content).encode()
        with urllib.request.urlopen(urllib.request.Request(asked["control_url"] + "/clock", body)) as reply:
            return json.load(reply)

shop = open_client(Path(asked["workspace"]), "shop")
connectors = client_connectors(shop, MetaSection(page_rows=100), access_token=SecretStr(asked["token"]), clock=Clock())
print("ready", flush=True)
sync_client(shop, connectors, SyncSection(**asked["settings"]))
print("done", flush=True)
"""


@dataclass
class PlatformClock:
    """The practice platform's clock: waiting moves it, unless it is to stand still."""

    platform: RunningSandbox
    is_still: bool = False

    def now(self) -> datetime:
        return self.platform.market.now

    def sleep(self, seconds: float) -> None:
        if not self.is_still:
            self.platform.advance(seconds)


@dataclass
class Life:
    """One client of one practice account; every sync is compared with what the platform's log says was told."""

    platform: RunningSandbox
    workspace: Path
    seed: int
    settings: SyncSection
    callback: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        own = self.platform
        currency = own.market.account.currency
        self.graph = Graph(own.graph_url, own.control_url, own.account_id, own.access_token, currency)
        self.graph.control("POST", "/settings", {"keep_answers": _KEPT_ANSWERS})
        self.people = People(self.graph, random.Random(self.seed + 1))
        self.weather = Weather(self.graph, random.Random(self.seed + 2))
        self.history, self.log = History(), Log(self.graph)
        self.zone: ZoneInfo = own.market.zone
        self._last_load = 0
        self._token = own.access_token
        account = AccountSection(id=own.account_id, graph_url=own.graph_url)
        about = ClientFile(name="Sample", clock="platform", accounts=(account,))
        self.shop: ClientContext = add_client(self.workspace, "shop", about)

    @property
    def now(self) -> datetime:
        return self.platform.market.now

    def sync(
        self, *, depth: Depth | None = None, still: bool = False, stop_after_seconds: float = 0.0
    ) -> SyncReport | None:
        """Sync once in whatever weather there is, and check what is known then; None if it was interrupted."""
        connectors = self._connectors(PlatformClock(self.platform, still))
        if still:
            self._wait_out(connectors)
        progress = None if still else self._acting
        report = None
        with _interrupted_after(stop_after_seconds):
            report = sync_client(self.shop, connectors, self.settings, depth=depth, progress=progress)
        self.observe(interrupted=report is None)
        if report is None:
            self._count("interrupted")
            return None
        self._count("syncs")
        self._count("syncs with a failure", bool(report.failures))
        if any(isinstance(each.error, AuthorisationError) for each in report.failures):
            self._new_token()
        return report

    def observe(self, *, interrupted: bool = False) -> None:
        """Compare what was told since the last time with every new load, and with how fresh the data claim to be."""
        self.history.hear(self.log.answers())
        known = Known(self.shop.warehouse, self.platform.account_id)
        try:
            for load in known.loads(self._last_load):
                self.history.take(load, known.rows(load))
                self._last_load = load.load_id
                self._count("loads")
            if self._last_load and self.history.last_told_at:
                assert known.fresh_at() <= self.history.last_told_at
        finally:
            known.close()
        self.history.settle(interrupted=interrupted)

    def stopped_sync(self) -> None:
        """Sync, and be interrupted at a random moment of it, as by Ctrl-C."""
        self.sync(stop_after_seconds=self.draw.uniform(0.01, 0.45))

    def killed_sync(self) -> None:
        """Sync in another process, which is killed at a random moment of it."""
        asked = {
            "control_url": self.platform.control_url,
            "workspace": str(self.workspace),
            "token": self._token,
            "settings": self.settings.model_dump(),
        }
        with subprocess.Popen(
            [sys.executable, "-c", VICTIM, str(ROOT), json.dumps(asked)], stdout=subprocess.PIPE, text=True
        ) as victim:
            assert victim.stdout
            assert victim.stdout.readline() == "ready\n"
            with contextlib.suppress(subprocess.TimeoutExpired):
                victim.wait(self.draw.uniform(0.02, 0.7))
            victim.kill()
        self._count("killed")
        # What it had committed is published by the next sync.
        self.history.hear(self.log.answers())
        self.history.settle(interrupted=True)

    def drain(self) -> None:
        """Work off the webhooks that have come, in whatever weather there is."""
        if not inbox_of(self.shop).waiting():
            return
        drained = drain_client(self.shop, lambda: self._connectors(PlatformClock(self.platform)))
        self.observe()
        self._count("webhooks", drained.deliveries)
        if any(isinstance(error, AuthorisationError) for error in drained.failures):
            self._new_token()

    def summary(self) -> str:
        """Return in one line what has been done so far."""
        told = {"rows told": self.history.rows_heard, "rows lost": self.history.rows_lost}
        faults = {"faults": sum(self.log.faults.values()), "changes": sum(self.people.done.values())}
        return ", ".join(f"{name}: {count}" for name, count in (self.counts | told | faults).items())

    def subscribe(self) -> None:
        subscribe_client(self.shop, MetaSection(), self.callback)

    def _connectors(self, clock: PlatformClock) -> tuple[MetaConnector, ...]:
        rows = self.draw.choice((15, 60, 500, 500))
        settings = MetaSection(page_rows=rows)
        connectors = client_connectors(self.shop, settings, access_token=SecretStr(self._token), clock=clock)
        for each in connectors:
            each.api.session.timeout = (10.0, TIMEOUT_SECONDS)
        return connectors

    def _wait_out(self, connectors: tuple[MetaConnector, ...]) -> None:
        """Let the waits pass that the platform has ordered before: on a clock that stands still they never would."""
        held = (each.budget.held_seconds(each.account_id, self.now) for each in connectors)
        self.platform.advance(max(held))

    def _new_token(self) -> None:
        """Connect again, as a person does when the platform has taken the token away."""
        self._token = self.graph.token = str(self.graph.control("POST", "/tokens", {})["access_token"])
        keep_secret(self.shop, "meta_access_token", self._token)
        self._count("tokens")

    def _acting(self, _what: str, _done: int, _total: int) -> None:
        if self.draw.random() < 0.1:
            self.people.act()

    def _count(self, name: str, times: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + times


@contextlib.contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Press Ctrl-C if the block takes longer, and end it quietly then; 0 for never."""
    armed, pressed = True, False

    def press(_number: int, _frame: object) -> None:
        nonlocal pressed
        if armed:
            pressed = True
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, press)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except KeyboardInterrupt:
        if not pressed:
            raise
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def receiving(shop: ClientContext, platform: RunningSandbox) -> Iterator[str]:
    """Run the workspace's receiver of webhooks, and yield its address."""
    store_secrets(
        shop,
        {
            "meta_access_token": SecretStr(platform.access_token),
            "meta_app_id": platform.app_id,
            "meta_app_secret": SecretStr(platform.app_secret),
            "webhook_verify_token": SecretStr("a-word-of-ours"),
        },
    )
    workspace = shop.folder.parent.parent
    ready, urls, ended = threading.Event(), list[str](), asyncio.Event()
    loop, receiver = asyncio.new_event_loop(), Receiver(mailboxes(workspace))

    def on_ready(url: str) -> None:
        urls.append(url)
        ready.set()

    def run() -> None:
        serve: Callable[..., Any] = serve_until
        about = {"host": "127.0.0.1", "port": 0, "counts": refusals_of(workspace), "on_ready": on_ready}
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve(ended, receiver, **about, on_new=lambda: None))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
