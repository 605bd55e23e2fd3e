"""The HTTP side of the receiver, on tornado: nothing of a request reaches a log, for its address can hold a token."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, Finish, RequestHandler, stream_request_body

from aibuyer_kit.core.errors import InboxError, SettingsError
from aibuyer_kit.webhooks.inbox import Delivery, Inbox
from aibuyer_kit.webhooks.receiver import MAX_BODY_BYTES, Reason, Receiver, RefusedDelivery

PATH = "/meta"
_LOG = logging.getLogger(__name__)
_BODY_SECONDS, _IDLE_SECONDS = 10.0, 60.0
_COUNTS_SAVED_EVERY_SECONDS = 2.0
# Above the limit a body is read and dropped up to here, so that its sender gets the answer; then the line is cut.
_MAX_DROPPED_BYTES = 8 * MAX_BODY_BYTES


@dataclass
class InboxWriter:
    """Stores what comes in while the last commit runs with the next one; `on_new` is told after each such commit."""

    on_new: Callable[[], None]
    _waiting: list[tuple[Path, Delivery, "asyncio.Future[bool]"]] = field(default_factory=list)
    _task: "asyncio.Task[None] | None" = None
    _disk: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "webhook inbox"))

    async def keep(self, inbox: Path, delivery: Delivery) -> bool:
        """Return whether the delivery is new, once it is on the disk. Raises InboxError."""
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((inbox, delivery, kept))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._store())
        return await kept

    async def _store(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            for inbox in {each[0] for each in batch}:
                await self._store_in(inbox, [(delivery, kept) for path, delivery, kept in batch if path == inbox])

    async def _store_in(self, inbox: Path, batch: "list[tuple[Delivery, asyncio.Future[bool]]]") -> None:
        run = asyncio.get_running_loop().run_in_executor
        try:
            new = await run(self._disk, Inbox(inbox).keep, [delivery for delivery, _ in batch])
        except InboxError as error:
            for _, kept in batch:
                kept.set_exception(error)
            return
        for (_, kept), is_new in zip(batch, new, strict=True):
            kept.set_result(is_new)
        if any(new):
            self.on_new()


@stream_request_body
class _MetaHandler(RequestHandler):  # type: ignore[misc] # tornado is not followed by the type checker
    """GET is the handshake, POST a delivery."""

    def initialize(self, receiver: Receiver, writer: InboxWriter) -> None:
        self.receiver = receiver
        self.writer = writer
        self.body = bytearray()

    def prepare(self) -> None:
        stated = self.request.headers.get("Content-Length", "")
        if stated.isascii() and stated.isdigit() and int(stated[:32]) > MAX_BODY_BYTES:
            self._refuse("too large", 413)

    def data_received(self, chunk: bytes) -> None:
        if len(self.body) <= MAX_BODY_BYTES:
            self.body += chunk

    def get(self) -> None:
        asked = [self.get_query_argument(f"hub.{name}", "") for name in ("mode", "verify_token", "challenge")]
        with self._refusals():
            self.set_header("Content-Type", "text/plain; charset=UTF-8")
            self.set_header("X-Content-Type-Options", "nosniff")
            self.finish(self.receiver.challenge(*asked))

    async def post(self) -> None:
        with self._refusals():
            if len(self.body) > MAX_BODY_BYTES:
                raise RefusedDelivery("too large", 413)
            sorted_out = self.receiver.deliveries(bytes(self.body), self.request.headers.get("X-Hub-Signature-256"))
            try:
                await asyncio.gather(*(self.writer.keep(inbox, one) for inbox, one in sorted_out.items()))
            except InboxError as error:
                _LOG.error("A delivery could not be kept (%s); the platform will repeat it.", type(error).__name__)
                raise RefusedDelivery("not kept", 503) from None
            self.finish("kept")

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except RefusedDelivery as refused:
            self._refuse(refused.reason, refused.status)

    def _refuse(self, reason: Reason, status: int) -> None:
        self.receiver.refused[reason] += 1
        self.set_status(status)
        self.set_header("Connection", "close")
        self.finish()
        raise Finish

    def compute_etag(self) -> None:
        """Answer in full each time."""

    def log_exception(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """Log a fault of this server without the request's address."""
        if not isinstance(error, Finish):
            _LOG.error("The webhook receiver failed: %s", kind.__name__ if kind else "unknown")


async def serve_until(
    ended: asyncio.Event,
    receiver: Receiver,
    *,
    host: str,
    port: int,
    counts: Inbox,
    on_ready: Callable[[str], None],
    on_new: Callable[[], None],
) -> None:
    """Serve until `ended`; `on_ready` is told the address, `counts` keeps what was refused.

    Raises SettingsError if the port is taken.
    """
    writer = InboxWriter(on_new)
    routes = [(PATH, _MetaHandler, {"receiver": receiver, "writer": writer})]
    server = HTTPServer(
        Application(routes, log_function=lambda _handler: None),
        max_body_size=_MAX_DROPPED_BYTES,
        body_timeout=_BODY_SECONDS,
        idle_connection_timeout=_IDLE_SECONDS,
    )
    try:
        sockets = bind_sockets(port, host)
    except OSError as error:
        raise SettingsError(f"Port {port} of {host} is not free ({error.strerror}). Choose another --port.") from None
    server.add_sockets(sockets)
    on_ready(f"http://{host}:{sockets[0].getsockname()[1]}{PATH}")
    try:
        await _save_counts_until(ended, receiver, counts)
    finally:
        server.stop()
        await server.close_all_connections()


async def _save_counts_until(ended: asyncio.Event, receiver: Receiver, counts: Inbox) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _COUNTS_SAVED_EVERY_SECONDS)
        if taken := receiver.taken():
            with contextlib.suppress(InboxError):  # a disk that is full ends no receiver
                await asyncio.get_running_loop().run_in_executor(None, counts.add_refused, taken)
        if ended.is_set():
            return
