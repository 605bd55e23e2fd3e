"""What guardrails are shown of a change: here, the value that its field had a day ago."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.core.changes import AMOUNTS, Change, Field
from aibuyer_kit.core.entities import Level
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.workflows.pictures import Pictures

from .looked_at import World

NOW = datetime(2026, 6, 10, 11, 20, tzinfo=UTC)


def told(micros: int) -> dict[str, object]:
    return {
        "status": "ACTIVE",
        "daily_budget_micros": micros,
        "lifetime_budget_micros": micros + 1,
        "attributes": {"bid_micros": str(micros + 2)},
    }


@pytest.mark.parametrize(("field", "expected"), list(zip(AMOUNTS, (50, 51, 52), strict=True)))
def test_each_amount_has_its_value_of_a_day_ago(tmp_path: Path, field: Field, expected: int) -> None:
    """Whoever changed it since: it was 50 the day before, a person made it 60 an hour ago, and 70 is wanted."""
    world = World(tmp_path)
    world.account(at=(NOW - timedelta(days=3)).isoformat())
    world.objects(Level.ADSET, {"7": told(50)}, at=(NOW - timedelta(days=2)).isoformat())
    world.objects(Level.ADSET, {"7": told(60)}, at=(NOW - timedelta(hours=1)).isoformat())
    change = Change("meta", "act_1", Level.ADSET, "7", field, 60, 70)
    with Ledger(tmp_path / "ledger") as ledger:
        pictures = Pictures(world.context, ledger, {})
        found = pictures.of(change, now=NOW, current=60, data_known_at=NOW)
        pictures.close()
    assert found.values == (expected,)
