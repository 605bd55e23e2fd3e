"""Waiting for another thread, with a deadline."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Ask again and again until `condition` holds. Raises AssertionError at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.005)
