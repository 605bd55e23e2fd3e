"""Tokens: made long-lived, looked at, and the ad accounts that they open."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from aibuyer_kit.connectors.http import RetryPolicy, Seam
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.credentials import MetaCredentials
from aibuyer_kit.core.clock import Clock, SystemClock
from aibuyer_kit.core.errors import AuthorisationError, PlatformError

_ACCOUNT_FIELDS = "account_id,name,currency,timezone_name,account_status"
_MOST_PAGES = 1000


@dataclass(frozen=True)
class TokenFacts:
    """What Meta says about a token; times in UTC, None where it never expires."""

    is_valid: bool
    type: str
    app_id: str
    application: str
    user_id: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    data_access_expires_at: datetime | None


@dataclass(frozen=True)
class AccountFound:
    """An ad account that a token opens; `account_status` 1 is active."""

    id: str
    name: str
    currency: str
    time_zone: str
    account_status: int


class MetaTokens:
    """Meta's functions for one app and token. Every method raises PlatformError in its kinds.

    Raises SettingsError for an address where a token would not be safe.
    """

    def __init__(
        self,
        credentials: MetaCredentials,
        *,
        graph_url: str,
        api_version: str,
        clock: Clock | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._credentials = credentials
        self._graph_url, self._api_version = graph_url, api_version
        self._clock, self._policy = clock or SystemClock(), policy or RetryPolicy()
        self.platform_time: datetime | None = None

    def exchange(self) -> SecretStr:
        """Return the long-lived token that Meta gives for this one; needs the app's id and secret."""
        app_id, app_secret = self._app()
        answer = self._read(
            self._as_app(),
            "oauth/access_token",
            {
                "grant_type": "fb_exchange_token",
                "client_id": app_id,
                "client_secret": app_secret.get_secret_value(),
                "fb_exchange_token": self._credentials.access_token.get_secret_value(),
            },
        )
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise PlatformError("Meta GET oauth/access_token: the answer holds no token.")
        return SecretStr(token)

    def facts(self) -> TokenFacts:
        """Return what debug_token says, asked as the app if its secret is known, else with the token itself."""
        asking = self._as_app() if self._credentials.app_secret else self._credentials
        token = self._credentials.access_token.get_secret_value()
        try:
            data = self._read(asking, "debug_token", {"input_token": token}).get("data")
        except AuthorisationError as error:
            if asking is self._credentials:
                raise
            raise AuthorisationError(
                f"Meta does not take the app {self._credentials.app_id} with this secret, and the"
                " token has not been looked at. Copy id and secret again:"
                " https://developers.facebook.com/apps > your app > App settings > Basic",
                code=error.code,
                subcode=error.subcode,
            ) from None
        if not isinstance(data, Mapping):
            raise PlatformError("Meta GET debug_token: the answer holds no data.")
        scopes = data.get("scopes")
        return TokenFacts(
            is_valid=data.get("is_valid") is True,
            **{name: str(data.get(name) or "") for name in ("type", "app_id", "application", "user_id")},
            scopes=tuple(str(each) for each in scopes) if isinstance(scopes, list) else (),
            expires_at=_moment(data.get("expires_at")),
            data_access_expires_at=_moment(data.get("data_access_expires_at")),
        )

    def accounts(self) -> tuple[AccountFound, ...]:
        """Return the ad accounts that the token opens, over all pages."""
        return tuple(_account(row) for row in self._rows("me/adaccounts", _ACCOUNT_FIELDS))

    def businesses(self) -> tuple[str, ...]:
        """Return the names of the business portfolios that the token's user is in; needs business_management."""
        return tuple(str(row.get("name") or row.get("id")) for row in self._rows("me/businesses", "id,name"))

    def _rows(self, edge: str, fields: str) -> Iterator[Mapping[str, Any]]:
        asked = {"fields": fields, "limit": "100"}
        for _ in range(_MOST_PAGES):
            answer = self._read(self._credentials, edge, asked)
            yield from (row for row in answer.get("data") or () if isinstance(row, Mapping))
            paging = answer.get("paging") or {}
            after = (paging.get("cursors") or {}).get("after")
            if not paging.get("next") or not after or after == asked.get("after"):
                return
            asked = {**asked, "after": after}

    def _read(self, credentials: MetaCredentials, path: str, asked: Mapping[str, object]) -> Mapping[str, Any]:
        seam = Seam(self._clock, self._policy, redact=lambda text: self._credentials.redact(credentials.redact(text)))
        api = MetaApi(credentials, seam, graph_url=self._graph_url, api_version=self._api_version)
        answer = api.read(path, asked)
        self.platform_time = api.platform_time or self.platform_time
        return answer

    def _app(self) -> tuple[str, SecretStr]:
        if not self._credentials.app_id or self._credentials.app_secret is None:
            raise PlatformError("The app's id and secret are needed for this.")
        return self._credentials.app_id, self._credentials.app_secret

    def _as_app(self) -> MetaCredentials:
        """Return the app's own credentials; its token is the id and the secret."""
        app_id, app_secret = self._app()
        return MetaCredentials(SecretStr(f"{app_id}|{app_secret.get_secret_value()}"))


def _moment(seconds: object) -> datetime | None:
    """Return a time of debug_token, where 0 and absence mean never."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 2**33:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _account(row: Mapping[str, Any]) -> AccountFound:
    number = str(row.get("account_id") or row.get("id") or "").removeprefix("act_")
    status = row.get("account_status")
    return AccountFound(
        f"act_{number}",
        str(row.get("name") or ""),
        str(row.get("currency") or ""),
        str(row.get("timezone_name") or ""),
        status if isinstance(status, int) else 0,
    )
