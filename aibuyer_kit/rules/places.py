"""Where in a JSON text something stands, by the keys and numbers that lead to it."""

import json
from collections.abc import Sequence

_SPACES = " \t\n\r"


def position(text: str, path: Sequence[int | str]) -> tuple[int, int]:
    """Return the line and the column, both from 1, of what a path leads to in a valid JSON text.

    Of what is not there, the last thing on the way that is.

    >>> position('{"when":\\n  {"op": 1}}', ("when", "op"))
    (2, 10)
    """
    decoder = json.JSONDecoder(strict=False)
    at = _skip(text, 0)
    for step in path:
        found = _key(text, at, step, decoder) if isinstance(step, str) else _item(text, at, step, decoder)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def key_position(text: str, path: Sequence[int | str]) -> tuple[int, int]:
    """Return the line and the column of the last key itself, rather than of its value."""
    decoder = json.JSONDecoder(strict=False)
    line, column = position(text, path[:-1])
    at = _offset(text, line, column)
    found = _key(text, at, str(path[-1]), decoder, of_key=True) if path else None
    at = at if found is None else found
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _offset(text: str, line: int, column: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.index("\n", at) + 1
    return at + column - 1


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACES:
        at += 1
    return at


def _key(text: str, at: int, wanted: str, decoder: json.JSONDecoder, *, of_key: bool = False) -> int | None:
    """Return where the value under a key begins, in the object that begins at `at`."""
    if text[at : at + 1] != "{":
        return None
    at = _skip(text, at + 1)
    while text[at] != "}":
        begins = at
        name, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if name == wanted:
            return begins if of_key else at
        _, at = decoder.raw_decode(text, at)
        at = _next(text, at)
    return None


def _item(text: str, at: int, wanted: int, decoder: json.JSONDecoder) -> int | None:
    """Return where an item begins, in the list that begins at `at`."""
    if text[at : at + 1] != "[":
        return None
    at = _skip(text, at + 1)
    for _ in range(wanted):
        if text[at] == "]":
            return None
        _, at = decoder.raw_decode(text, at)
        at = _next(text, at)
    return None if text[at] == "]" else at


def _next(text: str, at: int) -> int:
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at
