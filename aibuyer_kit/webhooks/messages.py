"""What a delivery says: that something changed, never what it is now. Its values are not believed and not kept."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aibuyer_kit.core.entities import Level

_LEVELS = {
    "ACCOUNT": Level.ACCOUNT,
    "AD_ACCOUNT": Level.ACCOUNT,
    "CAMPAIGN": Level.CAMPAIGN,
    "ADSET": Level.ADSET,
    "AD_SET": Level.ADSET,
    "AD": Level.AD,
}


@dataclass(frozen=True)
class Hint:
    """Something in an account changed; `level` and `object_id` are None where the delivery does not say."""

    account_id: str
    field: str
    level: Level | None = None
    object_id: str | None = None


def hints_of(raw_body: bytes) -> tuple[Hint, ...]:
    """Return the hints about ad accounts, whether the envelope is an object or a list of them.

    Raises ValueError if the body is not an envelope. Other objects (pages, say) give nothing.
    """
    try:
        content = json.loads(raw_body)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    envelopes = content if isinstance(content, list) else [content]
    return tuple(hint for envelope in envelopes for hint in _of_envelope(envelope))


def _of_envelope(envelope: object) -> Iterator[Hint]:
    if not isinstance(envelope, Mapping) or not isinstance(envelope.get("object"), str):
        raise ValueError("the body names no object")
    entries = envelope.get("entry")
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ValueError("the body holds no list of entries")
    if envelope["object"] == "ad_account":
        for entry in entries:
            yield from _of_entry(entry)


def _of_entry(entry: Mapping[str, object]) -> Iterator[Hint]:
    account_id = f"act_{_digits(entry.get('id')) or '?'}"
    changes = entry.get("changes")
    fields = entry.get("changed_fields")
    if isinstance(changes, list):
        for change in changes:
            yield from _of_change(account_id, change if isinstance(change, Mapping) else {})
    for field in fields if isinstance(fields, list) else ():
        yield Hint(account_id, _short(field))


def _of_change(account_id: str, change: Mapping[str, object]) -> Iterator[Hint]:
    field, value = _short(change.get("field")), change.get("value")
    values: Sequence[object] = value if isinstance(value, list) and value else [value]
    for each in values:
        said = each if isinstance(each, Mapping) else {}
        level = _LEVELS.get(str(said.get("level", "")).upper())
        yield Hint(account_id, field, level, _digits(said.get("id")))


def _digits(identifier: object) -> str | None:
    text = str(identifier).removeprefix("act_") if isinstance(identifier, int | str) else ""
    return text if text.isascii() and text.isdigit() and len(text) <= 32 else None


def _short(text: object) -> str:
    return text[:64] if isinstance(text, str) else ""
