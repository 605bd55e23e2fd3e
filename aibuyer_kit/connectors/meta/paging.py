"""Pages of an edge, followed by hand: the SDK's cursor stops at an empty page even when another one follows."""

from collections.abc import Iterator, Mapping
from typing import Any

from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.core.errors import PlatformError, TooMuchDataError, TransientError

SMALLEST_PAGE = 25
_MAYBE_TOO_LARGE = 1504044

Rows = list[Any]


def pages(
    api: MetaApi, path: str, parameters: Mapping[str, object], *, page_size: int, shrink_first: bool = True
) -> Iterator[Rows]:
    """Yield the `data` of every page, empty pages included; a page that is too large is asked for again in halves.

    With `shrink_first` false, a first page that is too large raises TooMuchDataError, so that the caller can ask for
    less before anything was yielded. Raises TransientError where a cursor comes back, which would never end.
    """
    after: str | None = None
    seen: set[str] = set()
    while True:
        try:
            answer = api.read(path, _asked(parameters, page_size, after))
        except (TooMuchDataError, TransientError) as error:
            if not is_too_large(error) or page_size <= SMALLEST_PAGE or (after is None and not shrink_first):
                raise
            page_size = max(SMALLEST_PAGE, page_size // 2)
            continue
        yield _data(path, answer)
        after = _next_cursor(path, answer)
        if after is None:
            return
        if after in seen:
            raise TransientError(f"Meta GET {path}: a page cursor came twice, so the read is incomplete; run it again.")
        seen.add(after)


def is_too_large(error: PlatformError) -> bool:
    """Tell whether asking for less may help: also for the one unknown failure that often means too much data."""
    return isinstance(error, TooMuchDataError) or error.subcode == _MAYBE_TOO_LARGE


def _asked(parameters: Mapping[str, object], page_size: int, after: str | None) -> dict[str, object]:
    return {**parameters, "limit": page_size, **({"after": after} if after else {})}


def _data(path: str, answer: Mapping[str, Any]) -> Rows:
    data = answer.get("data")
    if not isinstance(data, list):
        raise PlatformError(f"Meta GET {path}: a page without the list 'data'; its format may have changed.")
    return data


def _next_cursor(path: str, answer: Mapping[str, Any]) -> str | None:
    paging = answer.get("paging") or {}
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(after, str) or not after:
        raise PlatformError(f"Meta GET {path}: another page follows but its cursor is missing; the read is incomplete.")
    return after
