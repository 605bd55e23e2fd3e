"""What the connectors' tests share: a scripted server and a clock that stands still."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from aibuyer_kit.core.clock import ManualClock

from .scripted_graph import ScriptedGraph, scripted_graph


@pytest.fixture
def graph() -> Iterator[ScriptedGraph]:
    with scripted_graph() as running:
        yield running


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 6, 1, 6, 30, tzinfo=UTC))
