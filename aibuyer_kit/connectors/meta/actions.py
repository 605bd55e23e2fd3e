"""What people did after an ad: lists of {action_type, one value per attribution window} as Arrow."""

import itertools
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

import pyarrow as pa

from aibuyer_kit.connectors.meta.fields import LEGACY_WINDOWS, WINDOW_FIELDS
from aibuyer_kit.connectors.meta.page import Page, ValueProblem, shown

_KNOWN = frozenset({"action_type", *WINDOW_FIELDS, *LEGACY_WINDOWS})
_by_type = itemgetter("action_type")


def action_lists(page: Page, field: str, parse: Callable[[object], int], kind: pa.DataType) -> pa.Array:
    """Return one list per row, sorted by action type: empty where the key is absent; an absent window is null.

    Raises PlatformError for an unknown window, a repeated action type, or a value that does not parse.
    """
    ends, types = [0], []
    windows: list[list[int | None]] = [[] for _ in WINDOW_FIELDS]
    for number, row in enumerate(page.rows):
        try:
            for item in _items(row.get(field)):
                types.append(item["action_type"])
                for name, column in zip(WINDOW_FIELDS, windows, strict=True):
                    column.append(_value(item, name, parse))
        except ValueProblem as error:
            raise page.problem(number, repr(field), f"is not as documented: {error}") from None
        ends.append(len(types))
    fields = list(kind.value_type)
    arrays = [pa.array(types, pa.string()), *(pa.array(column, pa.int64()) for column in windows)]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.StructArray.from_arrays(arrays, fields=fields), kind)


def _items(listed: object) -> list[Mapping[str, Any]]:
    """Return the actions of one row, sorted. Raises ValueError for what is not a list of known shape."""
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise ValueError(f"{shown(listed)} is not a list")
    for item in listed:
        _check(item)
    ordered = sorted(listed, key=_by_type)
    for before, after in itertools.pairwise(ordered):
        if _by_type(before) == _by_type(after):
            raise ValueError(f"the action type {shown(_by_type(after))} stands in it twice")
    return ordered


def _check(item: object) -> None:
    if not isinstance(item, dict) or not isinstance(item.get("action_type"), str):
        raise ValueError(f"{shown(item)} has no action_type")
    if not item.keys() <= _KNOWN:
        unknown = ", ".join(sorted(map(shown, item.keys() - _KNOWN)))
        raise ValueError(f"the action {shown(item['action_type'])} has keys that are not known: {unknown}")


def _value(item: Mapping[str, Any], window: str, parse: Callable[[object], int]) -> int | None:
    value = item.get(window)
    if value is None:
        return None
    try:
        return parse(value)
    except ValueProblem as error:
        raise ValueError(f"{shown(item['action_type'])} in window {window!r} is {shown(value)}: {error}") from None
