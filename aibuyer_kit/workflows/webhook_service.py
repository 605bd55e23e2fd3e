"""`aibuyer webhooks serve`: the receiver in the main thread, and a worker that reads again what is hinted at."""

import contextlib
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aibuyer_kit.access.clients import client_ids
from aibuyer_kit.core.errors import AibuyerError, RateLimitError
from aibuyer_kit.workflows.webhooks import drain_workspace, mailboxes, refusals_of

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 900.0
# For deliveries that came before this process was started, or that another one received.
_LOOK_EVERY_SECONDS = 30.0


def serve_webhooks(workspace: Path, *, host: str, port: int, drain: bool = True) -> None:
    """Receive until interrupted, and read again what is hinted at; prints one JSON line with the address when ready.

    Raises InputError if no client can receive, SettingsError if the port is taken.
    """
    import asyncio

    from aibuyer_kit.webhooks.receiver import Receiver
    from aibuyer_kit.webhooks.server import serve_until

    receiver, worker = Receiver(mailboxes(workspace)), Worker(workspace)
    ended, loop = asyncio.Event(), asyncio.new_event_loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner, _on_signals(lambda: loop.call_soon_threadsafe(ended.set)):
        if drain:
            threading.Thread(target=worker.run, name="webhook worker", daemon=True).start()
        runner.run(
            serve_until(
                ended,
                receiver,
                host=host,
                port=port,
                counts=refusals_of(workspace),
                on_ready=lambda url: print(json.dumps({"url": url}), flush=True),  # noqa: T201 - callers wait for it
                on_new=worker.wake,
            )
        )
    worker.stop()


class Worker:
    """Drains the inboxes of a workspace; a client that fails is tried again after growing pauses of its own."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._woken = threading.Event()
        self._stopped = False
        self._failed: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()

    def run(self) -> None:
        """Work until stopped."""
        while not self._stopped:
            self._woken.clear()
            for client_id in client_ids(self._workspace):
                if not self._stopped and time.monotonic() >= self._not_before.get(client_id, 0.0):
                    self._drain(client_id)
            soonest = min(self._not_before.values(), default=float("inf")) - time.monotonic()
            self._woken.wait(max(0.0, min(soonest, _LOOK_EVERY_SECONDS)))

    def _drain(self, client_id: str) -> None:
        try:
            failures: list[AibuyerError] = []
            for drained in drain_workspace(self._workspace, client_id):
                _say(drained.summary())
                failures.extend(drained.failures)
        except AibuyerError as error:
            _say(f"{client_id}: {error}")
            failures = [error]
        except Exception as error:  # noqa: BLE001 - one client's surprise must not stop the others' deliveries
            _say(f"{client_id}: the deliveries could not be worked off ({type(error).__name__}); they are kept.")
            failures = [AibuyerError()]
        self._note(client_id, failures)

    def _note(self, client_id: str, failures: list[AibuyerError]) -> None:
        if not failures:
            self._failed.pop(client_id, None)
            self._not_before.pop(client_id, None)
            return
        times = self._failed[client_id] = self._failed.get(client_id, 0) + 1
        grown = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(times, 10), _LONGEST_PAUSE_SECONDS)
        stated = max((error.wait_seconds for error in failures if isinstance(error, RateLimitError)), default=0.0)
        self._not_before[client_id] = time.monotonic() + max(grown, stated)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a server's log


@contextlib.contextmanager
def _on_signals(end: Callable[[], object]) -> Iterator[None]:
    before = {number: signal.signal(number, lambda *_: end()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
