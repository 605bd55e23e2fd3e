"""What is killed on purpose: a load that changes a row and brings another, a sealing, a load into a sealed month."""

from datetime import date, timedelta
from pathlib import Path

from aibuyer_kit.warehouse.write import open_writer

from .rows import at_noon, coverage, insight, insight_page
from .test_seal import APRIL, JANUARY, ZONE, day_read


def load_again(folder: str) -> list[int]:
    """Load and publish the second read; returns how many rows were new, restated and unchanged."""
    with open_writer(Path(folder)) as writer:
        assert writer.recovered is None
        result = writer.load(coverage(), [insight_page([insight("a", clicks=2), insight("b")])], known_at=at_noon)
    return [result.inserted, result.restated, result.unchanged]


def seal_january(folder: str) -> None:
    with open_writer(Path(folder)) as writer:
        writer.seal("meta", "act_1", ZONE, before=date(2026, 2, 1))


def load_in_january(folder: str) -> None:
    """Load a day of a sealed month, which is brought back for it."""
    with open_writer(Path(folder)) as writer:
        day_read(writer, JANUARY, APRIL + timedelta(days=2), a=10, c=30)
