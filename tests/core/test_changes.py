"""A change is exact, makes sense, and has one canonical form."""

import json
from dataclasses import replace
from typing import Any

import pytest

from aibuyer_kit.core.changes import NO_COPY, Change, change_of, copy_value, labels_value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ChangeError

BUDGET = Change("meta", "act_1", Level.ADSET, "7", "daily_budget", 50_000_000, 60_000_000)
PAUSE = Change("meta", "act_1", Level.AD, "8", "status", "ACTIVE", "PAUSED")


@pytest.mark.parametrize(
    "fields",
    [
        {"after": 60.0},
        {"after": True},
        {"after": "60000000"},
        {"after": 0},
        {"after": -1},
        {"after": 10**19},
        {"after": 50_000_000},
        {"before": float("nan")},
        {"level": Level.AD},
        {"level": Level.ACCOUNT},
        {"field": "name"},
        {"field": "status"},
        {"object_id": ""},
        {"account_id": 1},
    ],
    ids=str,
)
def test_what_is_not_exact_or_makes_no_sense_is_no_change(fields: dict[str, Any]) -> None:
    """Money is never a float, a flag or text."""
    with pytest.raises(ChangeError):
        replace(BUDGET, **fields)


@pytest.mark.parametrize(
    ("level", "field", "before", "after"),
    [
        (Level.ADSET, "lifetime_budget", 900_000_000, 990_000_000),
        (Level.ADSET, "bid", 2_000_000, 2_500_000),
        (Level.CAMPAIGN, "name", " old\n", "New = 1"),
        (Level.AD, "creative", "11", "12"),
        (Level.AD, "labels", "[]", labels_value(["b", "a"])),
        (Level.ADSET, "copy", NO_COPY, copy_value("Copy", 10_000_000)),
    ],
)
def test_every_field_comes_back_from_its_canonical_form(level: Level, field: Any, before: Any, after: Any) -> None:
    """And has a sentence that draws nothing in a terminal."""
    change = Change("meta", "act_1", level, "7", field, before, after)
    assert change_of(json.loads(change.canonical())) == change
    assert change.sentence().isprintable()
    assert change.raises_spend == (field in ("lifetime_budget", "bid"))


@pytest.mark.parametrize(
    ("level", "field", "before", "after"),
    [
        (Level.AD, "bid", 2_000_000, 2_500_000),
        (Level.ADSET, "bid", 2.0, 2_500_000),
        (Level.ADSET, "creative", "11", "12"),
        (Level.AD, "creative", "11", "12; 13"),
        (Level.AD, "creative", "11", 12),
        (Level.ACCOUNT, "name", "a", "b"),
        (Level.AD, "name", "a", "   "),
        (Level.AD, "name", "a", "x" * 401),
        (Level.AD, "labels", "[]", '["b","a"]'),
        (Level.AD, "labels", "[]", '["a","a"]'),
        (Level.AD, "labels", "[]", '["a", "b"]'),
        (Level.AD, "labels", "[]", "[1]"),
        (Level.AD, "labels", "[]", "a"),
        (Level.AD, "copy", "x", copy_value("Copy")),
        (Level.AD, "copy", NO_COPY, '{"name":"Copy","status":"ACTIVE"}'),
        (Level.AD, "copy", NO_COPY, '{"name":" "}'),
        (Level.ADSET, "copy", NO_COPY, '{"daily_budget":0,"name":"Copy"}'),
        (Level.ADSET, "copy", NO_COPY, '{"daily_budget":true,"name":"Copy"}'),
    ],
    ids=str,
)
def test_other_fields_are_as_strict(level: Level, field: Any, before: Any, after: Any) -> None:
    """Of the level that has them, exact, and in their one form."""
    with pytest.raises(ChangeError):
        Change("meta", "act_1", level, "7", field, before, after)


def test_the_same_change_has_the_same_hash_and_any_other_another() -> None:
    """Over all of its fields; and it comes back from its canonical form."""
    others = [
        BUDGET.reversed(),
        replace(BUDGET, after=60_000_001),
        replace(BUDGET, object_id="8"),
        replace(BUDGET, account_id="act_2"),
        replace(BUDGET, level=Level.CAMPAIGN),
        PAUSE,
    ]
    assert len({BUDGET.fingerprint(), *(each.fingerprint() for each in others)}) == 1 + len(others)
    for change in (BUDGET, PAUSE):
        assert change_of(json.loads(change.canonical())) == change
    assert BUDGET.canonical() == (
        '{"account_id":"act_1","after":60000000,"before":50000000,"field":"daily_budget","level":"adset",'
        '"object_id":"7","platform":"meta"}'
    )


def test_what_raises_spend_is_told() -> None:
    """A start and a higher budget do; a pause and a lower budget do not."""
    start, lower = PAUSE.reversed(), BUDGET.reversed()
    assert [each.raises_spend for each in (BUDGET, start, lower, PAUSE)] == [True, True, False, False]
