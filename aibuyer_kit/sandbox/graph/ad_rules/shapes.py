"""Shapes within the specs of a rule: objects, words, numbers, ids."""

import difflib
import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_ID = re.compile(r"[0-9]{1,20}")
_MOST_LEVELS = 5
_TOO_MUCH = 10**18
_COMPARED_LETTERS = 60


def as_object(content: object, where: str, known: Collection[str]) -> Mapping[str, Any]:
    """Return the content. Raises GraphError if it is no object, or has a key that is not known."""
    if not isinstance(content, dict):
        raise invalid_parameter(f"{where} must be an object.")
    if unknown := [key for key in content if key not in known]:
        raise invalid_parameter(f'Unexpected key "{unknown[0]}" on param "{where}". Known: {", ".join(known)}.')
    return content


def as_list(content: object, where: str) -> list[Any]:
    """Raises GraphError if it is none, or empty."""
    if not isinstance(content, list) or not content:
        raise invalid_parameter(f"{where} must be an array that is not empty.")
    return content


def word(spec: Mapping[str, Any], name: str, known: Collection[str], where: str) -> str:
    """Return the word that stands there. Raises GraphError if it is none of those known."""
    found = spec.get(name)
    if not isinstance(found, str) or found not in known:
        raise invalid_parameter(f"{where}: {name} must be one of {', '.join(known)}.")
    return found


def unknown_field(text: str, where: str, known: Collection[str]) -> GraphError:
    # Comparing goes with the square of the letters.
    close = difflib.get_close_matches(text[:_COMPARED_LETTERS], known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return invalid_parameter(f"{where}: the field {text!r} is not supported.{hint}")


def is_number(content: object) -> bool:
    """Return whether it is a finite number, or a text with one, as rules read from the platform have them."""
    if isinstance(content, bool):
        return False
    if isinstance(content, float):
        return math.isfinite(content)
    if isinstance(content, int):
        return abs(content) < _TOO_MUCH
    return isinstance(content, str) and bool(_NUMBER.fullmatch(content))


def is_whole(content: object, least: int = 0) -> bool:
    """Return whether it is a whole number, not given as text."""
    return isinstance(content, int) and not isinstance(content, bool) and least <= content < _TOO_MUCH


def is_id(content: object) -> bool:
    return is_whole(content, 1) or (isinstance(content, str) and bool(_ID.fullmatch(content)))


def is_text(content: object) -> bool:
    return isinstance(content, str) and bool(content.strip())


def is_flag(content: object) -> bool:
    return isinstance(content, bool) or content in ("true", "false")


def is_open(content: object, levels: int = _MOST_LEVELS) -> bool:
    """Return whether a value that nobody describes can be kept and written again: not deep, and without NaN."""
    if isinstance(content, dict | list):
        inner = content.values() if isinstance(content, dict) else content
        return levels > 0 and all(is_open(one, levels - 1) for one in inner)
    return not isinstance(content, float) or math.isfinite(content)
