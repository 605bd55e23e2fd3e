"""What a person asks of a plan: the money there is, and what may not happen to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import isfinite
from typing import Literal

from aibuyer_kit.core.errors import InputError, PlanError
from aibuyer_kit.core.money import exact_units

Amount = Decimal | str | int | float
Unidentified = Literal["near", "held", "free"]
Step = float | Literal["usual"] | None
# By how much a budget moves at once where neither a person nor the past says how far.
USUAL_STEP = 0.3
# A curve is believed this much further than the past has shown it.
BEYOND_SEEN = 0.25
# What cannot be learnt from the past is left about where it is.
NEAR = 0.1
LEARNING_SHARE = 0.2
MOST_DAYS = 366


@dataclass(frozen=True)
class Group:
    """Arms that have a limit together: the ad sets of a campaign, a country, a pool of money. Amounts a day."""

    name: str
    arms: tuple[str, ...]
    least: Amount | None = None
    most: Amount | None = None


@dataclass(frozen=True)
class PlanRequest:
    """The question that a plan answers; money in units of the curves' currency, a day unless said otherwise.

    With `total_daily_budget` the whole of it is spent, or at most that with `spend_all=False`; without, today's total,
    less what `stopped`, `most` and groups take out of it. `least` and `most` are by arm, or one amount for every arm.
    No budget moves by more than the share `step` of today's; `None` is as far as it pays, and `usual` goes BEYOND_SEEN
    further than the spends that the past has shown (USUAL_STEP where that is not known), and down with an arm's
    proportional part of the total that is asked for. What cannot be met so is refused; what is asked of an arm by name
    counts. Arms of `may_stop` may go to 0 in spite of it. Arms whose response is not identified stay `near` their part
    (NEAR), are `held` at today's, or `free`. A change beyond
    `reset_beyond` costs `reset_loss` of value once. `target_roas` (value by spend) or `target_cpa` (spend by result)
    takes the place of a total: the most value is made that meets it. What is paused is not planned for, unless it is
    named in `start`: then it may begin again, as far as the past has shown it. The plan holds for `days`, with
    `day_weights` for each of them. `risk` is the quantile of profit that is made most of, instead of the mean.
    Raises PlanError.
    """

    total_daily_budget: Amount | None = None
    spend_all: bool = True
    least: Mapping[str, Amount] | Amount | None = None
    most: Mapping[str, Amount] | Amount | None = None
    step: Step = "usual"
    groups: tuple[Group, ...] = ()
    may_stop: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    unidentified: Unidentified = "near"
    reset_loss: Amount | None = None
    reset_beyond: float = LEARNING_SHARE
    target_roas: float | None = None
    target_cpa: float | None = None
    days: int = 1
    day_weights: tuple[float, ...] = field(default=())
    risk: float | None = None

    def __post_init__(self) -> None:
        _check(self)

    def with_total(self, total: Amount | None) -> "PlanRequest":
        """Return the same question about another total."""
        return replace(self, total_daily_budget=total, target_roas=None, target_cpa=None)


def units(amount: Amount, name: str) -> Decimal:
    """Return an amount of money as typed, from 0 on. Raises PlanError."""
    try:
        found = exact_units(repr(amount) if isinstance(amount, float) else amount)
    except InputError as error:
        raise PlanError(f"{name}: {error}") from None
    if found < 0:
        raise PlanError(f"{name} is {found}; an amount of money is 0 or more.")
    return found


def by_arm(given: Mapping[str, Amount] | Amount | None, name: str, arms: tuple[str, ...]) -> dict[str, float]:
    """Return amounts by arm; one amount is for every arm. Raises PlanError for an arm that there is not."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        return dict.fromkeys(arms, float(units(given, name)))
    known_arms(given, name, arms)
    return {arm: float(units(amount, f"{name} of {arm!r}")) for arm, amount in given.items()}


def known_arms(named: Iterable[str], name: str, arms: tuple[str, ...]) -> None:
    """Raise PlanError for the first arm that is not among `arms`."""
    known = set(arms)
    for arm in named:
        if arm not in known:
            some = ", ".join(arms[:8]) + (" …" if len(arms) > 8 else "")
            raise PlanError(f"{name} names {arm!r}, of which there is no curve. There are: {some}")


def _check(asked: PlanRequest) -> None:
    _check_targets(asked)
    if asked.total_daily_budget is not None:
        units(asked.total_daily_budget, "total_daily_budget")
    for name in ("target_roas", "target_cpa", "reset_beyond"):
        _positive(name, getattr(asked, name))
    if asked.step not in (None, "usual"):
        _share("step", asked.step)
    if asked.risk is not None and not 0.0 < asked.risk < 1.0:
        raise PlanError(f"risk is {asked.risk}; it is a quantile between 0 and 1, such as 0.2 for a cautious plan.")
    if asked.unidentified not in ("near", "held", "free"):
        raise PlanError(f"unidentified is {asked.unidentified!r}; it is near, held or free.")
    _check_days(asked)
    _check_ends(asked)
    names = [group.name for group in asked.groups]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PlanError(f"Two groups are called {twice[0]!r}.")


def _check_ends(asked: PlanRequest) -> None:
    """Refuse an arm that is asked to stay as it is and to be free at once."""
    kinds = {"held": asked.held, "may_stop": asked.may_stop, "stopped": asked.stopped, "start": asked.start}
    for one, other in (("held", "may_stop"), ("held", "stopped"), ("held", "start"), ("stopped", "start")):
        if both := sorted(set(kinds[one]) & set(kinds[other])):
            raise PlanError(f"{both[0]!r} is named in {one} and in {other}, which exclude each other: name it in one.")


def _check_targets(asked: PlanRequest) -> None:
    names = ("total_daily_budget", "target_roas", "target_cpa")
    targets = [name for name in names if getattr(asked, name) is not None]
    if len(targets) > 1:
        raise PlanError(f"Ask for one of {' and '.join(targets)}: each of them settles how much is spent.")
    if asked.risk is not None and (asked.target_roas is not None or asked.target_cpa is not None):
        raise PlanError("A plan has a target or makes the most of a quantile, not both.")


def _check_days(asked: PlanRequest) -> None:
    if not isinstance(asked.days, int) or not 1 <= asked.days <= MOST_DAYS:
        raise PlanError(f"days is {asked.days}; a plan is for 1 to {MOST_DAYS} days.")
    if asked.day_weights and len(asked.day_weights) != asked.days:
        raise PlanError(f"{len(asked.day_weights)} weights are given for {asked.days} days.")
    weights = asked.day_weights
    if weights and not (all(isfinite(each) and each >= 0 for each in weights) and any(weights)):
        raise PlanError("Weights of days are numbers from 0 on, and not all of them 0.")


def _positive(name: str, value: float | None) -> None:
    if value is not None and not (isfinite(value) and value > 0):
        raise PlanError(f"{name} is {value}; it is a number above 0.")


def _share(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not (isfinite(value) and value >= 0):
        raise PlanError(f"{name} is {value!r}; it is a share from 0 on, such as 0.2 for 20%.")
