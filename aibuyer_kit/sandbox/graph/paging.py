"""Pages with cursors that name the last row seen, so that a row that comes or goes meanwhile shifts none."""

import base64
import binascii
from collections.abc import Callable, Sequence
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
    """Return one page in the platform's shape; only its own rows are rendered. Raises GraphError for a bad cursor."""
    limit = _limit(request)
    rest = _after(request, items, key_of)
    shown = rest[:limit]
    if not shown:
        return {"data": []}
    cursors = {"before": _cursor(key_of(shown[0])), "after": _cursor(key_of(shown[-1]))}
    paging: dict[str, object] = {"cursors": cursors}
    if len(rest) > limit:
        paging["next"] = _next_url(request, cursors["after"])
    return {"data": [render(item) for item in shown], "paging": paging}


def _limit(request: GraphRequest) -> int:
    limit = request.params.whole("limit", DEFAULT_LIMIT)
    if limit > MAX_LIMIT:
        raise too_much_data("Please reduce the amount of data you're asking for, then retry your request")
    if not limit:
        raise invalid_parameter("Param limit must be at least 1.")
    return limit


def _after(request: GraphRequest, items: Sequence[Item], key_of: Callable[[Item], Key]) -> Sequence[Item]:
    if request.params.text("before"):
        raise invalid_parameter("Paging backwards (before) is not imitated; use after.")
    cursor = request.params.text("after")
    if not cursor:
        return items
    seen = _key(cursor)
    return [item for item in items if key_of(item) > seen]


def _next_url(request: GraphRequest, after: str) -> str:
    """Return the address of the next page; like the platform's own, it carries the access token."""
    values = {name: value for name, value in request.query.values.items() if name not in ("after", "appsecret_proof")}
    query = urlencode({**values, "after": (after,)}, doseq=True)
    return f"{request.base_url}{request.path}?{query}"


def _cursor(key: Key) -> str:
    return base64.urlsafe_b64encode("|".join(key).encode()).decode()


def _key(cursor: str) -> Key:
    try:
        return tuple(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode().split("|"))
    except (binascii.Error, UnicodeError):
        raise invalid_parameter("Invalid cursor for the param after.") from None
