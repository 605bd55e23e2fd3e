"""How well a token is: what it may do, and how long it still lives. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aibuyer_kit.access.vault import TokenRecord

WARN_DAYS, FAIL_DAYS = 30, 7
# The permission to change ads includes the one to read them.
READING = frozenset({"ads_read", "ads_management"})
RENEW = "Make a new token and connect again: aibuyer connect meta (guide: docs/connect-meta.en.md)"


@dataclass(frozen=True)
class TokenHealth:
    """`state` is how urgent it is, `text` says why and how to mend it."""

    state: Literal["ok", "warning", "failed"]
    text: str


def token_health(record: TokenRecord, now: datetime) -> TokenHealth:
    """Return the health of a token at a moment; the nearer of its own end and that of its access to data counts."""
    if not READING & set(record.scopes):
        has = ", ".join(record.scopes) or "none"
        return TokenHealth("failed", f"the permission ads_read is missing (there are: {has}). {RENEW}")
    end = record.ends
    if end is None:
        return TokenHealth("ok", "never expires")
    what = "" if end == record.expires_at else "its access to data "
    days = (end - now).total_seconds() / 86_400
    if days <= 0:
        return TokenHealth("failed", f"{what}expired on {end:%Y-%m-%d}. {RENEW}")
    said = f"{what}expires on {end:%Y-%m-%d}, in {int(days)} days"
    if days <= FAIL_DAYS:
        return TokenHealth("failed", f"{said}. {RENEW}")
    if days <= WARN_DAYS:
        return TokenHealth("warning", f"{said}. {RENEW}")
    return TokenHealth("ok", said)
