"""Progress of long work, as a bar on stderr or in a notebook."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aibuyer_kit.workflows.round import Progress


@contextlib.contextmanager
def tqdm_progress(title: str, *, shown: bool = True) -> "Iterator[Progress]":
    """Give a Progress that draws a bar, which is closed when the block ends; a log file wants none."""
    from tqdm.auto import tqdm

    with tqdm(desc=title, unit="read", leave=False, delay=0.3, disable=not shown) as bar:

        def show(what: str, done: int, total: int) -> None:
            bar.total = total
            bar.set_postfix_str(what, refresh=False)
            bar.n = done
            bar.refresh()

        yield show
