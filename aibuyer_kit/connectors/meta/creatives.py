"""Creatives as facts: what people saw, in whichever of its places Meta keeps it."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa

from aibuyer_kit.connectors.base import AccountFacts
from aibuyer_kit.connectors.meta.page import Page, Row
from aibuyer_kit.connectors.meta.values import any_text, plain_text, some_text
from aibuyer_kit.core.facts import canonical_json, creative_schema

# Pictures are served from addresses that are signed anew at each read: the signature is no change of the creative.
_SIGNING_HOSTS = (".fbcdn.net", ".cdninstagram.com")


def creative_table(rows: Sequence[object], *, account: AccountFacts) -> pa.Table:
    """Return creatives, one row each. Raises SchemaDriftError that names the row and the field."""
    page = Page.checked("creatives", [_complete(row) for row in rows])
    texts = ("name", "title", "body", "object_type", "link_url", "video_id", "status")
    columns = {
        "platform": [account.platform] * len(page),
        "account_id": [account.account_id] * len(page),
        "creative_id": page.required("id", some_text),
        **{name: page.optional(name, any_text) for name in texts},
        "call_to_action": page.optional("call_to_action_type", some_text),
        "image_url": page.optional("image_url", _unsigned),
        "thumbnail_url": page.optional("thumbnail_url", _unsigned),
        "attributes": [_attributes(row) for row in page.rows],
    }
    schema = creative_schema()
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _complete(row: object) -> object:
    """Return the row with what its story tells and it does not itself."""
    if not isinstance(row, dict):
        return row
    story = _mapping(row.get("object_story_spec"))
    link, video = _mapping(story.get("link_data")), _mapping(story.get("video_data"))
    action = _mapping(link.get("call_to_action")) or _mapping(video.get("call_to_action"))
    told = {
        "title": link.get("name", video.get("title")),
        "body": link.get("message", video.get("message")),
        "link_url": link.get("link", _mapping(action.get("value")).get("link")),
        "image_url": link.get("picture", video.get("image_url")),
        "video_id": video.get("video_id"),
        "call_to_action_type": action.get("type"),
    }
    return row | {name: value for name, value in told.items() if value is not None and row.get(name) is None}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _attributes(row: Row) -> str:
    """Return what else is asked for and has no column: the page and the account that speak."""
    story = _mapping(row.get("object_story_spec"))
    return canonical_json(
        {name: plain_text(story[name]) for name in ("page_id", "instagram_user_id") if story.get(name)}
    )


def _unsigned(value: object) -> str:
    parts = urlsplit(any_text(value))
    return urlunsplit(parts._replace(query="")) if (parts.hostname or "").endswith(_SIGNING_HOSTS) else any_text(value)
