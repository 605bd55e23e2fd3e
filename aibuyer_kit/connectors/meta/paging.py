"""Pages of an edge, followed by hand: the SDK's cursor stops at an empty page even when another one follows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from aibuyer_kit.connectors.meta.api import ComingPage, MetaApi
from aibuyer_kit.core.errors import PlatformError, SchemaDriftError, TooMuchDataError, TransientError

if TYPE_CHECKING:
    import pyarrow as pa

    from aibuyer_kit.connectors.meta.typed import TypedPage

SMALLEST_PAGE = 25
_MAYBE_TOO_LARGE = 1504044
# How often a page is asked for again whose cursor would lead back, before the read is given up.
_TRIES_OF_A_CURSOR = 4
# Meta filters after it has paged, so that empty pages are normal; a run of this many is a loop with new cursors.
_MOST_EMPTY_PAGES = 200

Rows = list[Any]


@dataclass(frozen=True)
class ReadPage:
    """Rows, typed where their form allowed it, the cursor of the page behind them ('' for none), and the page size.

    Asking for the rows may wait until they are parsed, and raise PlatformError in its kinds: an incomplete read.
    """

    told: "Rows | TypedPage | Callable[[], Rows | TypedPage]"
    after: str
    page_size: int

    @cached_property
    def rows(self) -> "Rows | TypedPage":
        return self.told() if callable(self.told) else self.told


def pages(
    api: MetaApi,
    path: str,
    parameters: Mapping[str, object],
    *,
    page_size: int,
    after: str = "",
    shrink_first: bool = True,
    schema: "pa.Schema | None" = None,
) -> Iterator[ReadPage]:
    """Yield every page from the cursor `after` on, empty ones too; one that is too large is asked for again in halves.

    With `shrink_first` false, a first page that is too large raises TooMuchDataError, so that the caller can ask for
    less before anything was yielded. Raises TransientError where the cursors lead in a ring.
    """
    seen, empty, tries, first = {after}, 0, 1, after
    while True:
        asked = {**parameters, "limit": page_size, **({"after": after} if after else {})}
        try:
            answer = _read(api, path, asked, schema, starts=after == first)
        except (TooMuchDataError, TransientError) as error:
            if not is_too_large(error) or page_size <= SMALLEST_PAGE or (after == first and not shrink_first):
                raise
            page_size = max(SMALLEST_PAGE, page_size // 2)
            continue
        rows, following = _told(path, answer, partial(_read, api, path, asked, schema, starts=False))
        if following in seen and following:
            _ask_again(api, path, tries)
            tries += 1
            continue
        seen.add(following)
        tries, empty = 1, empty + 1 if _is_empty(rows) else 0
        if empty > _MOST_EMPTY_PAGES:
            raise TransientError(
                f"Meta GET {path}: {empty} empty pages in a row; the read is incomplete, run it again."
            )
        yield ReadPage(rows, following, page_size)
        if not following:
            return
        after = following


def is_too_large(error: PlatformError) -> bool:
    """Tell whether asking for less may help: also for the one unknown failure that often means too much data."""
    return isinstance(error, TooMuchDataError) or error.subcode == _MAYBE_TOO_LARGE


def _ask_again(api: MetaApi, path: str, tries: int) -> None:
    """Pause before the same page is asked for again. Raises TransientError when that has not helped."""
    if tries == _TRIES_OF_A_CURSOR:
        raise TransientError(
            f"Meta GET {path}: a page cursor came back that had been used, {tries} times; the read is incomplete,"
            " run it again."
        )
    api.seam.clock.sleep(api.seam.policy.backoff_seconds(tries, api.seam.jitter()))


def _read(
    api: MetaApi, path: str, asked: Mapping[str, object], schema: "pa.Schema | None", *, starts: bool
) -> "TypedPage | ComingPage | Mapping[str, Any]":
    if schema is None:
        return api.read(path, asked, starts=starts)
    return api.read_page(path, asked, schema, starts=starts)


def _told(
    path: str,
    answer: "TypedPage | ComingPage | Mapping[str, Any]",
    again: "Callable[[], TypedPage | ComingPage | Mapping[str, Any]]",
) -> "tuple[Rows | TypedPage | Callable[[], Rows | TypedPage], str]":
    """Return the rows of an answer, or what waits for them, and the cursor of the page behind them."""
    if not isinstance(answer, ComingPage):
        return _content(path, answer)
    following = _next_cursor(path, answer.paging)
    return partial(_settled, path, answer, following, again), following


def _settled(
    path: str,
    coming: ComingPage,
    following: str,
    again: "Callable[[], TypedPage | ComingPage | Mapping[str, Any]]",
) -> "Rows | TypedPage":
    """Return the rows of a page behind which was read on; one that was no good answer is asked for again.

    Raises PlatformError in its kinds.
    """
    answer: TypedPage | ComingPage | Mapping[str, Any] | None = coming.settled()
    if answer is None and isinstance(answer := again(), ComingPage):
        answer = answer.settled()
    if answer is None or isinstance(answer, ComingPage):
        raise TransientError(f"Meta GET {path}: a page could not be read twice; the read is incomplete, run it again.")
    rows, cursor = _content(path, answer)
    if cursor != following:
        raise TransientError(f"Meta GET {path}: a page changed while it was read; run it again.")
    return rows


def _content(path: str, answer: "TypedPage | Mapping[str, Any]") -> "tuple[Rows | TypedPage, str]":
    if isinstance(answer, Mapping):
        data = answer.get("data")
        if not isinstance(data, list):
            raise SchemaDriftError(f"Meta GET {path}: a page without the list 'data'; its format may have changed.")
        return data, _next_cursor(path, answer.get("paging"))
    return answer, _next_cursor(path, answer.paging)


def _is_empty(rows: "Rows | TypedPage | Callable[[], Rows | TypedPage]") -> bool:
    """Tell whether a page is known to be empty; one that is still parsed begins with a row."""
    return not callable(rows) and not len(rows if isinstance(rows, list) else rows.rows)


def _next_cursor(path: str, paging: object) -> str:
    if not isinstance(paging, Mapping) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, Mapping) else None
    if not isinstance(after, str) or not after:
        raise SchemaDriftError(
            f"Meta GET {path}: another page follows but its cursor is missing; the read is incomplete."
        )
    return after
