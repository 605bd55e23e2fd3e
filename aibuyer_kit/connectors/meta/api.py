"""The official SDK with our seam beneath it: every call that the SDK makes is judged, retried and held to the limits.

The SDK itself never retries, judges an answer by its body alone and waits for ever; its session, base URL, version,
token and signature are used as they are.
"""

import functools
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus, urlsplit

import requests
from facebook_business.api import FacebookAdsApi
from facebook_business.session import FacebookSession
from requests.adapters import HTTPAdapter

from aibuyer_kit.connectors.base import Verdict
from aibuyer_kit.connectors.http import Call, Seam
from aibuyer_kit.connectors.meta.classify import judge
from aibuyer_kit.connectors.meta.credentials import MetaCredentials
from aibuyer_kit.connectors.meta.limits import usages
from aibuyer_kit.connectors.meta.redaction import WithoutSecrets
from aibuyer_kit.connectors.meta.wire import UNREADABLE, decoded, has_half_characters
from aibuyer_kit.core.addresses import LOOPBACK, safe_platform_url
from aibuyer_kit.core.errors import SchemaDriftError, SettingsError

if TYPE_CHECKING:
    import pyarrow as pa

    from aibuyer_kit.connectors.meta.typed import TypedPage

TIMEOUT_SECONDS = (10.0, 60.0)  # to connect, and between two bytes
_WITHOUT_SECRETS = WithoutSecrets()
_CURSOR = "after"
# Pages of one question differ in the cursor alone, and a request takes as long to prepare as to send.
_PREPARED_KEPT = 8


@dataclass(frozen=True)
class Purpose:
    """What a request is for, beyond what can be seen of it; see connectors.http.Call. `schema` is for typed pages."""

    starts: bool = False
    changes_nothing: bool = False
    schema: "pa.Schema | None" = None
    now_or_never: bool = False


_UNKNOWN_PURPOSE = Purpose()


class GraphReply(requests.Response):
    """An answer of the Graph API: its JSON, decoded when it is first asked for, or its page of typed rows.

    Of a page that is still being parsed, `paging` is known.
    """

    page: "TypedPage | None" = None
    coming: "Future[TypedPage | None] | None" = None
    paging: Mapping[str, Any] | None = None

    def iter_content(
        self,
        chunk_size: int | None = 1,  # noqa: ARG002 # the library asks for pieces of 10 KB
        decode_unicode: bool = False,
    ) -> Iterator[Any]:
        """Read whole: to put a body together from pieces takes longer than all else that is done to receive it."""
        return super().iter_content(None, decode_unicode)

    @functools.cached_property
    def document(self) -> object:
        return decoded(self.content)

    @property
    def is_page(self) -> bool:
        """Whether it is known, or taken until it is parsed, to be a page of typed rows."""
        return self.page is not None or self.coming is not None


@dataclass(frozen=True)
class ComingPage:
    """A page that another one follows: its `paging` is known, and `settled` waits for its rows.

    They are typed, or the JSON object that the page is; None for what turns out to be no good answer.
    """

    paging: Mapping[str, Any]
    settled: "Callable[[], TypedPage | Mapping[str, Any] | None]"


class SeamAdapter(HTTPAdapter):
    """Carries the requests of one session through a Seam; `platform_time` is the latest `Date` that Meta sent.

    A page that another one follows is parsed while that is asked for, if `parses_beside`.
    """

    def __init__(self, seam: Seam, account_id: str = "", *, parses_beside: bool = False) -> None:
        super().__init__(max_retries=0)
        self.seam = seam
        self.account_id = account_id
        self.platform_time: datetime | None = None
        self.parses_beside = parses_beside
        self._parser = ThreadPoolExecutor(1, "meta-pages")  # starts no thread before it has work

    def send(self, request: requests.PreparedRequest, *args: Any, **settings: Any) -> GraphReply:
        """Return the first usable answer. Raises PlatformError in its kinds; nothing of `requests` gets out."""
        purpose: Purpose = getattr(request, "purpose", _UNKNOWN_PURPOSE)
        call = Call(
            "Meta",
            request.method or "GET",
            urlsplit(request.url or "").path,
            changes_nothing=purpose.changes_nothing,
            starts=purpose.starts,
            account_id=self.account_id,
            now_or_never=purpose.now_or_never,
        )
        return self.seam.send(call, lambda: self._once(request, purpose, *args, **settings), self._judge)

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> GraphReply:
        reply = GraphReply()
        vars(reply).update(vars(super().build_response(req, resp)))
        return reply

    def _once(
        self, request: requests.PreparedRequest, purpose: Purpose, *args: Any, **settings: Any
    ) -> GraphReply | Verdict:
        """Return one answer with its whole body, or a verdict where none came.

        The library's exceptions stop here: they quote the URL, and the token is in it.
        """
        settings["timeout"] = settings.get("timeout") or TIMEOUT_SECONDS
        try:
            reply = cast(GraphReply, super().send(request, *args, **settings))
            body = reply.content
        except requests.exceptions.SSLError:
            return Verdict("fail", reason="the server's TLS certificate could not be verified.")
        except requests.Timeout:
            return Verdict("retry", reason="there was no answer in time.")
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            return Verdict("retry", reason=f"the connection failed or broke off ({type(error).__name__}).")
        except requests.exceptions.ContentDecodingError:
            return Verdict("retry", reason="the answer's compressed body is damaged.")
        if purpose.schema is not None and reply.status_code == 200:
            self._parse(reply, body, purpose.schema)
        return reply

    def _parse(self, reply: GraphReply, body: bytes, schema: "pa.Schema") -> None:
        from aibuyer_kit.connectors.meta.typed import paging_told_ahead, typed_page

        paging = paging_told_ahead(body) if self.parses_beside else None
        if paging and paging.get("next"):
            reply.paging, reply.coming = paging, self._parser.submit(typed_page, body, schema)
        else:
            reply.page = typed_page(body, schema)

    def _judge(self, reply: GraphReply) -> Verdict:
        self.platform_time = _moment(reply.headers.get("Date")) or self.platform_time
        self.seam.budget.note(self.account_id, usages(reply.headers), self.seam.clock.now())
        return judge(reply.status_code, reply.headers, {} if reply.is_page else reply.document)


class MetaApi:
    """One account's way to Meta: `sdk` for the SDK's own objects, `read` for a page decoded once.

    With `parses_beside`, a thread of its own parses pages while the next one is asked for.
    Raises SettingsError for an address or an API version that is malformed.
    """

    def __init__(
        self,
        credentials: MetaCredentials,
        seam: Seam,
        *,
        graph_url: str,
        api_version: str,
        account_id: str = "",
        parses_beside: bool = False,
    ) -> None:
        self.seam = seam
        self.adapter = SeamAdapter(seam, account_id, parses_beside=parses_beside)
        self.graph_url = safe_platform_url(graph_url, name="graph_url")
        self.api_version = _api_version(api_version)
        self.session = _session(credentials, self.graph_url, self.adapter)
        self.sdk = FacebookAdsApi(self.session, api_version=api_version)
        self.mended_answers = 0  # in which half a character was replaced
        self._prepared_get = functools.lru_cache(_PREPARED_KEPT)(
            lambda path, wired: self._prepared("GET", path, params=dict(wired))
        )

    @property
    def platform_time(self) -> datetime | None:
        return self.adapter.platform_time

    def read(self, path: str, parameters: Mapping[str, object], *, starts: bool = False) -> Mapping[str, Any]:
        """Return the JSON object at `path`, such as `act_1/ads`; lists and mappings are sent as JSON, as the SDK does.

        Raises PlatformError in its kinds.
        """
        return self._object("GET", path, self._send("GET", path, parameters, Purpose(starts)))

    def read_page(
        self, path: str, parameters: Mapping[str, object], schema: "pa.Schema", *, starts: bool = False
    ) -> "TypedPage | ComingPage | Mapping[str, Any]":
        """Return the page at `path` as typed rows if it has exactly the form of `schema`, else as a JSON object."""
        reply = self._send("GET", path, parameters, Purpose(starts, schema=schema))
        if reply.paging is not None:
            return ComingPage(reply.paging, functools.partial(self._settled, path, reply))
        return self._object("GET", path, reply) if reply.page is None else reply.page

    def _settled(self, path: str, reply: GraphReply) -> "TypedPage | Mapping[str, Any] | None":
        page = reply.coming.result() if reply.coming else None
        if page is not None:
            return page
        # What does not have the expected form seldom comes alone.
        self.adapter.parses_beside = False
        good = judge(reply.status_code, reply.headers, reply.document).action == "ok"
        return self._object("GET", path, reply) if good else None

    def ask_for_report(self, path: str, parameters: Mapping[str, object]) -> Mapping[str, Any]:
        """Return the answer to a POST that starts a report and changes nothing. Raises PlatformError in its kinds."""
        purpose = Purpose(starts=True, changes_nothing=True)
        return self._object("POST", path, self._send("POST", path, parameters, purpose))

    def change(self, path: str, parameters: Mapping[str, object]) -> Mapping[str, Any]:
        """Return the answer to a POST that changes an object, sent once: now or not at all. Raises PlatformError."""
        return self._object("POST", path, self._send("POST", path, parameters, Purpose(now_or_never=True)))

    def read_together(self, relative_urls: Sequence[str]) -> Sequence[Verdict | Mapping[str, Any]]:
        """Return the JSON objects at up to 50 addresses in one call, or a verdict in the place of one that is not good.

        Raises PlatformError in its kinds if the whole call was of no use.
        """
        asked = [{"method": "GET", "relative_url": each} for each in relative_urls]
        found = self._send("POST", "", {"batch": asked}, Purpose(changes_nothing=True)).document
        if not isinstance(found, list) or len(found) != len(asked):
            raise SchemaDriftError(
                f"Meta POST batch: expected a list of {len(asked)} answers; its format may have changed."
            )
        return [self._part(each) for each in found]

    def _part(self, part: object) -> Verdict | Mapping[str, Any]:
        """Return one answer of a batch; null means that it was not worked on in time."""
        if not isinstance(part, dict):
            return Verdict("retry", reason="Meta did not answer this part of a batch in time.")
        body, status = part.get("body"), part.get("code")
        document = decoded(body.encode(errors="replace")) if isinstance(body, str) else UNREADABLE
        headers = _part_headers(part.get("headers"))
        self.seam.budget.note(self.adapter.account_id, usages(headers), self.seam.clock.now())
        verdict = judge(status if isinstance(status, int) else 500, headers, document)
        return document if verdict.action == "ok" and isinstance(document, dict) else verdict

    def _send(self, method: str, path: str, parameters: Mapping[str, object], purpose: Purpose) -> GraphReply:
        session, wired = self.session.requests, {name: _wire(value) for name, value in parameters.items()}
        if method == "GET":
            cursor = wired.pop(_CURSOR, "")
            request = self._prepared_get(path, tuple(wired.items())).copy()
            if cursor:
                request.url = f"{request.url}&{_CURSOR}={quote_plus(cursor)}"
        else:
            request = self._prepared(method, path, data=wired)
        vars(request)["purpose"] = purpose
        settings = session.merge_environment_settings(request.url, {}, None, None, None)
        # Past the session's own `send`, which looks for cookies and redirects in each answer: the Graph has neither.
        reply = session.get_adapter(request.url).send(request, timeout=self.session.timeout, **settings)
        return cast(GraphReply, reply)

    def _prepared(self, method: str, path: str, **content: Mapping[str, str]) -> requests.PreparedRequest:
        """Return a request as the SDK's session signs it."""
        url = f"{self.graph_url}/{self.api_version}/{path}"
        asked = requests.Request(method, url, headers=FacebookAdsApi.HTTP_DEFAULT_HEADERS, **content)
        prepared: requests.PreparedRequest = self.session.requests.prepare_request(asked)
        return prepared

    def _object(self, method: str, path: str, reply: GraphReply) -> Mapping[str, Any]:
        self.mended_answers += has_half_characters(reply.content)
        if not isinstance(reply.document, dict):
            kind = type(reply.document).__name__
            raise SchemaDriftError(f"Meta {method} {path}: expected a JSON object, got {kind}.")
        return reply.document


def _part_headers(listed: object) -> dict[str, str]:
    pairs = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {str(each.get("name")): str(each.get("value")) for each in pairs}


def _api_version(text: str) -> str:
    if not re.fullmatch(r"v[0-9]{1,3}\.[0-9]{1,2}", text):
        raise SettingsError(f"api_version is {text!r}; write it as v26.0.")
    return text


def _session(credentials: MetaCredentials, graph_url: str, adapter: HTTPAdapter) -> FacebookSession:
    secret = credentials.app_secret
    session = FacebookSession(
        credentials.app_id,
        secret.get_secret_value() if secret else None,
        credentials.access_token.get_secret_value(),
        timeout=TIMEOUT_SECONDS,
    )
    session.GRAPH = graph_url
    session.requests.verify = True  # the SDK's own bundle of authorities ages with the SDK
    session.requests.trust_env = urlsplit(graph_url).hostname not in LOOPBACK
    session.requests.mount("https://", adapter)
    session.requests.mount("http://", adapter)
    logging.getLogger("urllib3.connectionpool").addFilter(_WITHOUT_SECRETS)
    return session


def _wire(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _moment(date_header: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date_header or "")
    except (ValueError, TypeError, IndexError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
