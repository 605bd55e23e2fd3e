"""How a fault is armed and which call it meets; the kinds themselves are in `fault_kinds`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.sandbox.graph.api import GraphApi
from aibuyer_kit.sandbox.graph.messages import Answer, GraphRequest, Serve
from aibuyer_kit.sandbox.market.draws import uniform

_ASKED_KEYS = ("kind", "count", "skip", "match", "options")
_MATCH_KEYS = ("path", "method", "query")
Option = int | float | str | bool


@dataclass
class ArmedFault:
    """A fault that waits for calls, `remaining` times more, after letting `skip` of them pass.

    `held_until_us` and `early_calls` are a throttle's, `first_cursor` is a cursor loop's, `seen` is a storm's count.
    """

    number: int
    kind: "FaultKind"
    remaining: int
    skip: int
    match: "Match"
    options: Mapping[str, Option]
    fired: int = 0
    held_until_us: int | None = None
    early_calls: int = 0
    first_cursor: str = ""
    seen: int = 0

    def meets(self, request: GraphRequest) -> bool:
        """Return whether this call is met; one that it still lets pass is counted."""
        if self.remaining <= 0 or not self.match.fits(request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        return True

    def meet(self, request: GraphRequest, serve: Serve, api: GraphApi) -> Answer:
        """Return what the caller gets instead of, or out of, the true answer."""
        self.fired += 1
        return self.kind.apply(MetCall(self, request, serve, api))

    def use_up(self) -> None:
        """Count one time down."""
        self.remaining -= 1

    def whole(self, name: str) -> int:
        return int(self.options[name])

    def text(self, name: str) -> str:
        return str(self.options[name])

    def report(self) -> dict[str, object]:
        return {
            "id": self.number,
            "kind": self.kind.name,
            "remaining": self.remaining,
            "fired": self.fired,
            "early_calls": self.early_calls,
        }


@dataclass(frozen=True)
class Match:
    """Which calls: regular expressions on the path and on the params (as name=value&name=value), and a method."""

    path: re.Pattern[str]
    query: re.Pattern[str]
    method: str

    def fits(self, request: GraphRequest) -> bool:
        if self.method not in ("", request.method) or not self.path.search(request.path):
            return False
        if not self.query.pattern:
            return True
        params = request.params.without_secrets().items()
        return self.query.search("&".join(f"{name}={value}" for name, value in params)) is not None


@dataclass(frozen=True)
class MetCall:
    """A call that meets a fault; only `serve` has the platform do what was asked for, and gives its true answer."""

    fault: ArmedFault
    request: GraphRequest
    serve: Serve
    api: GraphApi


# Returns what the caller gets: by itself, or after spoiling what `serve` gave.
Apply = Callable[[MetCall], Answer]


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault; `options` are those it takes, with their defaults, and `choices` the words an option may be."""

    name: str
    meaning: str
    apply: Apply
    options: Mapping[str, Option] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class StormRule:
    """The name of the kind that stands for others, and those that it draws from by default."""

    name: str
    usual: tuple[str, ...]


class Faults:
    """The faults armed now; a call meets the first that matches it."""

    def __init__(self, kinds: Mapping[str, FaultKind], storm: StormRule) -> None:
        self.kinds = kinds
        # Called when the faults are cleared: whatever is held goes on.
        self.when_cleared: list[Callable[[], object]] = []
        self._storm = storm
        self._armed: list[ArmedFault] = []
        self._numbers = 0

    def arm(self, asked: Mapping[str, object]) -> ArmedFault:
        """Arm what a caller asks for. Raises InputError.

        ``{"kind", "count"?, "skip"?, "match"?: {"path"?, "method"?, "query"?}, "options"?}``; a storm lasts until the
        faults are cleared, unless it has a count.
        """
        _check_keys(asked, _ASKED_KEYS, "a fault")
        name = asked.get("kind")
        if not isinstance(name, str) or name not in self.kinds:
            raise InputError(f"There is no fault {name!r}. Known: {', '.join(self.kinds)}.")
        usual_count = 10**9 if name == self._storm.name else 1
        armed = self._new(
            self.kinds[name],
            _at_least(asked.get("count", usual_count), "count", 1),
            _match(_table(asked, "match")),
            _options(self.kinds[name], _table(asked, "options")),
            skip=_at_least(asked.get("skip", 0), "skip", 0),
        )
        if name == self._storm.name:
            self._storm_kinds(armed)
        self._armed.append(armed)
        return armed

    def clear(self) -> None:
        self._armed.clear()
        for go_on in self.when_cleared:
            go_on()

    def meeting(self, request: GraphRequest) -> ArmedFault | None:
        """Return the fault that a call meets; of a storm, what it throws at this call, if anything."""
        for place, armed in enumerate(self._armed):
            if not armed.meets(request):
                continue
            if armed.kind.name != self._storm.name:
                return armed
            if thrown := self._thrown(armed):
                # A throttle lasts longer than this call, so whatever is thrown stands before the storm.
                self._armed.insert(place, thrown)
                return thrown
        return None

    def report(self) -> list[dict[str, object]]:
        """Return the faults armed, without those that a storm has thrown and that are over."""
        return [armed.report() for armed in self._armed if armed.remaining or armed.number]

    def _thrown(self, storm: ArmedFault) -> ArmedFault | None:
        self._armed = [armed for armed in self._armed if armed.remaining or armed.number]
        storm.seen += 1
        seed, call = storm.whole("seed"), str(storm.seen)
        if uniform(seed, "storm", call) >= float(storm.options["share"]):
            return None
        storm.fired += 1
        storm.use_up()
        kinds = self._storm_kinds(storm)
        kind = kinds[int(uniform(seed, "storm kind", call) * len(kinds))]
        short = {"minutes": 1, "seconds": 0.05}
        options = {name: short.get(name, value) for name, value in kind.options.items()}
        return ArmedFault(0, kind, 1, 0, storm.match, options)

    def _storm_kinds(self, storm: ArmedFault) -> list[FaultKind]:
        names = [name.strip() for name in storm.text("kinds").split(",") if name.strip()] or self._storm.usual
        for name in names:
            if name not in self.kinds or name == self._storm.name:
                raise InputError(f"A storm cannot throw {name!r}. Known: {', '.join(self.kinds)}.")
        return [self.kinds[name] for name in names]

    def _new(
        self, kind: FaultKind, remaining: int, match: Match, options: Mapping[str, Option], *, skip: int
    ) -> ArmedFault:
        self._numbers += 1
        return ArmedFault(self._numbers, kind, remaining, skip, match, options)


def _match(table: Mapping[str, object]) -> Match:
    _check_keys(table, _MATCH_KEYS, "match")
    path, query = _pattern(table.get("path", ""), "path"), _pattern(table.get("query", ""), "query")
    return Match(path, query, str(table.get("method", "")).upper())


def _options(kind: FaultKind, asked: Mapping[str, object]) -> dict[str, Option]:
    _check_keys(asked, tuple(kind.options), f"options of {kind.name}")
    return {**kind.options, **{name: _option(kind, name, value) for name, value in asked.items()}}


def _option(kind: FaultKind, name: str, value: object) -> Option:
    """Return a value that fits the type of the option's default. Raises InputError."""
    usual = kind.options[name]
    if name in kind.choices and value not in kind.choices[name]:
        raise InputError(f"{name} is {value!r}. Known: {', '.join(kind.choices[name])}.")
    match usual:
        case bool():
            fits = isinstance(value, bool)
        case int():
            return _at_least(value, name, 1 if usual >= 1 else 0)
        case float():
            fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
        case _:
            fits = isinstance(value, str)
    if not fits:
        raise InputError(f"{name} is {value!r}; give something like {usual!r}.")
    return value  # type: ignore[return-value] # its type is that of the default


def _at_least(number: object, name: str, least: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < least:
        raise InputError(f"{name} is {number!r}; give a whole number from {least}.")
    return number


def _pattern(text: object, name: str) -> re.Pattern[str]:
    try:
        return re.compile(str(text))
    except re.error as error:
        raise InputError(f"match.{name} {text!r} is not a regular expression: {error}.") from None


def _table(asked: Mapping[str, object], key: str) -> Mapping[str, object]:
    table = asked.get(key, {})
    if not isinstance(table, dict):
        raise InputError(f"{key} is {table!r}; give an object.")
    return table


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where} has the key {key!r}. Known: {', '.join(known) or 'none'}.")
