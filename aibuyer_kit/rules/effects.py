"""What a rule that fired proposes: a change as data, or the reason why there is none."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from aibuyer_kit.core.changes import ACTIVE, PAUSED, Change
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.rules.actions import Action, MoveAmount, Pause, SetAmount, Start
from aibuyer_kit.rules.subjects import Subject


def proposed(action: Action, subject: Subject) -> Change | str:
    """Return the change that an action makes of an object as it is known, or why there is nothing to change."""
    match action:
        case Pause():
            return _switched(subject, ACTIVE, PAUSED, "pause")
        case Start():
            return _switched(subject, PAUSED, ACTIVE, "start")
        case (
            SetAmount(action="set_budget", budget="daily")
            | MoveAmount(action="raise_budget" | "lower_budget", budget="daily")
        ):
            return _budget(action, subject)
    return f"the action {action.action} cannot be done yet"


def _switched(subject: Subject, before: str, after: str, verb: str) -> Change | str:
    if subject.status != before:
        return f"its status is {subject.status or 'not known'}, so there is nothing to {verb}"
    return _change(subject, "status", before, after)


def _budget(action: SetAmount | MoveAmount, subject: Subject) -> Change | str:
    before = subject.daily_budget_micros
    if before is None or before <= 0:
        return "it has no daily budget of its own"
    after = _target(action, before, subject.minor_per_unit)
    if after <= 0:
        return "the budget would come to nothing"
    moves = {"raise_budget": after > before, "lower_budget": after < before}.get(action.action, after != before)
    return _change(subject, "daily_budget", before, after) if moves else "its budget is there already"


def _change(subject: Subject, field: str, before: int | str, after: int | str) -> Change:
    return Change(
        subject.platform,
        subject.account_id,
        subject.level,
        subject.object_id,
        "status" if field == "status" else "daily_budget",
        before,
        after,
    )


def _target(action: SetAmount | MoveAmount, before: int, minor_per_unit: int) -> int:
    """Return the budget in micros, rounded half-up to the currency's smallest unit, within floor and cap."""
    if isinstance(action, SetAmount):
        return _whole(_micros(action.amount), minor_per_unit)
    sign = 1 if action.action == "raise_budget" else -1
    step = _micros(action.amount) if action.amount is not None else before * (action.percent or Decimal()) / 100
    target = _whole(before + sign * step, minor_per_unit)
    if action.floor is not None:
        target = max(target, _whole(_micros(action.floor), minor_per_unit, ROUND_CEILING))
    if action.cap is not None:
        target = min(target, _whole(_micros(action.cap), minor_per_unit, ROUND_FLOOR))
    return target


def _micros(units: Decimal) -> Decimal:
    return units * MICROS_PER_UNIT


def _whole(micros: Decimal, minor_per_unit: int, rounding: str = ROUND_HALF_UP) -> int:
    """Return micros of a whole number of the currency's smallest units."""
    each = MICROS_PER_UNIT // minor_per_unit
    return int((micros / each).quantize(Decimal(1), rounding)) * each
