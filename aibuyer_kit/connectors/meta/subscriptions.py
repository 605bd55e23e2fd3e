"""Asking Meta to send webhooks about ad accounts to an address of ours."""

from collections.abc import Callable, Iterable

from pydantic import SecretStr

from aibuyer_kit.connectors.http import RetryPolicy, Seam
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.credentials import MetaCredentials
from aibuyer_kit.core.clock import Clock, SystemClock

FIELDS = (
    "in_process_ad_objects",
    "with_issues_ad_objects",
    "creative_fatigue",
    "ad_recommendations",
    "product_set_issue",
    "effective_status",
)


def subscribe_app(
    credentials: MetaCredentials,
    *,
    callback_url: str,
    verify_token: SecretStr,
    graph_url: str,
    api_version: str,
    fields: Iterable[str] = FIELDS,
    clock: Clock | None = None,
) -> None:
    """Subscribe the app to changes of ad accounts; Meta shakes hands with the address before it agrees.

    Repeating it replaces the same subscription. Needs the app's id and secret. Raises PlatformError in its kinds.
    """
    secret = credentials.app_secret.get_secret_value() if credentials.app_secret else ""
    app = MetaCredentials(SecretStr(f"{credentials.app_id}|{secret}"))
    asked = {
        "object": "ad_account",
        "callback_url": callback_url,
        "fields": ",".join(fields),
        "verify_token": verify_token.get_secret_value(),
        "include_values": "true",
    }

    def redact(text: str) -> str:
        return app.redact(credentials.redact(text)).replace(verify_token.get_secret_value(), "***")

    api = _api(app, redact, graph_url=graph_url, api_version=api_version, clock=clock)
    api.sdk.call("POST", (str(credentials.app_id), "subscriptions"), params=asked)


def connect_account(
    credentials: MetaCredentials,
    account_id: str,
    *,
    graph_url: str,
    api_version: str,
    clock: Clock | None = None,
) -> None:
    """Let an ad account's changes reach the app. Needs ads_management. Raises PlatformError in its kinds."""
    api = _api(credentials, credentials.redact, graph_url=graph_url, api_version=api_version, clock=clock)
    api.sdk.call("POST", (account_id, "subscribed_apps"), params={"app_id": str(credentials.app_id)})


def _api(
    credentials: MetaCredentials, redact: Callable[[str], str], *, graph_url: str, api_version: str, clock: Clock | None
) -> MetaApi:
    seam = Seam(clock or SystemClock(), RetryPolicy(), redact=redact)
    return MetaApi(credentials, seam, graph_url=graph_url, api_version=api_version)
