"""The quick way and the careful way give the same table; what is not plain goes the careful way."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.connectors.meta.fields import INSIGHT_IDS, INSIGHT_METRICS
from aibuyer_kit.connectors.meta.rows import insight_table
from aibuyer_kit.connectors.meta.typed import as_sent, page_schema, typed_insights, typed_page
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level

from .test_meta_rows import ACCOUNT, DAYS, ROW

FIELDS = (*INSIGHT_IDS[Level.AD], *INSIGHT_METRICS)
BY = ("age", "gender")
ABOUT: dict[str, Any] = {"account": ACCOUNT, "level": Level.AD, "days": DAYS}


def body(*rows: object, paging: object = None) -> bytes:
    return json.dumps({"data": list(rows), "paging": paging or {}}).encode()


def quick(*rows: object, breakdowns: tuple[str, ...] = ()) -> Any:
    page = typed_page(body(*rows), page_schema((*FIELDS, *breakdowns)))
    return page and typed_insights(page, breakdowns=breakdowns, **ABOUT)


def test_a_page_as_documented_goes_the_quick_way() -> None:
    """Row for row as the careful one."""
    rows = [ROW, ROW | {"ad_id": "31", "actions": ROW["actions"][::-1]}, {"ad_id": "32", **_least()}]
    assert quick(*rows).equals(insight_table(rows, **ABOUT))


def _least() -> dict[str, Any]:
    names = ("campaign_id", "adset_id", "date_start", "date_stop")
    return {name: ROW[name] for name in names}


@pytest.mark.parametrize(
    "row",
    [
        ROW | {"impressions": 3},
        ROW | {"impressions": "3.0"},
        ROW | {"spend": "-1.00"},
        ROW | {"spend": "1.0000004"},
        ROW | {"spend": "1."},
        ROW | {"spend": ".5"},
        ROW | {"spend": ""},
        ROW | {"spend": "1.2.3"},
        ROW | {"spend": "1e5"},
        ROW | {"clicks": "9" * 19},
        ROW | {"ad_id": ""},
        ROW | {"ad_id": None},
        ROW | {"date_stop": "2026-05-02"},
        ROW | {"date_start": "2026-04-30", "date_stop": "2026-04-30"},
        ROW | {"account_currency": "USD"},
        ROW | {"new_field": "1"},
        ROW | {"actions": [{"action_type": "lead", "value": "1"}] * 2},
        ROW | {"actions": [{"value": "1"}]},
        ROW | {"actions": [None]},
        ROW | {"actions": [{"action_type": "lead", "value": "1", "7d_view": "1"}]},
        ROW | {"impressions": "\u0663"},
        None,
    ],
    ids=lambda row: str({k: v for k, v in (row or {}).items() if v != ROW.get(k)})[:50],
)
def test_what_is_not_plain_goes_the_careful_way(row: object) -> None:
    """There it is taken with all due care, or refused by name."""
    assert quick(ROW, row) is None


@pytest.mark.parametrize(
    "bad",
    [
        body(ROW).replace(b'"clicks": "50"', b'"clicks": "50", "clicks": "51"'),
        body(ROW)[:-20],
        body(ROW) + body(ROW),
        b'{"data": {}}',
        b"[]",
        b"",
        b"<html>",
        body(ROW).replace(b"EUR", b"\xff\xfe"),
        body(ROW).replace(b"EUR", b"\\ud800"),
        b'{"error": {"code": 1}, "data": []}',
    ],
    ids=["key twice", "cut", "two answers", "no list", "a list", "empty", "HTML", "not UTF-8", "half", "error"],
)
def test_a_body_that_is_not_one_whole_page_is_not_taken(bad: bytes) -> None:
    """It is judged as a whole elsewhere."""
    assert typed_page(bad, page_schema(FIELDS)) is None


def test_paging_is_kept() -> None:
    """Beside the rows."""
    paging = {"cursors": {"before": "a", "after": "b"}, "next": "https://graph.example/"}
    page = typed_page(body(ROW, paging=paging), page_schema(FIELDS))
    assert page is not None
    assert page.paging == paging | {"previous": None}


def test_breakdowns_are_part_of_the_key() -> None:
    """With sorted names, whatever the order in which they were asked for."""
    rows = [ROW | {"age": "25-34", "gender": "male"}, ROW | {"age": "25-34", "gender": 'fe"male'}]
    table = quick(*rows, breakdowns=BY)
    assert table.equals(insight_table(rows, breakdowns=BY, **ABOUT))
    assert table["breakdown"].to_pylist()[0] == '{"age":"25-34","gender":"male"}'


counts = st.integers(0, 10**12 - 1).map(str)
amounts = st.decimals(0, 10**6, places=6, allow_nan=False).map(lambda amount: f"{amount:f}") | counts
actions = st.lists(
    st.fixed_dictionaries(
        {"action_type": st.sampled_from(["lead", "purchase", "link_click", "a", "z"])},
        optional=dict.fromkeys(("value", "1d_click", "7d_click", "28d_click", "1d_view"), counts),
    ),
    max_size=4,
    unique_by=lambda action: action["action_type"],
)
rows = st.fixed_dictionaries(
    {
        "campaign_id": counts,
        "adset_id": counts,
        "ad_id": counts,
        "date_start": st.sampled_from(["2026-05-01", "2026-05-02"]),
    },
    optional={
        "account_currency": st.just("EUR"),
        "spend": amounts,
        **dict.fromkeys(("impressions", "clicks", "inline_link_clicks", "reach"), counts),
        "actions": actions,
        "action_values": actions,
    },
).map(lambda row: {**row, "date_stop": row["date_start"]})


@given(st.lists(rows, max_size=5))
def test_both_ways_give_the_same_table(listed: list[dict[str, Any]]) -> None:
    """Whatever is there and whatever is not."""
    page = typed_page(body(*listed), page_schema(FIELDS))
    assert page is not None
    table = typed_insights(page, **ABOUT)
    assert table is not None
    careful = insight_table(listed, **ABOUT)
    assert table.to_pylist() == careful.to_pylist()
    assert table.schema.equals(careful.schema)
    assert insight_table(as_sent(page), **ABOUT).equals(careful)


def test_a_row_outside_of_the_days_is_not_plain() -> None:
    """The careful way then says so."""
    page = typed_page(body(ROW), page_schema(FIELDS))
    assert page is not None
    other = DateRange(date(2026, 5, 2), date(2026, 5, 2))
    assert typed_insights(page, account=ACCOUNT, level=Level.AD, days=other) is None
