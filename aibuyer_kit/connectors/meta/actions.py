"""What people did after an ad: lists of {action_type, one value per attribution window} as Arrow."""

import itertools
from bisect import bisect_right
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

import pyarrow as pa

from aibuyer_kit.connectors.meta.fields import LEGACY_WINDOWS, WINDOW_FIELDS
from aibuyer_kit.connectors.meta.page import ColumnProblem, Page, parsed, shown

_WINDOWS = frozenset({*WINDOW_FIELDS, *LEGACY_WINDOWS})
_KNOWN = _WINDOWS | {"action_type"}
_by_type = itemgetter("action_type")


def action_lists(page: Page, field: str, parse: Callable[[object], int], kind: pa.DataType) -> pa.Array:
    """Return one list per row, sorted by action type: empty where the key is absent; an absent window is null.

    What an action holds besides, a window that Meta has added say, is left out; see `unknown_keys`.
    Raises PlatformError for an action without any window that is known where it holds others, for a repeated action
    type, and for a value that does not parse.
    """
    ends, items = [0], list[Mapping[str, Any]]()
    for number, row in enumerate(page.rows):
        try:
            items += _items(row.get(field))
        except ValueError as error:
            raise page.problem(number, repr(field), f"is not as documented: {error}") from None
        ends.append(len(items))
    columns = [pa.array(list(map(_by_type, items)), pa.string())]
    for window in WINDOW_FIELDS:
        values = [item.get(window) for item in items]
        try:
            columns.append(pa.array(parsed(values, parse), pa.int64()))
        except ColumnProblem as problem:
            number = bisect_right(ends, problem.index) - 1
            place = f"{shown(_by_type(items[problem.index]))} in window {window!r}"
            raise page.problem(number, repr(field), f"is not as documented: {place} {problem}") from None
    structs = pa.StructArray.from_arrays(columns, fields=list(kind.value_type))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), structs, kind)


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
    # A key that is added takes nothing away; keys that stand in place of those that are known do.
    if not item.keys() <= _KNOWN and not item.keys() & _WINDOWS:
        unknown = ", ".join(map(shown, unknown_keys(item)))
        raise ValueError(f"the action {shown(item['action_type'])} has no window that is known, but {unknown}")


def unknown_keys(action: Mapping[str, Any]) -> list[str]:
    """Return the keys of an action that tell nothing that is stored, sorted."""
    return sorted(action.keys() - _KNOWN)
