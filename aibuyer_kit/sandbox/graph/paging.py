"""Pages with cursors that name the last row seen, so that a row that comes or goes meanwhile shifts none."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar
from urllib.parse import urlencode

from aibuyer_kit.sandbox.graph.errors import invalid_parameter, too_much_data
from aibuyer_kit.sandbox.graph.messages import GraphRequest

DEFAULT_LIMIT = 25
MAX_LIMIT = 5000

# What a row is called in a cursor; rows are in the order of their keys.
Key = tuple[str, ...]
Item = TypeVar("Item")


def page(
    request: GraphRequest, items: Sequence[Item], key_of: Callable[[Item], Key], render: Callable[[Item], object]
) -> dict[str, object]:
    """Return one page of items in the platform's shape; only its own are rendered. Raises GraphError."""

    def after(seen: Key) -> Iterator[tuple[Key, Item]]:
        return ((key_of(item), item) for item in items if key_of(item) > seen)

    return page_after(request, after, render)


def page_after(
    request: GraphRequest, after: Callable[[Key], Iterable[tuple[Key, Item]]], render: Callable[[Item], object]
) -> dict[str, object]:
    """Return one page of what `after` yields behind a key, in the order of keys; no more is asked of it than needed."""
    limit = _limit(request)
    found = list(islice(after(_seen(request)), limit + 1))
    shown = found[:limit]
    if not shown:
        return {"data": []}
    cursors = {"before": cursor(shown[0][0]), "after": cursor(shown[-1][0])}
    paging: dict[str, object] = {"cursors": cursors}
    if len(found) > limit:
        paging["next"] = next_url(request, cursors["after"])
    return {"data": [render(item) for _, item in shown], "paging": paging}


def _limit(request: GraphRequest) -> int:
    limit = request.params.whole("limit", DEFAULT_LIMIT)
    if limit > MAX_LIMIT:
        raise too_much_data("Please reduce the amount of data you're asking for, then retry your request")
    if not limit:
        raise invalid_parameter("Param limit must be at least 1.")
    return limit


def _seen(request: GraphRequest) -> Key:
    if request.params.text("before"):
        raise invalid_parameter("Paging backwards (before) is not imitated; use after.")
    text = request.params.text("after")
    return _key(text) if text else ()


def next_url(request: GraphRequest, after: str) -> str:
    """Return the address of the next page; like the platform's own, it carries the access token."""
    values = {name: value for name, value in request.query.values.items() if name not in ("after", "appsecret_proof")}
    query = urlencode({**values, "after": (after,)}, doseq=True)
    return f"{request.base_url}{request.path}?{query}"


def cursor(key: Key) -> str:
    """Return the text that stands for a key; that of ("0",) lies before every row."""
    return base64.urlsafe_b64encode("|".join(key).encode()).decode()


def _key(text: str) -> Key:
    try:
        return tuple(base64.b64decode(text.encode(), altchars=b"-_", validate=True).decode().split("|"))
    except (binascii.Error, UnicodeError):
        raise invalid_parameter("Invalid cursor for the param after.") from None
