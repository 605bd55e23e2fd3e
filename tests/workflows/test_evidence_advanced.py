"""Evidence that is moved from load to load tells what a fresh reading of each load tells."""

from datetime import datetime
from pathlib import Path

from aibuyer_kit.core.entities import Level
from aibuyer_kit.workflows.evidence import Evidence
from tests.workflows.looked_at import World, bytes_of, column

IDLE = column("days_without_delivery", None)


def test_the_last_days_of_delivery_follow_every_load(tmp_path: Path) -> None:
    """New days, a day that gains delivery later, one whose delivery is taken back, and a load of other things."""
    world = World(tmp_path)
    world.account()
    world.objects(Level.CAMPAIGN, {"c-1": {}})
    world.objects(Level.ADSET, {"s-1": {"campaign_id": "c-1"}, "s-2": {"campaign_id": "c-1"}})
    one, other = {"adset_id": "s-1", "ad": "ad-1"}, {"adset_id": "s-2", "ad": "ad-2"}
    whole = "2026-06-01"
    loads = [
        ([{"day": "2026-06-05", **one}, {"day": "2026-06-04", **other}], "2026-06-05"),
        ([{"day": "2026-06-05", **one}, {"day": "2026-06-04", **other}, {"day": "2026-06-06", **other}], "2026-06-06"),
        ([{"day": "2026-06-05", **one}, {"day": "2026-06-07", **one}, {"day": "2026-06-04", **other}], "2026-06-07"),
        ([{"day": "2026-06-04", **other}, {"day": "2026-06-08", **other}], "2026-06-08"),
    ]
    evidence: Evidence | None = None
    said = []
    for rows, until in loads:
        at = f"{until[:-2]}{int(until[-2:]) + 1:02}T08:00+00:00"
        load_id = world.days(rows, whole, until, at=at)
        moment = datetime.fromisoformat(at)
        evidence = evidence.advanced(moment, load_id) if evidence else world.evidence(load_id, at=at)
        moved = evidence.tables(Level.ADSET, [IDLE])
        assert bytes_of(moved) == bytes_of(world.evidence(load_id, at=at).tables(Level.ADSET, [IDLE]))
        said.append([table.number(IDLE, row) for table in moved for row in range(len(table))])
    assert said == [[0.0, 1.0], [1.0, 0.0], [0.0, 3.0], [None, 0.0]]
    world.reader.close()
