"""Why a plan moves budgets as it does: the way from today's profit to the plan's, arm by arm, and each arm alone."""

from dataclasses import replace
from math import fsum
from typing import Any

from aibuyer_kit.charts.explanation import Explanation, Part, ranked
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.i18n import t
from aibuyer_kit.planning.page import _money, _signed, _value, binding_sentence
from aibuyer_kit.planning.plan import Plan, PlannedArm

_MOST_NAMED = 5


def plan_explained(plan: Plan, arm: str | None, locale: str) -> Explanation:
    """Return what each arm adds on the way from today's split to the plan, or of one arm (id or name) why it moves.

    Raises NotFoundError for an arm that is not in the plan.
    """
    return _whole(plan, locale) if arm is None else _one(plan, _found(plan, arm), locale)


def _found(plan: Plan, arm: str) -> PlannedArm:
    own = [each for each in plan.arms if each.id == arm] or [each for each in plan.arms if each.name == arm]
    if len(own) > 1:
        raise InputError(f"{len(own)} arms are called {arm!r}: name one by its id, such as {own[0].id}.")
    if not own:
        more = ", …" if len(plan.arms) > _MOST_NAMED else ""
        known = ", ".join(each.id for each in plan.arms[:_MOST_NAMED])
        raise NotFoundError(f"There is no arm {arm!r} in this plan. Known: {known}{more}.")
    return own[0]


def _whole(plan: Plan, locale: str) -> Explanation:
    """Return the waterfall of profit, or of value where none is known; learning anew is a part of its own."""
    parts = [Part(arm.id, arm.name, _adds(plan, arm), _remark(plan, arm, locale)) for arm in plan.arms]
    rest = plan.expected.mean - plan.today.mean - fsum(each.amount for each in parts)
    if any(arm.resets for arm in plan.arms):
        parts.append(Part("resets", _say(locale, "resets"), rest))
    else:  # today's amounts are whole micros here
        largest = max(range(len(parts)), key=lambda at: abs(parts[at].amount))
        parts[largest] = replace(parts[largest], amount=parts[largest].amount + rest)
    return Explanation(
        _say(locale, "title", what=_say(locale, "profit" if plan.is_profit else "value")),
        locale,
        ranked(parts),
        Part("today", _say(locale, "today"), plan.today.mean),
        Part("planned", _say(locale, "planned"), plan.expected.mean),
        _metric(plan),
        plan.currency,
        higher_is_better=True,
        said=tuple(_said(plan, locale)),
    )


def _said(plan: Plan, locale: str) -> list[str]:
    """Return what the plan gains, what money is worth in it, and which limits of the whole hold it back."""
    gain = _signed(plan, plan.gain.mean, locale)
    of_whole = [each for each in plan.binding if each.limit.kind in ("total", "target")]
    prices = sorted(arm.price for arm in plan.arms)
    price = _value(plan, prices[len(prices) // 2], locale)
    said = [_say(locale, "said", gain=gain, price=price) if of_whole else _say(locale, "said_free", gain=gain)]
    return said + [binding_sentence(plan, each, locale) for each in of_whole]


def _one(plan: Plan, arm: PlannedArm, locale: str) -> Explanation:
    """Return what an arm's own move brings and costs, what a unit brings before and after, and what stops it."""
    now, planned = _money(plan, arm.now_micros, locale), _money(plan, arm.planned_micros, locale)
    moves = arm in plan.moving
    parts = [Part("value", _say(locale, "arm_value"), arm.value - arm.value_now)]
    if plan.is_profit:
        parts.append(Part("spend", _say(locale, "arm_spend"), -(arm.planned_micros - arm.now_micros) / 1e6))
    start = arm.value_now - plan.is_profit * arm.now_micros / 1e6
    marginals = {
        name: _value(plan, getattr(arm, name), locale) for name in ("marginal_now", "marginal", "price")
    }  # what a unit of money brings
    said = [_say(locale, "arm_said", **marginals)]
    said.append(binding_sentence(plan, arm.binding, locale) if arm.binding else _say(locale, "arm_free"))
    if arm.warning:
        said.append(_say(locale, "arm_identified", warning=arm.warning))
    return Explanation(
        _say(locale, "arm_title" if moves else "arm_same", name=arm.name, now=now, planned=planned),
        locale,
        tuple(each for each in parts if each.amount),
        Part("today", _say(locale, "arm_now"), start),
        Part("planned", _say(locale, "arm_planned"), start + fsum(each.amount for each in parts)),
        _metric(plan),
        plan.currency,
        higher_is_better=True,
        said=tuple(said),
    )


def _adds(plan: Plan, arm: PlannedArm) -> float:
    """Return what an arm's move adds a day: what it brings more, less what it costs more where profit is planned."""
    return arm.value - arm.value_now - plan.is_profit * (arm.planned_micros - arm.now_micros) / 1e6


def _remark(plan: Plan, arm: PlannedArm, locale: str) -> str:
    remark = _say(
        locale,
        "arm_remark",
        now=_money(plan, arm.now_micros, locale),
        planned=_money(plan, arm.planned_micros, locale),
        marginal_now=_value(plan, arm.marginal_now, locale),
        marginal=_value(plan, arm.marginal, locale),
    )
    if not arm.binding:
        return remark
    return _say(locale, "held", remark=remark, limit=binding_sentence(plan, arm.binding, locale))


def _metric(plan: Plan) -> str:
    """Return the metric in whose unit the plan counts."""
    return "profit" if plan.is_profit else plan.value_of


def _say(locale: str, key: str, **values: Any) -> str:
    return t(locale, f"plan_why.{key}", **values)
