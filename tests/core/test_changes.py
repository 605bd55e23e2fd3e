"""A change is exact, makes sense, and has one canonical form."""

import json
from dataclasses import replace
from typing import Any

import pytest

from aibuyer_kit.core.changes import Change, change_of
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
