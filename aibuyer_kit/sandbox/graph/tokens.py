"""Access tokens: what each may do, until when, and how they are exchanged, looked into and revoked."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.sandbox.credentials import Credentials
from aibuyer_kit.sandbox.graph.errors import GraphError, bad_token, invalid_parameter, missing_permission
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND

SCOPES = ("ads_read", "ads_management", "business_management")
LONG_SECONDS = 5_184_000
_DATA_ACCESS_SECONDS = 90 * 86_400

# Why a token does not work any more, by the platform's subcode.
_REASONS = {
    458: "The user has not authorized the application",
    459: "The user is in a checkpoint and cannot use the application until it is resolved",
    460: "The session has been invalidated because the user changed their password",
    463: "Session has expired",
    467: "The access token is invalid since the user has logged out",
}


@dataclass(frozen=True)
class Token:
    """One token; `expires_us` is 0 for one that never expires, `revoked` is the subcode once it is."""

    text: str = field(repr=False)
    kind: str
    scopes: tuple[str, ...]
    issued_us: int
    expires_us: int = 0
    revoked: int = 0

    @property
    def name(self) -> str:
        """What may be shown of it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    def is_valid(self, at_us: int) -> bool:
        return not self.revoked and not 0 < self.expires_us <= at_us

    def require(self, *one_of: str) -> None:
        """Raise GraphError unless the token has one of the scopes."""
        if self.kind == "APP" or not set(one_of) & set(self.scopes):
            raise missing_permission(" or ".join(one_of))


class Tokens:
    """The tokens that were given out."""

    def __init__(self, credentials: Credentials, now_us: int) -> None:
        self._credentials = credentials
        first = Token(credentials.access_token, "SYSTEM_USER", SCOPES, now_us)
        app = Token(credentials.app_token, "APP", (), now_us)
        self._tokens = {token.text: token for token in (first, app)}

    @property
    def user_id(self) -> str:
        return f"7{self._credentials.app_id[1:]}"

    def of(self, request: GraphRequest) -> Token:
        """Return the token of a call. Raises GraphError if it is missing, unknown, expired or revoked."""
        text = request.params.text("access_token") or request.bearer
        if not text:
            raise bad_token("An access token is required to request this resource.")
        token = self._found(text)
        if token is None:
            raise bad_token("Invalid OAuth access token - Cannot parse access token")
        if not token.is_valid(request.at_us):
            subcode = token.revoked or 463
            raise bad_token(f"Error validating access token: {_REASONS[subcode]}.", subcode)
        return token

    def issue(self, scopes: Iterable[str], at_us: int, *, expires_seconds: int = 0, kind: str = "USER") -> Token:
        """Give out a new token; 0 seconds for one that never expires. Raises InputError for an unknown scope."""
        wanted = tuple(scopes)
        if unknown := set(wanted) - set(SCOPES):
            raise InputError(f"Unknown scopes: {', '.join(sorted(unknown))}. Known: {', '.join(SCOPES)}.")
        digest = hashlib.sha256(f"{self._credentials.access_token} {len(self._tokens)}".encode()).hexdigest()
        expires_us = at_us + expires_seconds * MICROSECONDS_PER_SECOND if expires_seconds else 0
        token = Token(f"EAAsandbox{digest[:40]}", kind, wanted, at_us, expires_us)
        self._tokens[token.text] = token
        return token

    def revoke(self, text: str = "", subcode: int = 460) -> int:
        """Revoke one token, or all but the app's own, and return how many. Raises InputError."""
        if subcode not in _REASONS:
            raise InputError(f"subcode is {subcode!r}. Known: {', '.join(map(str, _REASONS))}.")
        return self._change(text, revoked=subcode)

    def narrow(self, text: str, scopes: tuple[str, ...]) -> int:
        """Leave a token, or all of them, only these scopes."""
        return self._change(text, scopes=scopes)

    def report(self, at_us: int) -> list[dict[str, object]]:
        """Return what may be shown of the tokens: never their texts."""
        return [
            {
                "name": token.name,
                "kind": token.kind,
                "scopes": list(token.scopes),
                "expires_at": token.expires_us // MICROSECONDS_PER_SECOND,
                "is_valid": token.is_valid(at_us),
            }
            for token in self._tokens.values()
        ]

    def exchange(self, params: Params, at_us: int) -> dict[str, object]:
        """Answer oauth/access_token: a long-lived token for a token, or the app's own. Raises GraphError."""
        if not self._credentials.accepts_secret(params.text("client_id"), params.text("client_secret")):
            raise GraphError(101, "Error validating application. Cannot get application info due to a system error.")
        match params.text("grant_type"):
            case "client_credentials":
                return {"access_token": self._credentials.app_token, "token_type": "bearer"}
            case "fb_exchange_token":
                old = self.of(GraphRequest("GET", "", Params(), Params(), at_us, params.text("fb_exchange_token")))
                new = self.issue(old.scopes, at_us, expires_seconds=LONG_SECONDS)
                return {"access_token": new.text, "token_type": "bearer", "expires_in": LONG_SECONDS}
        raise invalid_parameter("grant_type must be fb_exchange_token or client_credentials.")

    def debug(self, text: str, at_us: int) -> dict[str, object]:
        """Answer debug_token."""
        token = self._found(text)
        if token is None:
            error = {"code": 190, "message": "The access token could not be decrypted"}
            return {"data": {"error": error, "is_valid": False, "scopes": []}}
        about: dict[str, object] = {
            "app_id": self._credentials.app_id,
            "type": token.kind,
            "application": "Sample app",
            "data_access_expires_at": token.issued_us // MICROSECONDS_PER_SECOND + _DATA_ACCESS_SECONDS,
            "expires_at": token.expires_us // MICROSECONDS_PER_SECOND,
            "is_valid": token.is_valid(at_us),
            "issued_at": token.issued_us // MICROSECONDS_PER_SECOND,
            "scopes": list(token.scopes),
            "user_id": self.user_id,
        }
        if not token.is_valid(at_us):
            subcode = token.revoked or 463
            about["error"] = {"code": 190, "subcode": subcode, "message": _REASONS[subcode]}
        return {"data": about}

    def _found(self, text: str) -> Token | None:
        return next(
            (one for known, one in self._tokens.items() if hmac.compare_digest(known.encode(), text.encode())), None
        )

    def _change(self, text: str, *, revoked: int | None = None, scopes: tuple[str, ...] | None = None) -> int:
        chosen = [one for one in self._tokens.values() if one.kind != "APP" and text in ("", one.text)]
        if not chosen:
            raise InputError("There is no such token.")
        for one in chosen:
            self._tokens[one.text] = replace(
                one,
                revoked=one.revoked if revoked is None else revoked,
                scopes=one.scopes if scopes is None else scopes,
            )
        return len(chosen)
