"""The body of an answer as JSON, strictly: what could be read in two ways is not read at all."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NoReturn

UNREADABLE = object()

_MAYBE_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def decoded(body: bytes) -> object:
    """Return the JSON value, or UNREADABLE for a body that is cut, names a key twice, or is no JSON in UTF-8.

    Half a character (a lone surrogate, left where a name was cut) becomes U+FFFD: no file and no database takes it.

    >>> decoded(b'{"a": 1, "a": 2}') is UNREADABLE, decoded(b'{"name": "\\\\ud83d"}')
    (True, {'name': '\ufffd'})
    """
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite, strict=True
        )
    except (ValueError, RecursionError):
        return UNREADABLE
    return _whole_characters(value) if _MAYBE_HALF.search(body) else value


def has_half_characters(body: bytes) -> bool:
    """Tell whether `decoded` replaced anything."""
    return bool(_MAYBE_HALF.search(body)) and REPLACEMENT in json.dumps(decoded(body), ensure_ascii=False)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is out of range")
    return number


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [_whole_characters(each) for each in value]
    if isinstance(value, dict):
        return {_HALF.sub(REPLACEMENT, name): _whole_characters(each) for name, each in value.items()}
    return value
