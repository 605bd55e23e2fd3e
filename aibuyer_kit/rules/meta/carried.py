"""What came of carrying a rule over: the rule, or none, and each part that was lost on the way."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any, Literal

# What a rule is without a part that was lost: the same in what it does, about fewer objects or changes, about more,
# firing more often, or another one.
Without = Literal["same", "narrower", "wider", "oftener", "other"]
_HARMLESS = ("same", "narrower")
_LONGEST_TOLD = 160
_MOST_DIGITS = 40


@dataclass(frozen=True)
class Lost:
    """A part that could not be carried over: its place in the rule, how it stands there, and why."""

    place: str
    what: str
    reason: str
    without_it: Without

    @property
    def is_harmless(self) -> bool:
        return self.without_it in _HARMLESS

    def __str__(self) -> str:
        what = f" ({self.what})" if self.what else ""
        return f"{self.place}{what}: {self.reason} Without it the rule is {_TOLD[self.without_it]}."


_TOLD = {
    "same": "the same",
    "narrower": "narrower",
    "wider": "wider",
    "oftener": "fired more often",
    "other": "another one",
}


class NotCarriedError(ValueError):
    """The other side has nothing for a part; the message says what it lacks."""

    def __init__(self, reason: str, without_it: Without = "wider") -> None:
        super().__init__(reason)
        self.without_it: Without = without_it


@dataclass(frozen=True)
class Carried:
    """A rule of Meta's as a document of ours; None if without what was lost it would do more, or something else."""

    document: Mapping[str, Any] | None
    lost: tuple[Lost, ...]
    is_enabled: bool


@dataclass(frozen=True)
class CarriedOut:
    """A rule of ours as Meta's specs, switched off; None if Meta has no words for what it looks at or does."""

    spec: Mapping[str, Any] | None
    lost: tuple[Lost, ...]


@dataclass(frozen=True)
class Counting:
    """What the client's `results` are: an action type of Meta's in an attribution window (`total`: the account's).

    `platform_results` says that what Meta calls the result of each ad set is the same event; `own_value` that revenue
    holds a value of the client's own, so that it is not Meta's.
    """

    action_type: str = ""
    window: str = "total"
    platform_results: bool = False
    own_value: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What a rule does not say itself: the currency's minor units, levels of objects and names of labels by their ids.

    `endpoint` is the address that the app's webhooks go to.
    """

    minor_per_unit: int
    counting: Counting = Counting()
    levels: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = ""


def shown(content: object) -> str:
    """Return a content as one short line that is safe to print."""
    text = "".join(each if each.isprintable() else "?" for each in str(content)[: 2 * _LONGEST_TOLD])
    return text if len(text) <= _LONGEST_TOLD else f"{text[: _LONGEST_TOLD - 1]}…"


def number_of(content: object) -> Decimal:
    """Return a number of JSON, or of a text, exactly as it is written. Raises NotCarriedError."""
    if isinstance(content, bool) or not isinstance(content, int | float | str | Decimal):
        raise NotCarriedError(f"{shown(content)} is no number.", "other")
    text = str(content)
    try:
        number = Decimal(text) if len(text) <= _MOST_DIGITS else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise NotCarriedError(f"{shown(content)} is no number that a rule may hold.", "other")
    return number


def times(number: Decimal, factor: Decimal) -> Decimal:
    """Return an exact product."""
    with localcontext(prec=2 * _MOST_DIGITS):
        return _plain(number * factor)


def by(number: Decimal, divisor: Decimal) -> Decimal:
    """Return an exact quotient by a power of ten."""
    with localcontext(prec=2 * _MOST_DIGITS):
        return _plain(number / divisor)


def json_number(number: Decimal) -> int | float:
    """Return a number as JSON has it. Raises NotCarriedError if it has too many digits to be written exactly."""
    if number == number.to_integral_value():
        return int(number)
    found = float(number)
    if Decimal(repr(found)) != number:
        raise NotCarriedError(f"{number:f} has too many digits.", "other")
    return found


def entries(content: object) -> Sequence[Any]:
    return content if isinstance(content, list | tuple) else ()


def mapping(content: object) -> Mapping[str, Any]:
    return content if isinstance(content, Mapping) else {}


def known(content: object, names: Collection[str]) -> Mapping[str, Any]:
    """Return an object of Meta's that has no other keys. Raises NotCarriedError: who knows what one more would do."""
    found = mapping(content)
    if strange := [key for key in found if key not in names]:
        raise NotCarriedError(f"{shown(strange[0])} is not known here.", "other")
    return found


def _plain(number: Decimal) -> Decimal:
    """Return a number without an exponent or noughts at its end."""
    return Decimal(f"{number.normalize():f}")
