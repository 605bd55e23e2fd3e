"""Whether a delivery comes from who has the app's secret. Pure; compares in constant time."""

import hashlib
import hmac

from pydantic import SecretStr


def is_signed(raw_body: bytes, header: str, app_secret: SecretStr) -> bool:
    """Return whether `header` (X-Hub-Signature-256) is the HMAC-SHA256 of exactly these bytes.

    >>> is_signed(b"{}", "sha256=00", SecretStr("s"))
    False
    """
    return hmac.compare_digest(signature(raw_body, app_secret).encode(), header.encode("utf-8", "replace"))


def signature(raw_body: bytes, app_secret: SecretStr) -> str:
    """Return the header's text for a body."""
    return f"sha256={hmac.new(app_secret.get_secret_value().encode(), raw_body, hashlib.sha256).hexdigest()}"


def is_token(given: str, expected: SecretStr) -> bool:
    """Return whether the verify token is the agreed one; an empty one never is."""
    known = expected.get_secret_value().encode()
    return bool(known) and hmac.compare_digest(given.encode("utf-8", "replace"), known)
