"""Who wants to be told of changes: an app's subscription to fields, and the accounts it is connected to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params

FIELDS = (
    "in_process_ad_objects",
    "with_issues_ad_objects",
    "creative_fatigue",
    "ad_recommendations",
    "product_set_issue",
    "effective_status",
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Subscription:
    """One app's wish; its callback is on this machine."""

    callback_url: str
    fields: tuple[str, ...]
    verify_token: str = field(repr=False)


class Subscriptions:
    """The subscription of the one app, and whether the account is connected to it."""

    def __init__(self, app_id: str) -> None:
        self.app_id = app_id
        self.current: Subscription | None = None
        self.account_is_connected = False
        # What the exchange has shaken hands with; nothing else can be subscribed.
        self.verified: set[tuple[str, str]] = set()

    @property
    def active(self) -> Subscription | None:
        """The subscription that gets deliveries."""
        return self.current if self.account_is_connected else None

    def subscribe(self, params: Params) -> dict[str, object]:
        """Keep a wish whose callback has answered the handshake. Raises GraphError."""
        wish = asked_subscription(params)
        if (wish.callback_url, wish.verify_token) not in self.verified:
            raise GraphError(2200, "(#2200) Callback verification failed: the challenge was not echoed.")
        self.current = wish
        return {"success": True}

    def unsubscribe(self) -> dict[str, object]:
        self.current = None
        return {"success": True}

    def report(self) -> dict[str, object]:
        """Answer GET /{app_id}/subscriptions."""
        if self.current is None:
            return {"data": []}
        fields = [{"name": name, "version": "v26.0"} for name in self.current.fields]
        about = {"object": "ad_account", "callback_url": self.current.callback_url, "active": True, "fields": fields}
        return {"data": [about]}

    def connect(self, params: Params, *, connected: bool) -> dict[str, object]:
        """Answer POST and DELETE act_N/subscribed_apps. Raises GraphError for another app."""
        if params.text("app_id", self.app_id) != self.app_id:
            raise invalid_parameter("Param app_id must be the id of the app whose token this is.")
        self.account_is_connected = connected
        return {"success": True}

    def connected_apps(self) -> dict[str, object]:
        """Answer GET act_N/subscribed_apps."""
        return {"data": [{"id": self.app_id, "name": "Sample app"}] if self.account_is_connected else []}


def handshake_of(request: GraphRequest, app_id: str) -> Subscription | None:
    """Return the wish of a call that asks for a subscription; None for any other call. Raises GraphError."""
    if request.method != "POST" or not request.path.rstrip("/").endswith(f"/{app_id}/subscriptions"):
        return None
    return asked_subscription(request.params)


def asked_subscription(params: Params) -> Subscription:
    """Return what is asked for. Raises GraphError for an address that is not on this machine, among others."""
    _check(params, {"object": "ad_account"})
    url = urlsplit(params.text("callback_url"))
    if url.scheme not in ("http", "https") or url.hostname not in _LOOPBACK:
        raise invalid_parameter("callback_url must be an http address on this machine: the practice platform is here.")
    fields = params.texts("fields")
    if not fields or set(fields) - set(FIELDS):
        raise invalid_parameter(f"Param fields must be some of {', '.join(FIELDS)}.")
    return Subscription(params.text("callback_url"), fields, params.text("verify_token"))


def _check(params: Params, wanted: Mapping[str, str]) -> None:
    for name, value in wanted.items():
        if params.text(name) != value:
            raise invalid_parameter(f"Of {name}, only {value} is imitated.")
