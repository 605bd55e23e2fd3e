"""Several reads at once: in order, bounded, and ended together."""

import threading
from collections.abc import Iterator

import pytest

from aibuyer_kit.connectors.parallel import in_order


def test_results_come_in_order_whichever_part_is_ready_first() -> None:
    """The first part waits here until the last one has been read."""
    last_read = threading.Event()

    def read(part: int) -> Iterator[str]:
        if part == 0:
            assert last_read.wait(5)
        yield f"{part}a"
        yield f"{part}b"
        if part == 2:
            last_read.set()

    found = list(in_order([0, 1, 2], read, workers=3))
    assert found == [(0, "0a"), (0, "0b"), (1, "1a"), (1, "1b"), (2, "2a"), (2, "2b")]


def test_no_more_than_a_few_items_are_read_ahead() -> None:
    """Else memory would grow with the length of a read."""
    read_so_far = []

    def read(part: int) -> Iterator[int]:
        for item in range(1000):
            read_so_far.append((part, item))
            yield item

    taken = in_order([0, 1], read, workers=2)
    for _ in range(10):
        next(taken)
    taken.close()  # type: ignore[attr-defined]
    assert len(read_so_far) <= 10 + 2 * 10


def test_an_error_is_raised_in_its_place() -> None:
    """After everything that comes before it, though it happened long before."""

    def read(part: int) -> Iterator[int]:
        if part == 1:
            raise ValueError("the second part is broken")
        yield part

    taken = in_order([0, 1, 2], read, workers=3)
    assert next(taken) == (0, 0)
    with pytest.raises(ValueError, match="second part"):
        next(taken)


def test_closing_ends_every_thread() -> None:
    """A read that nobody wants any more asks for nothing more."""

    def read(part: int) -> Iterator[int]:
        yield from range(10**6)

    before = threading.active_count()
    taken = in_order([0, 1, 2], read, workers=3)
    next(taken)
    taken.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
