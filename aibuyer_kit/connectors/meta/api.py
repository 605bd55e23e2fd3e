"""The official SDK with our seam beneath it: every call that the SDK makes is judged, retried and held to the limits.

The SDK itself never retries, judges an answer by its body alone and waits for ever; its session, base URL, version,
token and signature are used as they are.
"""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from facebook_business.api import FacebookAdsApi
from facebook_business.session import FacebookSession
from requests.adapters import HTTPAdapter

from aibuyer_kit.connectors.base import Verdict
from aibuyer_kit.connectors.http import Call, Seam
from aibuyer_kit.connectors.meta.classify import judge
from aibuyer_kit.connectors.meta.credentials import MetaCredentials
from aibuyer_kit.connectors.meta.limits import UNREADABLE, decoded
from aibuyer_kit.connectors.meta.redaction import WithoutSecrets
from aibuyer_kit.core.addresses import LOOPBACK, safe_platform_url
from aibuyer_kit.core.errors import PlatformError, SettingsError

TIMEOUT_SECONDS = (10.0, 60.0)  # to connect, and between two bytes
_WITHOUT_SECRETS = WithoutSecrets()


class GraphReply(requests.Response):
    """An answer of the Graph API; `document` is its JSON, decoded once."""

    document: object = UNREADABLE


class SeamAdapter(HTTPAdapter):
    """Carries the requests of one session through a Seam; `platform_time` is the latest `Date` that Meta sent."""

    def __init__(self, seam: Seam) -> None:
        super().__init__(max_retries=0)
        self.seam = seam
        self.platform_time: datetime | None = None

    def send(self, request: requests.PreparedRequest, *args: Any, **settings: Any) -> GraphReply:
        """Return the first usable answer. Raises PlatformError in its kinds; nothing of `requests` gets out."""
        call = Call("Meta", request.method or "GET", urlsplit(request.url or "").path)
        return self.seam.send(call, lambda: self._once(request, *args, **settings), self._judge)

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> GraphReply:
        reply = GraphReply()
        vars(reply).update(vars(super().build_response(req, resp)))
        return reply

    def _once(self, request: requests.PreparedRequest, *args: Any, **settings: Any) -> GraphReply | Verdict:
        """Return one answer with its whole body, or a verdict where none came.

        The library's exceptions stop here: they quote the URL, and the token is in it.
        """
        settings["timeout"] = settings.get("timeout") or TIMEOUT_SECONDS
        try:
            reply = cast(GraphReply, super().send(request, *args, **settings))
            reply.document = decoded(reply.content)
        except requests.exceptions.SSLError:
            return Verdict("fail", reason="the server's TLS certificate could not be verified.")
        except requests.Timeout:
            return Verdict("retry", reason="there was no answer in time.")
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            return Verdict("retry", reason=f"the connection failed or broke off ({type(error).__name__}).")
        except requests.exceptions.ContentDecodingError:
            return Verdict("retry", reason="the answer's compressed body is damaged.")
        return reply

    def _judge(self, reply: GraphReply) -> Verdict:
        self.platform_time = _moment(reply.headers.get("Date")) or self.platform_time
        return judge(reply.status_code, reply.headers, reply.document)


class MetaApi:
    """One account's way to Meta: `sdk` for the SDK's own objects, `read` for a page decoded once.

    Raises SettingsError for an address or an API version that is malformed.
    """

    def __init__(self, credentials: MetaCredentials, seam: Seam, *, graph_url: str, api_version: str) -> None:
        self.adapter = SeamAdapter(seam)
        self.graph_url = safe_platform_url(graph_url, name="graph_url")
        self.api_version = _api_version(api_version)
        self.session = _session(credentials, self.graph_url, self.adapter)
        self.sdk = FacebookAdsApi(self.session, api_version=api_version)

    @property
    def platform_time(self) -> datetime | None:
        return self.adapter.platform_time

    def read(self, path: str, parameters: Mapping[str, object]) -> Mapping[str, Any]:
        """Return the JSON object at `path`, such as `act_1/ads`; lists and mappings are sent as JSON, as the SDK does.

        Raises PlatformError in its kinds.
        """
        reply = self.session.requests.get(
            f"{self.graph_url}/{self.api_version}/{path}",
            params={name: _wire(value) for name, value in parameters.items()},
            headers=FacebookAdsApi.HTTP_DEFAULT_HEADERS,
            timeout=self.session.timeout,
        )
        document = cast(GraphReply, reply).document
        if not isinstance(document, dict):
            raise PlatformError(f"Meta GET {path}: expected a JSON object, got {type(document).__name__}.")
        return document


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
