"""The quick way for pages of insights: from bytes to typed columns without one Python object per value.

It takes only what is plainly as documented and answers None for the rest, which then goes the careful way of `rows`,
where every doubt gets its name. Both ways give the same table (a property test compares them).
"""

import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from aibuyer_kit.connectors.base import AccountFacts
from aibuyer_kit.connectors.meta.breakdowns import breakdown_text
from aibuyer_kit.connectors.meta.fields import (
    ATTRIBUTION,
    COUNT_FIELDS,
    INSIGHT_IDS,
    WINDOW_FIELDS,
)
from aibuyer_kit.connectors.meta.values import LONGEST_COUNT, iso_day
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import insight_schema

_TEXT = pa.string()
# Each further field costs time in every action: withdrawn windows go the careful way.
_ACTION = pa.struct([(name, _TEXT) for name in ("action_type", *WINDOW_FIELDS)])
_LISTS = ("actions", "action_values")
_PAGING = pa.struct(
    [("cursors", pa.struct([("before", _TEXT), ("after", _TEXT)])), ("next", _TEXT), ("previous", _TEXT)]
)
_ROWS_MARK, _PAGING_MARK = b'{"data":[{', b'}],"paging":'
_POWERS = pa.array([10**power for power in range(7)], pa.int64())


class _NotPlain(Exception):  # noqa: N818 # never leaves the module: it means "go the careful way"
    pass


@dataclass(frozen=True)
class TypedPage:
    """Rows as they came, all text, in a form that all pages of a question have; `paging` is what came beside them."""

    rows: pa.StructArray
    form: pa.Schema
    paging: Mapping[str, Any] | None


@functools.lru_cache(maxsize=32)
def page_schema(fields: tuple[str, ...]) -> pa.Schema:
    """Return the form of a page of insights whose rows hold `fields` and their days."""
    kinds = {name: pa.list_(_ACTION) for name in _LISTS}
    row = pa.struct([(name, kinds.get(name, _TEXT)) for name in (*fields, "date_start", "date_stop")])
    return pa.schema([("data", pa.list_(row)), ("paging", _PAGING)])


def typed_page(body: bytes, schema: pa.Schema) -> TypedPage | None:
    """Return the page, or None if it is not exactly of this form; a key that stands twice, say, is not."""
    if not body.isascii():  # figures and ids are, and Arrow would not check the encoding
        return None
    try:
        found = pa.json.read_json(
            pa.BufferReader(body),
            read_options=pa.json.ReadOptions(use_threads=False, block_size=len(body) + 1),
            parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except pa.ArrowInvalid:
        return None
    if found.num_rows != 1:
        return None
    data = found.column("data").chunk(0)  # one row lies in one piece
    if data.null_count or data.values.null_count:
        return None
    return TypedPage(data.flatten(), schema, found.column("paging")[0].as_py())


def paging_told_ahead(body: bytes) -> Mapping[str, Any] | None:
    """Return what stands behind the rows of a page, or None where only reading all of it tells whether it is a page.

    >>> paging_told_ahead(b'{"data":[{"clicks":"1"}],"paging":{"next":"n"}}'), paging_told_ahead(b'{"data":[]}')
    ({'next': 'n'}, None)
    """
    start = body.rfind(_PAGING_MARK)
    if start < 0 or not body.startswith(_ROWS_MARK) or not body.isascii():
        return None
    try:
        paging = json.loads(body[start + len(_PAGING_MARK) : -1])  # the last byte closes the page
    except ValueError:
        return None
    return paging if isinstance(paging, dict) else None


def as_sent(page: "TypedPage | list[Any]") -> list[Any]:
    """Return the rows as they were sent: what was absent is absent again, inside actions too."""
    return page if isinstance(page, list) else [_without_nulls(row) for row in page.rows.to_pylist()]


def _without_nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if value is not None}
    lists = {name: [each and _without_nulls(each) for each in told[name]] for name in _LISTS if name in told}
    return told | lists


def typed_insights(
    page: TypedPage, *, account: AccountFacts, level: Level, days: DateRange, breakdowns: Sequence[str] = ()
) -> pa.Table | None:
    """Return the page's facts, or None if a value is not plainly as documented."""
    rows = dict(zip((field.name for field in page.rows.type), page.rows.flatten(), strict=True))
    try:
        columns = _columns(rows, len(page.rows), account, level, days, breakdowns)
    except (_NotPlain, pa.ArrowInvalid):
        return None
    schema = insight_schema()
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _columns(
    rows: Mapping[str, pa.Array],
    length: int,
    account: AccountFacts,
    level: Level,
    days: DateRange,
    breakdowns: Sequence[str],
) -> dict[str, pa.Array]:
    _plain_if(_all(pc.equal(rows["date_start"], rows["date_stop"])))
    dates = _days(rows["date_start"], days)
    if "account_currency" in rows:
        _plain_if(set(rows["account_currency"].unique().to_pylist()) <= {None, account.currency})
    ids = {name: _required(rows[name]) for name in INSIGHT_IDS[level]}
    lists = {name: _Actions(rows[name]) if name in rows else None for name in _LISTS}
    asked = {name: rows[field] for name, field in COUNT_FIELDS.items() if field in rows}
    action_counts = lists["actions"].windows if lists["actions"] else []
    counts = _together(_counts, [*asked.values(), *action_counts])
    spend = [rows["spend"]] if "spend" in rows else []
    amounts = _together(_micros, [*spend, *(lists["action_values"].windows if lists["action_values"] else [])])
    nothing = pa.nulls(length, pa.int64())
    metrics = dict.fromkeys(COUNT_FIELDS, nothing) | dict(zip(asked, counts, strict=False))
    return {
        "platform": pa.repeat(account.platform, length),
        "account_id": pa.repeat(account.account_id, length),
        "level": pa.repeat(str(level), length),
        "entity_id": pa.repeat(account.account_id, length) if level is Level.ACCOUNT else ids[f"{level}_id"],
        "date": dates,
        "date_stop": dates,
        "breakdown": _breakdown_texts([rows[name] for name in breakdowns], breakdowns, length),
        "attribution": pa.repeat(ATTRIBUTION, length),
        **{
            f"{parent}_id": ids[f"{parent}_id"] if parent.depth < level.depth else pa.nulls(length, _TEXT)
            for parent in (Level.CAMPAIGN, Level.ADSET)
        },
        "currency": pa.repeat(account.currency, length),
        "spend_micros": amounts[0] if spend else nothing,
        **metrics,
        "actions": _as_lists(lists["actions"], counts[len(asked) :], "actions", length),
        "action_values": _as_lists(lists["action_values"], amounts[len(spend) :], "action_values", length),
    }


class _Actions:
    """One column of actions, its items in the order of their types; `windows` are their texts, one array each."""

    def __init__(self, listed: pa.ListArray) -> None:
        self.ends = pa.concat_arrays([pa.array([0], pa.int32()), _ends(listed)])
        items = listed.flatten()
        types, *windows = (items.field(name) for name in ("action_type", *WINDOW_FIELDS))
        _plain_if(not items.null_count and not types.null_count)
        order = _order(pc.list_parent_indices(listed), types.dictionary_encode())
        self.types = types if order is None else types.take(order)
        self.windows = windows if order is None else [window.take(order) for window in windows]


def _ends(listed: pa.ListArray) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(listed), 0)
    return pc.cumulative_sum(lengths).cast(pa.int32())


def _order(parents: pa.Array, types: pa.DictionaryArray) -> pa.Array | None:
    """Return the order by row and type, or None if it is so already. A type that stands twice in a row is not plain."""
    names = types.dictionary.to_pylist()
    rank = {name: place for place, name in enumerate(sorted(names))}
    places = pa.array([rank[name] for name in names], pa.int64()).take(types.indices)
    keys = pc.add(pc.multiply(parents.cast(pa.int64()), len(names) + 1), places)
    if len(keys) < 2 or _all(pc.greater(keys[1:], keys[:-1])):
        return None
    order = pc.array_sort_indices(keys)
    ordered = keys.take(order)
    _plain_if(_all(pc.greater(ordered[1:], ordered[:-1])))
    return order


def _as_lists(actions: _Actions | None, windows: Sequence[pa.Array], name: str, length: int) -> pa.Array:
    kind = insight_schema().field(name).type
    if actions is None:
        return pa.nulls(length, kind)
    structs = pa.StructArray.from_arrays([actions.types, *windows], fields=list(kind.value_type))
    return pa.ListArray.from_arrays(actions.ends, structs, kind)


def _together(convert: Callable[[pa.Array], pa.Array], columns: Sequence[pa.Array]) -> list[pa.Array]:
    """Return columns converted in one go: a call costs more than a value."""
    if not columns:
        return []
    converted, start, parts = convert(pa.concat_arrays(columns)), 0, []
    for column in columns:
        parts.append(converted.slice(start, len(column)))
        start += len(column)
    return parts


def _counts(texts: pa.Array) -> pa.Array:
    _plain_if(_all(pc.ascii_is_decimal(texts)) and _longest(texts) <= LONGEST_COUNT)
    return texts.cast(pa.int64())


def _micros(texts: pa.Array) -> pa.Array:
    """Return micros; an amount that is negative or has to be rounded is not plain."""
    point = pc.find_substring(texts, ".")
    length = pc.binary_length(texts)
    whole = pc.equal(point, -1)
    decimals = pc.if_else(whole, 0, pc.subtract(pc.subtract(length, point), 1))
    units_digits = pc.subtract(pc.subtract(length, decimals), pc.if_else(whole, 0, 1))
    digits = pc.replace_substring(texts, ".", "", max_replacements=1)
    _plain_if(
        _all(pc.ascii_is_decimal(digits))
        and _all(pc.and_(pc.greater_equal(units_digits, 1), pc.less_equal(units_digits, 12)))
        and _all(pc.or_(whole, pc.and_(pc.greater_equal(decimals, 1), pc.less_equal(decimals, 6))))
    )
    return pc.multiply(digits.cast(pa.int64()), _POWERS.take(pc.subtract(6, decimals)))


def _days(texts: pa.Array, days: DateRange) -> pa.Array:
    _required(texts)
    coded = texts.dictionary_encode()
    try:
        known = [iso_day(text) for text in coded.dictionary.to_pylist()]
    except ValueError:
        raise _NotPlain from None
    _plain_if(all(day in days for day in known))
    return pa.array(known, pa.date32()).take(coded.indices)


def _breakdown_texts(columns: Sequence[pa.Array], fields: Sequence[str], length: int) -> pa.Array:
    if not fields:
        return pa.repeat("", length)
    values = list(zip(*(column.to_pylist() for column in columns), strict=True))
    try:
        known = {each: breakdown_text(fields, each) for each in set(values)}
    except ValueError:
        raise _NotPlain from None
    _plain_if(not any(None in each for each in known))  # they are counted on the careful way
    return pa.array([known[each] for each in values], _TEXT)


def _required(texts: pa.Array) -> pa.Array:
    _plain_if(not texts.null_count and _all(pc.greater(pc.binary_length(texts), 0)))
    return texts


def _longest(texts: pa.Array) -> float:
    longest = pc.max(pc.binary_length(texts)).as_py()
    return -math.inf if longest is None else float(longest)


def _all(flags: pa.Array) -> bool:
    """Tell whether every flag is true; nulls are unknown metrics, which is plain."""
    return pc.all(flags, min_count=0).as_py() is not False


def _plain_if(condition: bool) -> None:
    if not condition:
        raise _NotPlain
