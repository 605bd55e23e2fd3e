"""The two tornado applications: the Graph API and the control of the practice platform."""

import json
import logging
from collections.abc import Callable, Mapping

from tornado.web import Application, RequestHandler

from aibuyer_kit.core.errors import AibuyerError, InputError
from aibuyer_kit.sandbox.control.exchange import Exchange
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params

_LOG = logging.getLogger(__name__)


def graph_application(exchange: Exchange) -> Application:
    """Return the Graph API; no address of a call reaches a log, for it holds the token."""
    return Application([(r"/.*", _GraphHandler, {"exchange": exchange})], log_function=_log_nothing)


def control_application(exchange: Exchange) -> Application:
    """Return the control server."""
    handlers = {"/clock": _ClockHandler, "/faults": _FaultsHandler, "/calls": _CallsHandler, "/kinds": _KindsHandler}
    routes = [(path, handler, {"exchange": exchange}) for path, handler in handlers.items()]
    return Application(routes, log_function=_log_nothing)


def _log_nothing(_handler: RequestHandler) -> None:
    """Stand in for tornado's access log."""


class _Handler(RequestHandler):  # type: ignore[misc] # tornado is not followed by the type checker
    """What both servers share."""

    def initialize(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def compute_etag(self) -> None:
        """Answer in full each time."""

    def log_exception(self, *_exc_info: object) -> None:
        """Log a fault of this server without the request's address."""
        _LOG.exception("%s of the practice platform failed", type(self).__name__)


class _GraphHandler(_Handler):
    async def get(self) -> None:
        await self._exchange()

    async def post(self) -> None:
        await self._exchange()

    async def delete(self) -> None:
        await self._exchange()

    async def _exchange(self) -> None:
        answer = await self.exchange.answer(self._graph_request())
        self.set_status(answer.status)
        self.set_header("Content-Type", answer.content_type)
        for name, text in answer.headers.items():
            self.set_header(name, text)
        await self.finish(answer.body)

    def _graph_request(self) -> GraphRequest:
        return GraphRequest(
            method=self.request.method,
            path=self.request.path,
            query=_params(self.request.query_arguments),
            body=self._body_params(),
            at_us=self.exchange.market.now_us,
            bearer=self.request.headers.get("Authorization", "").rpartition(" ")[2],
            base_url=f"{self.request.protocol}://{self.request.host}",
        )

    def _body_params(self) -> Params:
        """Return the parameters of a form, or of a JSON object, which the platform takes as well."""
        if not self.request.headers.get("Content-Type", "").startswith("application/json"):
            return _params(self.request.body_arguments)
        content = _json_object(self.request.body) or {}
        return Params({name: (one if isinstance(one, str) else json.dumps(one),) for name, one in content.items()})


class _ControlHandler(_Handler):
    def reply(self, work: Callable[[], Mapping[str, object]]) -> None:
        """Answer with what `work` returns, or with HTTP 400 and the error's text."""
        try:
            content = work()
        except AibuyerError as error:
            self.set_status(400)
            content = {"error": str(error)}
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(json.dumps(content))

    def asked(self) -> Mapping[str, object]:
        """Return the JSON object of the body. Raises InputError."""
        content = _json_object(self.request.body)
        if content is None:
            raise InputError("The body must be a JSON object.")
        return content


class _ClockHandler(_ControlHandler):
    """The virtual clock: read by GET, moved by POST {"advance_seconds": n}."""

    def get(self) -> None:
        self.reply(self._clock)

    def post(self) -> None:
        self.reply(self._advanced)

    def _clock(self) -> Mapping[str, object]:
        market = self.exchange.market
        return {"now": market.now.isoformat(), "today": market.today.isoformat(), "time_zone": market.zone.key}

    def _advanced(self) -> Mapping[str, object]:
        asked = self.asked()
        seconds = asked.get("advance_seconds")
        if list(asked) != ["advance_seconds"] or isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise InputError('Give {"advance_seconds": n}.')
        self.exchange.market.advance(seconds=seconds)
        return self._clock()


class _FaultsHandler(_ControlHandler):
    """The faults armed now: listed by GET, one more by POST, none by DELETE."""

    def get(self) -> None:
        self.reply(lambda: {"faults": self.exchange.faults.report()})

    def post(self) -> None:
        self.reply(lambda: self.exchange.faults.arm(self.asked()).report())

    def delete(self) -> None:
        self.exchange.faults.clear()
        self.get()


class _CallsHandler(_ControlHandler):
    """The calls answered so far: GET ?since=n for those after number n."""

    def get(self) -> None:
        self.reply(self._calls)

    def _calls(self) -> Mapping[str, object]:
        since = self.get_query_argument("since", "0")
        if not (since.isascii() and since.isdigit()):
            raise InputError(f"since is {since!r}; give the number of a call, or 0.")
        return {"calls": self.exchange.calls.since(int(since))}


class _KindsHandler(_ControlHandler):
    """The kinds of fault."""

    def get(self) -> None:
        kinds = self.exchange.faults.kinds.values()
        self.reply(
            lambda: {"kinds": [{"kind": one.name, "meaning": one.meaning, "options": one.options} for one in kinds]}
        )


def _params(arguments: Mapping[str, list[bytes]]) -> Params:
    return Params({name: tuple(text.decode("utf-8", "replace") for text in given) for name, given in arguments.items()})


def _json_object(body: bytes) -> dict[str, object] | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
