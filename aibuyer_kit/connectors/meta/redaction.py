"""Takes tokens and proofs out of texts and URLs before they reach a message or a log. Heuristic; exact where known."""

import logging
import re
from collections.abc import Callable

_NAMES = "access_token|input_token|fb_exchange_token|appsecret_proof|client_secret|app_secret"
_NAMED = re.compile(rf"\b({_NAMES})([\"'\s]*(?:=|:|%3D)[\"'\s]*)[^\s&\"',;)}}]+", re.IGNORECASE)
_SPOKEN = re.compile(r"\b((?:malformed|invalid)\s+access\s+token|bearer|oauth)(\s+[\"']?)[^\s\"',;]{6,}", re.IGNORECASE)
_TOKEN = re.compile(r"EAA[A-Za-z0-9_-]{6,}")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff]+")


def without_secrets(text: str) -> str:
    """Return `text` on one line, with whatever looks like a token replaced by asterisks.

    >>> without_secrets("GET /me?access_token=abc&limit=1")
    'GET /me?access_token=***&limit=1'
    """
    return without_tokens(_UNPRINTABLE.sub(" ", text))


def without_tokens(text: str) -> str:
    """Return `text` as it is, but for whatever looks like a token."""
    return _TOKEN.sub("***", _SPOKEN.sub(r"\1\2***", _NAMED.sub(r"\1\2***", text)))


def masked_row(value: object, masked: Callable[[str], str]) -> object:
    """Return a row of JSON with `masked` applied to its texts, and asterisks under the names of secrets."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, list):
        return [masked_row(each, masked) for each in value]
    if isinstance(value, dict):
        return {masked(name): _under(name, each, masked) for name, each in value.items()}
    return value


def _under(name: str, value: object, masked: Callable[[str], str]) -> object:
    return "***" if re.fullmatch(_NAMES, name, re.IGNORECASE) else masked_row(value, masked)


class WithoutSecrets(logging.Filter):
    """Rewrites log records: the HTTP library writes whole URLs at level DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_secrets(record.getMessage()), ()
        return True
