"""Starting and ending the practice platform: on a thread of this process, or as a process of its own."""

import gc
import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from aibuyer_kit.core.errors import SettingsError

if TYPE_CHECKING:
    import asyncio
    from datetime import datetime

    from aibuyer_kit.sandbox.market.engine import Market

HOST = "127.0.0.1"
DEFAULT_WORLD = "seasonal"
DEFAULT_SEED = 7
_MAX_BODY_BYTES = 1_000_000
_TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Addresses:
    """What a client needs to reach the platform and to be let in."""

    graph_url: str
    control_url: str
    access_token: str = field(repr=False)
    app_id: str
    app_secret: str = field(repr=False)
    account_id: str


@dataclass(frozen=True)
class RunningSandbox:
    """A platform on a thread of this process; it ends with its `with` block, or by `stop`."""

    addresses: Addresses
    market: "Market"
    _loop: "asyncio.AbstractEventLoop" = field(repr=False)
    _ended: "asyncio.Event" = field(repr=False)
    _thread: threading.Thread = field(repr=False)

    @property
    def graph_url(self) -> str:
        return self.addresses.graph_url

    @property
    def control_url(self) -> str:
        return self.addresses.control_url

    @property
    def access_token(self) -> str:
        return self.addresses.access_token

    @property
    def app_id(self) -> str:
        return self.addresses.app_id

    @property
    def app_secret(self) -> str:
        return self.addresses.app_secret

    @property
    def account_id(self) -> str:
        return self.addresses.account_id

    def advance(self, seconds: float) -> "datetime":
        """Move the virtual clock forward, from any thread, and return the new time."""
        return self.market.advance(seconds=seconds)

    def stop(self) -> None:
        """End the platform and wait until its sockets are closed; a second time does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    def __enter__(self) -> "RunningSandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    world: str | Path = DEFAULT_WORLD, seed: int = DEFAULT_SEED, port: int = 0, control_port: int = 0
) -> RunningSandbox:
    """Start the platform on a daemon thread; port 0 takes a free one.

    Raises SettingsError for a bad world or a port that is taken.
    """
    import asyncio

    platform = _Platform(world, seed, port, control_port)
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(platform.serve_until(ended))

    thread = threading.Thread(target=run, name="practice platform", daemon=True)
    thread.start()
    return RunningSandbox(platform.addresses, platform.market, loop, ended, thread)


def serve_forever(
    world: str | Path = DEFAULT_WORLD, seed: int = DEFAULT_SEED, port: int = 0, control_port: int = 0
) -> None:
    """Serve in the main thread until SIGINT or SIGTERM; prints the addresses as one JSON line when ready.

    Raises SettingsError for a bad world or a port that is taken.
    """
    import asyncio

    platform = _Platform(world, seed, port, control_port)
    # A large world is half a million objects that stay; looking through them again and again would hold up answers.
    gc.freeze()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    with asyncio.Runner(loop_factory=lambda: loop) as runner, _on_signals(lambda: loop.call_soon_threadsafe(ended.set)):
        print(json.dumps(asdict(platform.addresses)), flush=True)  # noqa: T201 # the line that callers wait for
        runner.run(platform.serve_until(ended))


class _Platform:
    """A market with both its sockets bound, so that a caller's first request waits rather than fails."""

    def __init__(self, world: str | Path, seed: int, port: int, control_port: int) -> None:
        from aibuyer_kit.sandbox.control.exchange import Exchange
        from aibuyer_kit.sandbox.credentials import practice_credentials
        from aibuyer_kit.sandbox.graph.api import GraphApi
        from aibuyer_kit.sandbox.market.engine import Market

        self.market = Market.open(world, seed)
        self.market.settle()
        keys = practice_credentials(seed)
        self._exchange = Exchange(GraphApi(self.market, keys))
        self._graph, self._control = _bound_pair(port, control_port)
        self.addresses = Addresses(
            graph_url=_url(self._graph),
            control_url=_url(self._control),
            access_token=keys.access_token,
            app_id=keys.app_id,
            app_secret=keys.app_secret,
            account_id=self.market.account.id,
        )

    async def serve_until(self, ended: "asyncio.Event") -> None:
        """Answer calls until `ended` is set, then close every connection."""
        from tornado.httpserver import HTTPServer
        from tornado.ioloop import PeriodicCallback

        from aibuyer_kit.sandbox.control_web import control_application
        from aibuyer_kit.sandbox.web import graph_application

        bound = {self._graph: graph_application(self._exchange), self._control: control_application(self._exchange)}
        servers = []
        for listener, application in bound.items():
            servers.append(HTTPServer(application, max_body_size=_MAX_BODY_BYTES))
            servers[-1].add_socket(listener)
        ticking = PeriodicCallback(lambda: self._exchange.pass_time(_TICK_SECONDS), 1000 * _TICK_SECONDS)
        ticking.start()
        await ended.wait()
        ticking.stop()
        self._exchange.release()
        for server in servers:
            server.stop()
            await server.close_all_connections()


def _bound_pair(port: int, control_port: int) -> tuple[socket.socket, socket.socket]:
    graph = _bound(port)
    try:
        return graph, _bound(control_port)
    except SettingsError:
        graph.close()
        raise


def _bound(port: int) -> socket.socket:
    """Return a listening socket on this machine only. Raises SettingsError if the port cannot be had."""
    try:
        listener = socket.create_server((HOST, port), backlog=128)
    except (OSError, OverflowError) as error:
        raise SettingsError(f"Port {port} on {HOST} cannot be used: {error}. Give another one, or 0 for any.") from None
    listener.setblocking(False)
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextmanager
def _on_signals(end: Callable[[], object]) -> Iterator[None]:
    before = {number: signal.signal(number, lambda *_: end()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
