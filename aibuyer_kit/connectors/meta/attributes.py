"""What of an object has no column of its own, as texts: what changes when the object does, not what it comes to."""

import json
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from aibuyer_kit.connectors.meta.fields import ATTRIBUTES, RULED
from aibuyer_kit.connectors.meta.page import Page
from aibuyer_kit.connectors.meta.values import moment, plain_text
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import canonical_json
from aibuyer_kit.core.money import micros_from_minor

_LONGEST_BID = 12
NOTHING = "[]"


def attributes(page: Page, level: Level, minor_per_unit: int, left_out: Container[str]) -> list[str]:
    """Return one JSON object of text per row; lists that were asked for and are empty say so.

    Of the learning phase and of issues only stage and codes are kept: their counts and sentences move by themselves.
    """
    columns: dict[str, Sequence[str | None]] = {
        name: [None if row.get(name) is None else plain_text(row[name]) for row in page.rows]
        for name in ATTRIBUTES[level]
    }
    for name, (kept_as, parse) in _kept(minor_per_unit).items():
        if name in RULED[level]:
            nothing = NOTHING if kept_as in ("labels", "issues") and name not in left_out else None
            columns[kept_as] = [nothing if text is None else text for text in page.optional(name, parse)]
    return [
        canonical_json({name: text for name, text in zip(columns, texts, strict=True) if text is not None})
        for texts in zip(*columns.values(), strict=True)
    ]


def _kept(minor_per_unit: int) -> Mapping[str, tuple[str, Callable[[Any], str | None]]]:
    return {
        "updated_time": ("updated_time", _utc_text),
        "adlabels": ("labels", lambda value: _list_text(value, "name")),
        "issues_info": ("issues", lambda value: _list_text(value, "error_code")),
        "bid_amount": ("bid_micros", lambda value: _bid_text(value, minor_per_unit)),
        "learning_stage_info": ("learning_stage", _stage),
    }


def _utc_text(value: object) -> str | None:
    told = moment(value)
    return None if told is None else told.isoformat()


def _list_text(value: object, name: str) -> str:
    """Return what a list of objects says under a name, each once and sorted, as JSON."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError("is not a list of objects")
    return json.dumps(sorted({plain_text(each[name]) for each in value if each.get(name) is not None}))


def _bid_text(value: object, minor_per_unit: int) -> str | None:
    """Return the micros of a bid in minor units, as a number or as text; None for 0, which means that there is none."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _LONGEST_BID):
        raise ValueError("is not a bid in whole minor units")
    return str(micros_from_minor(text, minor_per_unit)) if int(text) else None


def _stage(value: object) -> str | None:
    if not isinstance(value, dict):
        raise ValueError("is not an object with a status")  # what reads values expects ValueError
    status = value.get("status")
    return status if isinstance(status, str) and status else None
