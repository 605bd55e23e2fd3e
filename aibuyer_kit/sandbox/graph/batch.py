"""Several calls in one: the items of a batch, and the list that answers them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from aibuyer_kit.sandbox.graph.api import path_parts
from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter
from aibuyer_kit.sandbox.graph.messages import Answer, GraphRequest, Params

MOST_ITEMS = 50


def is_batch(request: GraphRequest) -> bool:
    return request.method == "POST" and not path_parts(request) and "batch" in request.params


def batch_items(request: GraphRequest) -> list[GraphRequest]:
    """Return the calls of a batch, each with the token of the whole unless it has its own. Raises GraphError."""
    entries = request.params.json("batch")
    if not isinstance(entries, list) or not entries:
        raise invalid_parameter("Param batch must be a non-empty array.")
    if len(entries) > MOST_ITEMS:
        raise GraphError(100, f"(#100) Too many requests in batch message. Maximum batch size is {MOST_ITEMS}")
    return [_item(entry, request) for entry in entries]


def batch_bytes(answers: Iterable[Answer]) -> bytes:
    """Return what answers a batch: null for an item of which nothing was heard."""
    parts = [None if answer.is_dropped else _answered(answer) for answer in answers]
    return json.dumps(parts, separators=(",", ":")).encode()


def _item(entry: object, request: GraphRequest) -> GraphRequest:
    match entry:
        case {"method": str(method), "relative_url": str(relative_url), **others}:
            url = urlsplit(relative_url if relative_url.startswith("/") else f"/{relative_url}")
            shared = {
                name: request.params.values[name]
                for name in ("access_token", "appsecret_proof")
                if name in request.params
            }
            query = {**shared, **_values(url.query)}
            body = _values(others.get("body", ""))
            return replace(request, method=method.upper(), path=url.path, query=Params(query), body=Params(body))
    raise invalid_parameter('Each item of a batch must be {"method":..., "relative_url":..., "body"?:...}.')


def _values(text: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(text, str):
        raise invalid_parameter("The body of a batch item must be a text such as name=value&other=value.")
    return {name: tuple(values) for name, values in parse_qs(text, keep_blank_values=True).items()}


def _answered(answer: Answer) -> dict[str, object]:
    headers: Sequence[Mapping[str, str]] = [
        {"name": "Content-Type", "value": answer.content_type},
        *({"name": name, "value": text} for name, text in answer.headers.items()),
    ]
    return {"code": answer.status, "headers": headers, "body": answer.body.decode("utf-8", "replace")}
