"""Pages with cursors that name the last row seen, so that a row that comes or goes meanwhile shifts none."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
FIRST: Key = ("0",)


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind a key, or, backwards, before it; () is the very beginning."""

    key: Key = ()
    backwards: bool = False

    def admits(self, key: Key) -> bool:
        return key < self.key if self.backwards else key > self.key


# Returns up to so many items with their keys from a place on, in the order in which they are met.
Find = Callable[[Place, int], Sequence[tuple[Key, Item]]]


def page(
    request: GraphRequest, items: Sequence[Item], key_of: Callable[[Item], Key], render: Callable[[Item], object]
) -> dict[str, object]:
    """Return one page of items in the platform's shape; only its own are rendered. Raises GraphError."""

    def find(place: Place, count: int) -> list[tuple[Key, Item]]:
        ordered = reversed(items) if place.backwards else iter(items)
        return list(islice(((key_of(item), item) for item in ordered if place.admits(key_of(item))), count))

    shown, paging = paged(request, find)
    return {"data": [render(item) for item in shown]} | ({"paging": paging} if paging else {})


def paged(request: GraphRequest, find: Find[Item]) -> tuple[list[Item], dict[str, object]]:
    """Return the items of a page and what it says of its neighbours, which is nothing on an empty one.

    No more is asked of `find` than is needed. Raises GraphError.
    """
    limit, place = _limit(request), _place(request)
    found = find(place, limit + 1)
    shown, goes_on = found[:limit], len(found) > limit
    if not shown:
        return [], {}
    if place.backwards:
        shown = shown[::-1]
    before, after = cursor(shown[0][0]), cursor(shown[-1][0])
    paging: dict[str, object] = {"cursors": {"before": before, "after": after}}
    if goes_on or place.backwards:
        paging["next"] = next_url(request, after)
    if goes_on if place.backwards else place.key > FIRST:
        paging["previous"] = previous_url(request, before)
    return [item for _, item in shown], paging


def _limit(request: GraphRequest) -> int:
    limit = request.params.whole("limit", DEFAULT_LIMIT)
    if limit > MAX_LIMIT:
        raise too_much_data("Please reduce the amount of data you're asking for, then retry your request")
    if not limit:
        raise invalid_parameter("Param limit must be at least 1.")
    return limit


def _place(request: GraphRequest) -> Place:
    """Raises GraphError for a bad cursor, or for two."""
    before, after = request.params.text("before"), request.params.text("after")
    if before and after:
        raise invalid_parameter("Give after or before, not both.")
    return Place(_key(before or after), backwards=bool(before)) if before or after else Place()


def next_url(request: GraphRequest, after: str) -> str:
    """Return the address of the next page; like the platform's own, it carries the access token."""
    return _url(request, "after", after)


def previous_url(request: GraphRequest, before: str) -> str:
    return _url(request, "before", before)


def _url(request: GraphRequest, name: str, text: str) -> str:
    own = ("after", "before", "appsecret_proof")
    values = {each: value for each, value in request.query.values.items() if each not in own}
    return f"{request.base_url}{request.path}?{urlencode({**values, name: (text,)}, doseq=True)}"


def cursor(key: Key) -> str:
    """Return the text that stands for a key; that of FIRST lies before every row."""
    return base64.urlsafe_b64encode("|".join(key).encode()).decode()


def _key(text: str) -> Key:
    try:
        return tuple(base64.b64decode(text.encode(), altchars=b"-_", validate=True).decode().split("|"))
    except (binascii.Error, UnicodeError):
        raise invalid_parameter("Invalid cursor for the param after or before.") from None
