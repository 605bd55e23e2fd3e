"""Faults of pages: cursors that do not lead on, empty pages in the midst, rows that are missing or of another shape."""

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aibuyer_kit.sandbox.control.faults import FaultKind, MetCall
from aibuyer_kit.sandbox.graph.messages import Answer, GraphRequest, json_bytes
from aibuyer_kit.sandbox.graph.paging import cursor, next_url
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.people import HOUR_NAME

Page = dict[str, Any]
_DRIFTS = ("all", "unknown_field", "int_for_text", "unknown_window", "hour_missing")


def _page_of(answer: Answer) -> Page | None:
    """Return the page that an answer holds; None if it holds none, or an empty one."""
    content = json.loads(answer.body) if answer.status == 200 else None
    is_page = isinstance(content, dict) and isinstance(content.get("data"), list) and content["data"]
    return content if is_page else None


def _spoilt(call: MetCall, spoil: Callable[[Page], bool]) -> Answer:
    """Return the answer with its page spoilt; one that cannot be spoilt passes and uses nothing up."""
    answer = call.serve()
    page = _page_of(answer)
    if page is None or not spoil(page):
        return answer
    call.fault.use_up()
    return replace(answer, body=json_bytes(page))


def _lead_to(page: Page, request: GraphRequest, after: str) -> None:
    page["paging"]["cursors"]["after"] = after
    page["paging"]["next"] = next_url(request, after)


def _repeated_cursor(call: MetCall) -> Answer:
    """The cursor of the page asked for comes again, as if nothing had been read."""

    def spoil(page: Page) -> bool:
        asked = call.request.params.text("after")
        if asked and "next" in page.get("paging", {}):
            _lead_to(page, call.request, asked)
            return True
        return False

    return _spoilt(call, spoil)


def _cursor_loop(call: MetCall) -> Answer:
    """Pages lead back to where the first of them led, so that reading never ends."""

    def spoil(page: Page) -> bool:
        asked = call.request.params.text("after")
        if not asked:
            call.fault.first_cursor = page.get("paging", {}).get("cursors", {}).get("after", "")
            return False
        if not call.fault.first_cursor:
            call.fault.first_cursor = asked
        _lead_to(page, call.request, call.fault.first_cursor)
        return True

    return _spoilt(call, spoil)


def _empty_page(call: MetCall) -> Answer:
    """A page without rows that leads on to the same rows."""

    def spoil(page: Page) -> bool:
        here = call.request.params.text("after") or cursor(("0",))
        page["data"] = []
        page["paging"] = {"cursors": {"before": here, "after": here}}
        _lead_to(page, call.request, here)
        return True

    return _spoilt(call, spoil)


def _partial_day(call: MetCall) -> Answer:
    """A share of the newest day's rows is missing, the same ones on every page and at every try."""
    newest = _newest_day(call)
    percent = call.fault.whole("percent")

    def spoil(page: Page) -> bool:
        kept = [row for row in page["data"] if row.get("date_stop") != newest or _part_of(row) >= percent]
        if len(kept) == len(page["data"]):
            return False
        page["data"] = kept
        return True

    return _spoilt(call, spoil)


def _newest_day(call: MetCall) -> str:
    today = View(call.api.market, call.request.at_us).today.isoformat()
    try:
        until = str(json.loads(call.request.params.text("time_range"))["until"])
    except (ValueError, TypeError, KeyError):
        return today
    return min(until, today)


def _part_of(row: Page) -> int:
    """Return a number from 0 to 99 that belongs to the object of a row."""
    name = "|".join(str(row.get(key, "")) for key in ("ad_id", "adset_id", "campaign_id", "account_id"))
    return zlib.crc32(name.encode()) % 100


def _bad_row(call: MetCall) -> Answer:
    """One row of a page holds a text in a field, whatever was there; without a text the field is missing."""
    place, name, value = call.fault.whole("row"), call.fault.text("field"), call.fault.text("value")

    def spoil(page: Page) -> bool:
        if place >= len(page["data"]):
            return False
        row = page["data"][place]
        row.pop(name, None)
        if value:
            row[name] = value
        return True

    return _spoilt(call, spoil)


def _schema_drift(call: MetCall) -> Answer:
    drift = call.fault.text("drift")

    def spoil(page: Page) -> bool:
        for row in page["data"]:
            for name, change in _ROW_DRIFTS.items():
                if drift == name or (drift == "all" and name != "hour_missing"):
                    change(row)
        return True

    return _spoilt(call, spoil)


def _unknown_field(row: Page) -> None:
    row["attention_score"] = "0.37"


def _int_for_text(row: Page) -> None:
    for name, value in row.items():
        if name in ("impressions", "clicks", "reach", "daily_budget", "inline_link_clicks"):
            row[name] = int(value)


def _unknown_window(row: Page) -> None:
    for name in ("actions", "action_values"):
        for action in row.get(name, ()):
            action["90d_click"] = action["value"]


def _hour_missing(row: Page) -> None:
    row.pop(HOUR_NAME, None)


_ROW_DRIFTS: dict[str, Callable[[Page], None]] = {
    "unknown_field": _unknown_field,
    "int_for_text": _int_for_text,
    "unknown_window": _unknown_window,
    "hour_missing": _hour_missing,
}

KINDS = (
    FaultKind("repeated_cursor", "A later page gives the cursor that it was asked with.", _repeated_cursor),
    FaultKind("cursor_loop", "Later pages lead back to the second page, so that reading never ends.", _cursor_loop),
    FaultKind(
        "empty_page", "A page without rows, with `next`; the rows come on the page that it leads to.", _empty_page
    ),
    FaultKind(
        "partial_day", "Of the newest day, so many percent of the objects have no row.", _partial_day, {"percent": 50}
    ),
    FaultKind(
        "bad_row",
        "One row of a page holds this value in this field; an empty value leaves the field out.",
        _bad_row,
        {"row": 0, "field": "spend", "value": "abc"},
    ),
    FaultKind(
        "schema_drift",
        "Rows with a field, a type or an attribution window that was not there before, or without their hour.",
        _schema_drift,
        {"drift": "all"},
        {"drift": _DRIFTS},
    ),
)
