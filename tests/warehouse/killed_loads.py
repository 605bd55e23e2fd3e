"""Loads that are killed on purpose: one that changes a row and brings another, published."""

from pathlib import Path

from aibuyer_kit.warehouse.write import open_writer

from .rows import at_noon, coverage, insight, insight_page


def load_again(folder: str) -> list[int]:
    """Load and publish the second read; returns how many rows were new, restated and unchanged."""
    with open_writer(Path(folder)) as writer:
        assert writer.recovered is None
        result = writer.load(coverage(), [insight_page([insight("a", clicks=2), insight("b")])], known_at=at_noon)
    return [result.inserted, result.restated, result.unchanged]
