"""Several calls in one: the items of a batch, what one takes from another's answer, and the list that answers them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, unquote

from aibuyer_kit.sandbox.graph.api import path_parts
from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter
from aibuyer_kit.sandbox.graph.json_path import check_path, found_at
from aibuyer_kit.sandbox.graph.messages import Answer, GraphRequest, Params

MOST_ITEMS = 50
# {result=NAME:PATH}, as it stands or as a URL carries it.
_REFERENCE = re.compile(
    r"\{result=(?P<name>[\w-]+):(?P<path>[^}]*)\}"
    r"|%7Bresult(?:=|%3D)(?P<escaped_name>[\w-]+)(?::|%3A)(?P<escaped_path>.*?)%7D",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Item:
    """One call of a batch; it waits for the item called `after`, and its success may be left out of the answer."""

    method: str
    relative_url: str
    body: str
    name: str
    after: str
    omits_success: bool | None

    @property
    def needs(self) -> set[str]:
        """The names of the items whose answers this one takes something from, or waits for."""
        return {name for name, _ in self.references} | ({self.after} if self.after else set())

    @property
    def references(self) -> list[tuple[str, str]]:
        """The names and paths that this one takes something by."""
        return [_reference(match) for text in (self.relative_url, self.body) for match in _REFERENCE.finditer(text)]


def is_batch(request: GraphRequest) -> bool:
    return request.method == "POST" and not path_parts(request) and "batch" in request.params


def batch_items(request: GraphRequest) -> list[Item]:
    """Return the items of a batch. Raises GraphError for one that makes no sense."""
    entries = request.params.json("batch")
    if not isinstance(entries, list) or not entries:
        raise invalid_parameter("Param batch must be a non-empty array.")
    if len(entries) > MOST_ITEMS:
        raise GraphError(100, f"(#100) Too many requests in batch message. Maximum batch size is {MOST_ITEMS}")
    items = [_item(entry) for entry in entries]
    before: set[str] = set()
    for item in items:
        for _, path in item.references:
            check_path(path)
        if unknown := item.needs - before:
            raise invalid_parameter(f"batch: no item before this one is called {', '.join(sorted(unknown))}.")
        before.add(item.name)
    return items


def answer_batch(request: GraphRequest, items: Sequence[Item], answer: Callable[[GraphRequest], Answer]) -> bytes:
    """Return what answers a batch: one object an item, in their order.

    An item is null if nothing was heard of it, if what it waits for failed, or if another one needed it and it went
    well (unless its omit_response_on_success is false).
    """
    needed = {name for item in items for name in item.needs}
    by_name: dict[str, Answer] = {}
    with_headers = request.params.text("include_headers", "true") != "false"
    parts: list[dict[str, object] | None] = []
    for item in items:
        heard = _heard(item, request, by_name, answer)
        if item.name:
            by_name[item.name] = heard
        omits = item.name in needed if item.omits_success is None else item.omits_success
        silent = heard.is_dropped or (omits and bool(item.name) and heard.status == 200)
        parts.append(None if silent else _answered(heard, with_headers=with_headers))
    return json.dumps(parts, separators=(",", ":")).encode()


def _heard(
    item: Item, request: GraphRequest, by_name: Mapping[str, Answer], answer: Callable[[GraphRequest], Answer]
) -> Answer:
    """Return what is heard of an item; nothing if what it needs was not there."""
    if any(by_name[name].is_dropped or by_name[name].status != 200 for name in item.needs):
        return Answer(0, b"", is_dropped=True)
    one = answer(_request(item, request, {name: json.loads(by_name[name].body) for name in item.needs}))
    # Within a batch, what would be held back has timed out.
    return replace(one, is_dropped=one.is_dropped or one.held_seconds is not None)


def _item(entry: object) -> Item:
    match entry:
        case {"method": str(method), "relative_url": str(relative_url), **others}:
            body, name, after = (others.get(key, "") for key in ("body", "name", "depends_on"))
            omits = others.get("omit_response_on_success")
            if not isinstance(body, str):
                raise invalid_parameter("The body of a batch item must be a text such as name=value&other=value.")
            if isinstance(name, str) and isinstance(after, str) and isinstance(omits, bool | None):
                return Item(method.upper(), relative_url, body, name, after, omits)
    raise invalid_parameter(
        'Each item of a batch must be {"method":..., "relative_url":..., "body"?:..., "name"?:..., "depends_on"?:..., '
        '"omit_response_on_success"?: true or false}.'
    )


def _request(item: Item, request: GraphRequest, results: Mapping[str, object]) -> GraphRequest:
    """Return the item as a call, with the token of the whole unless it has its own."""

    def taken(match: re.Match[str]) -> str:
        name, path = _reference(match)
        return quote(",".join(found_at(results[name], path)), safe=",")

    relative_url = _REFERENCE.sub(taken, item.relative_url)
    path, _, query_text = (relative_url if relative_url.startswith("/") else f"/{relative_url}").partition("?")
    shared = {
        name: request.params.values[name] for name in ("access_token", "appsecret_proof") if name in request.params
    }
    query = {**shared, **_values(query_text)}
    body = _values(_REFERENCE.sub(taken, item.body))
    return replace(request, method=item.method, path=path, query=Params(query), body=Params(body))


def _reference(match: re.Match[str]) -> tuple[str, str]:
    return match["name"] or match["escaped_name"], match["path"] or unquote(match["escaped_path"] or "")


def _values(text: str) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in parse_qs(text, keep_blank_values=True).items()}


def _answered(answer: Answer, *, with_headers: bool) -> dict[str, object]:
    headers: Sequence[Mapping[str, str]] = [
        {"name": "Content-Type", "value": answer.content_type},
        *({"name": name, "value": text} for name, text in answer.headers.items()),
    ]
    body = answer.body.decode("utf-8", "replace")
    return {"code": answer.status, **({"headers": headers} if with_headers else {}), "body": body}
