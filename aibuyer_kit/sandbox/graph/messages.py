"""A request as it came in and an answer as it goes out, both without a socket."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aibuyer_kit.sandbox.graph.errors import invalid_parameter

# Named so that neither the record of calls nor an error ever holds one.
SECRET_NAMES = frozenset(
    (
        "access_token",
        "appsecret_proof",
        "client_secret",
        "fb_exchange_token",
        "input_token",
        "app_secret",
        "verify_token",
    )
)


@dataclass(frozen=True)
class Params:
    """Parameters by name, each with all its values in order; lists may come as JSON, comma text or `name[]`."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str, default: str = "") -> str:
        """Return the last value given."""
        return self.values[name][-1] if self.values.get(name) else default

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; empty if the parameter is not there. Raises GraphError for a list of other things."""
        if repeated := self.values.get(f"{name}[]"):
            return repeated
        text = self.text(name).strip()
        if not text.startswith(("[", '"')):
            return split_fields(text)
        parsed = self.json(name)
        items = parsed if isinstance(parsed, list) else [parsed]
        if not all(isinstance(item, str) for item in items):
            raise invalid_parameter(f"Param {name} must be an array of strings.")
        return tuple(items)

    def json(self, name: str) -> object:
        """Return what the JSON text stands for. Raises GraphError if it is none."""
        try:
            return json.loads(self.text(name))
        except (ValueError, RecursionError):
            raise invalid_parameter(f"Param {name} must be valid JSON.") from None

    def whole(self, name: str, default: int) -> int:
        """Return a whole number. Raises GraphError for anything else."""
        text = self.text(name, str(default)).strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise invalid_parameter(f"Param {name} must be an integer.")
        return int(text)

    def without_secrets(self) -> dict[str, object]:
        """Return what may be recorded: one value as text, several as a list."""
        return {
            name: values[0] if len(values) == 1 else list(values)
            for name, values in self.values.items()
            if name not in SECRET_NAMES
        }


def split_fields(text: str) -> tuple[str, ...]:
    """Return the parts between commas outside of braces.

    >>> split_fields("id,creative{id,title},name")
    ('id', 'creative{id,title}', 'name')
    """
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return tuple(part.strip() for part in parts if part.strip())


@dataclass(frozen=True)
class GraphRequest:
    """One call at a virtual moment; `base_url` is how the caller reached the server."""

    method: str
    path: str
    query: Params
    body: Params
    at_us: int
    bearer: str = field(default="", repr=False)
    base_url: str = ""

    @property
    def params(self) -> Params:
        return Params({**self.query.values, **self.body.values})


@dataclass(frozen=True)
class Answer:
    """What goes out; `changed` says whether the call changed anything on the platform."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    changed: bool = False
    content_type: str = "application/json; charset=UTF-8"
    # The connection is closed instead of answering.
    is_dropped: bool = False
    # What the answer waits for after the call was recorded: real seconds, 0 for as long as the fault is armed.
    held_seconds: float | None = None
    # Its call in the record of calls.
    call_number: int = 0


Serve = Callable[[], Answer]


def json_bytes(content: object) -> bytes:
    """Return compact JSON in ASCII, as the platform writes it; what is JSON already stays."""
    return content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
