"""A planted cause is named first; the proof over many accounts is in tests/prove/test_why_names_the_cause.py."""

import pytest

from .planted import PLANTS, Plant, large_place, named


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_planted_cause_is_named_first(plant: Plant) -> None:
    """In a quiet account, by driver, by campaign and by both, for every metric that it moves."""
    place = large_place("steady", 8)
    for metric in plant.metrics:
        found, right = named(plant, metric, "steady", 8, place)
        assert found.driver == plant.driver
        assert found.part[0] == plant.driver
        if plant.of_object:
            assert {found.object, found.part[1]} <= right
