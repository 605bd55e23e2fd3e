"""Several reads at once, their results in order, and never more of them in memory than a few pages each."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

Part = TypeVar("Part")
Item = TypeVar("Item")

_PAGES_AHEAD = 8
_LOOK_SECONDS = 0.05
_GOODBYE_SECONDS = 2.0


class _End:
    pass


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Lane(Generic[Part, Item]):
    """One part and what has been read of it and not been taken yet."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.waiting: queue.Queue[Item | _End | _Failed] = queue.Queue(_PAGES_AHEAD)


def in_order(
    parts: Sequence[Part], read: Callable[[Part], Iterator[Item]], *, workers: int
) -> Iterator[tuple[int, Item]]:
    """Yield (number of the part, item) as if the parts were read one after the other, with `workers` of them at work.

    An error of a part is raised in its place; no part is begun any more, for nothing behind it will be taken.
    Closing the iterator ends all of them.
    """
    lanes = [_Lane[Part, Item](part) for part in parts]
    ended, untaken, lock = threading.Event(), deque(lanes), threading.Lock()

    def work() -> None:
        while not ended.is_set():
            with lock:
                lane = untaken.popleft() if untaken else None
            if lane is None:
                return
            if not _fill(lane, read, ended):
                with lock:
                    untaken.clear()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(workers, len(lanes)))]
    for thread in threads:
        thread.start()
    try:
        for number, lane in enumerate(lanes):
            while not isinstance(item := lane.waiting.get(), _End):
                if isinstance(item, _Failed):
                    raise item.error
                yield number, item
    finally:
        ended.set()
        for thread in threads:
            thread.join(_GOODBYE_SECONDS)


def _fill(lane: _Lane[Part, Item], read: Callable[[Part], Iterator[Item]], ended: threading.Event) -> bool:
    """Read one part; False if it failed or nobody wants it any more."""
    try:
        for item in read(lane.part):
            if not _put(lane, item, ended):
                return False
        return _put(lane, _End(), ended)
    except BaseException as error:  # noqa: BLE001 # it is raised again where the result is taken
        _put(lane, _Failed(error), ended)
        return False


def _put(lane: _Lane[Part, Item], item: Item | _End | _Failed, ended: threading.Event) -> bool:
    """Wait for room; False if nobody wants it any more."""
    while not ended.is_set():
        try:
            lane.waiting.put(item, timeout=_LOOK_SECONDS)
        except queue.Full:
            continue
        return True
    return False
