"""How a fault is armed and which call it meets; the kinds themselves are in `fault_kinds`."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.sandbox.graph.api import GraphApi
from aibuyer_kit.sandbox.graph.messages import Answer, GraphRequest, Serve

_ASKED_KEYS = ("kind", "count", "match", "options")
_MATCH_KEYS = ("path", "method")


@dataclass
class ArmedFault:
    """A fault that waits for calls, `remaining` times more; `held_until_us` and `early_calls` are a throttle's."""

    number: int
    kind: "FaultKind"
    remaining: int
    path: re.Pattern[str]
    method: str
    options: Mapping[str, int]
    fired: int = 0
    held_until_us: int | None = None
    early_calls: int = 0

    def meets(self, request: GraphRequest) -> bool:
        return self.remaining > 0 and self.method in ("", request.method) and self.path.search(request.path) is not None

    async def meet(self, request: GraphRequest, serve: Serve, api: GraphApi) -> Answer:
        """Return what the caller gets instead of, or out of, the true answer."""
        self.fired += 1
        return await self.kind.apply(MetCall(self, request, serve, api))

    def use_up(self) -> None:
        """Count one time down."""
        self.remaining -= 1

    def report(self) -> dict[str, object]:
        return {
            "id": self.number,
            "kind": self.kind.name,
            "remaining": self.remaining,
            "fired": self.fired,
            "early_calls": self.early_calls,
        }


@dataclass(frozen=True)
class MetCall:
    """A call that meets a fault; only `serve` has the platform do what was asked for, and gives its true answer."""

    fault: ArmedFault
    request: GraphRequest
    serve: Serve
    api: GraphApi


# Returns what the caller gets: by itself, or after spoiling what `serve` gave.
Apply = Callable[[MetCall], Awaitable[Answer]]


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault; `options` are the whole numbers it takes, with their defaults."""

    name: str
    meaning: str
    apply: Apply
    options: Mapping[str, int] = field(default_factory=dict)


class Faults:
    """The faults armed now; a call meets the first that matches it."""

    def __init__(self, kinds: Mapping[str, FaultKind]) -> None:
        self.kinds = kinds
        self._armed: list[ArmedFault] = []
        self._numbers = 0

    def arm(self, asked: Mapping[str, object]) -> ArmedFault:
        """Arm what `{"kind", "count"?, "match"?: {"path"?, "method"?}, "options"?}` asks for. Raises InputError."""
        _check_keys(asked, _ASKED_KEYS, "a fault")
        name = asked.get("kind")
        if not isinstance(name, str) or name not in self.kinds:
            raise InputError(f"There is no fault {name!r}. Known: {', '.join(self.kinds)}.")
        kind, match = self.kinds[name], _table(asked, "match")
        _check_keys(match, _MATCH_KEYS, "match")
        self._numbers += 1
        armed = ArmedFault(
            number=self._numbers,
            kind=kind,
            remaining=_positive(asked.get("count", 1), "count"),
            path=_pattern(match.get("path", "")),
            method=str(match.get("method", "")).upper(),
            options=_options(kind, _table(asked, "options")),
        )
        self._armed.append(armed)
        return armed

    def clear(self) -> None:
        self._armed.clear()

    def meeting(self, request: GraphRequest) -> ArmedFault | None:
        return next((armed for armed in self._armed if armed.meets(request)), None)

    def report(self) -> list[dict[str, object]]:
        return [armed.report() for armed in self._armed]


def _options(kind: FaultKind, asked: Mapping[str, object]) -> dict[str, int]:
    _check_keys(asked, tuple(kind.options), f"options of {kind.name}")
    return {**kind.options, **{name: _positive(number, name) for name, number in asked.items()}}


def _positive(number: object, name: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InputError(f"{name} is {number!r}; give a whole number from 1.")
    return number


def _pattern(text: object) -> re.Pattern[str]:
    try:
        return re.compile(str(text))
    except re.error as error:
        raise InputError(f"match.path {text!r} is not a regular expression: {error}.") from None


def _table(asked: Mapping[str, object], key: str) -> Mapping[str, object]:
    table = asked.get(key, {})
    if not isinstance(table, dict):
        raise InputError(f"{key} is {table!r}; give an object.")
    return table


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where} has the key {key!r}. Known: {', '.join(known) or 'none'}.")
