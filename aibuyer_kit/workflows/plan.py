"""Budget plans of a client: its curves, what is asked of them, and the changes that would carry the plan out."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.planning.curves import ResponseCurves, ValueOf
from aibuyer_kit.planning.limits import Limit
from aibuyer_kit.planning.make import Note, make_plan
from aibuyer_kit.planning.plan import Plan
from aibuyer_kit.planning.request import Amount, PlanRequest
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.curves import response_of
from aibuyer_kit.workflows.no_results import leads_back
from aibuyer_kit.workflows.period import account_today, parse_as_of
from aibuyer_kit.workflows.plan_arms import Arm, CampaignLimits, arms_of, campaign_groups, changes_of, check_start

_MOST_NAMES = 5


@leads_back
def plan_of(
    context: ClientContext,
    reader: Reader,
    asked: PlanRequest,
    *,
    campaigns: CampaignLimits | None = None,
    curves: ResponseCurves | None = None,
    value_of: ValueOf | None = None,
    as_of: AsOf | None = None,
) -> Plan:
    """Return the plan that answers a question about what has a budget of its own, with the changes that it comes to.

    Arms may be named by id or by name, `campaigns` give the least and the most of all arms of one. What is paused gets
    nothing unless `start` names it, and what does not spend its budget stays at what it spends. Nothing is changed
    anywhere. Raises PlanError, and whatever `response_of` raises.
    """
    if curves is None:
        _check_named(reader, asked, as_of)
    found = curves or response_of(context, reader, value_of=value_of, as_of=as_of).curves
    arms = arms_of(context, reader, found, as_of)
    asked = _by_id(found, replace(asked, groups=(*asked.groups, *campaign_groups(arms, campaigns or {}))))
    check_start(arms, asked.start)
    paused = {arm for arm, each in arms.items() if each.is_paused and arm not in asked.start}
    names = dict(zip(found.arms, found.names, strict=True))
    found, asked = _running(found, asked, arms, paused)
    plan = _made(context, reader, found, asked, as_of)
    notes = (*plan.notes, *_notes(plan, arms, [names[arm] for arm in names if arm in paused]))
    return replace(plan, changes=tuple(changes_of(arms, plan.arms, asked.start)), notes=notes)


def _check_named(reader: Reader, asked: PlanRequest, as_of: AsOf | None) -> None:
    """Raise PlanError for an arm that is none of the account's objects, before any curve is learnt."""
    amounts = (given for given in (asked.least, asked.most) if isinstance(given, Mapping))
    named = {*asked.held, *asked.stopped, *asked.may_stop, *asked.start, *(arm for given in amounts for arm in given)}
    if not named:
        return
    rows = [row for level in (Level.CAMPAIGN, Level.ADSET) for row in reader.objects(level, as_of=as_of).to_pylist()]
    known = {str(each) for row in rows for each in (row["entity_id"], row["name"]) if each}
    for arm in sorted(named - known):
        near = get_close_matches(arm, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise PlanError(f"There is no campaign and no ad set {arm!r}.{hint} Name it as `aibuyer curves` does.")


def _made(
    context: ClientContext, reader: Reader, curves: ResponseCurves, asked: PlanRequest, as_of: AsOf | None
) -> Plan:
    """Return the plan in which what does not spend its budget stays where it is, unless that leaves no plan.

    Where it clashes with what was asked for it is let go, and `_notes` tells what moves then. Any other refusal stands.
    """
    since, locale = account_today(context, reader, as_of=as_of), context.settings.locale
    held = _not_by_budget(curves, asked)
    try:
        return make_plan(curves, replace(asked, held=(*asked.held, *held)), since=since, locale=locale)
    except PlanError as refused:
        clashing = [limit for limit in refused.clashing if isinstance(limit, Limit)]
        if not any(limit.kind == "held" and limit.of in held for limit in clashing):
            raise
    return make_plan(curves, asked, since=since, locale=locale)


def _not_by_budget(curves: ResponseCurves, asked: PlanRequest) -> tuple[str, ...]:
    """Return the arms whose spend does not follow their budgets, but for those that a person said something of."""
    named = {*asked.held, *asked.stopped, *asked.may_stop, *asked.start}
    for given in (asked.least, asked.most):
        named |= set(given) if isinstance(given, Mapping) else set()
    follows = zip(curves.arms, curves.goes_by_budget, strict=True)
    return tuple(arm for arm, does in follows if not does and arm not in named)


def _running(
    curves: ResponseCurves, asked: PlanRequest, arms: Mapping[str, Arm], paused: set[str]
) -> tuple[ResponseCurves, PlanRequest]:
    """Return curves and question without what is paused; what is to be started spends nothing today."""
    starts = np.array([arm in asked.start and arm in arms and arms[arm].is_paused for arm in curves.arms])
    curves = replace(curves, spend_now=np.where(starts, 0.0, curves.spend_now))
    if not paused:
        return curves, asked
    kept = [place for place, arm in enumerate(curves.arms) if arm not in paused]
    if not kept:
        raise PlanError("All arms are paused, so that there is nothing to plan: name those that may begin in start.")
    if needed := [arm for arm, amount in _pairs(asked.least) if arm in paused and float(amount) > 0]:
        raise PlanError(f"{needed[0]!r} is paused, or its campaign is: name it in start to give it at least something.")

    def without(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(arm for arm in names if arm not in paused)

    def amounts(given: Mapping[str, Amount] | Amount | None) -> Mapping[str, Amount] | Amount | None:
        return dict(pair for pair in given.items() if pair[0] not in paused) if isinstance(given, Mapping) else given

    groups = tuple(replace(group, arms=without(group.arms)) for group in asked.groups)
    if empty := [group.name for group in groups if not group.arms and float(group.least or 0) > 0]:
        raise PlanError(f"All arms of {empty[0]!r} are paused: name in start those that may begin.")
    return curves.only(kept), replace(
        asked,
        least=amounts(asked.least),
        most=amounts(asked.most),
        groups=tuple(group for group in groups if group.arms),
        may_stop=without(asked.may_stop),
        held=without(asked.held),
        stopped=without(asked.stopped),
    )


def _pairs(given: Mapping[str, Amount] | Amount | None) -> list[tuple[str, Amount]]:
    return list(given.items()) if isinstance(given, Mapping) else []


def _notes(plan: Plan, arms: Mapping[str, Arm], paused: list[str]) -> Iterator[Note]:
    """Yield what of the plan no change of a daily budget carries out, and what is paused."""
    if paused:
        yield "paused", {"count": len(paused), "names": tuple(paused[:_MOST_NAMES])}
    slow = [each for each in plan.arms if each.id in arms and not arms[each.id].goes_by_budget]
    moved_ones = [each for each in slow if each in plan.moving]
    stays = [each for each in slow if each not in moved_ones]
    for key, some in (("not_by_budget", stays), ("not_by_budget_moved", moved_ones)):
        if some:
            yield key, {"count": len(some), "names": tuple(each.name for each in some[:_MOST_NAMES])}
    others = [each for each in plan.moving if each not in slow]
    rest = [each for each in others if each.id not in arms or not arms[each.id].can_carry_out(each)]
    if rest:
        moved = sum(abs(each.planned_micros - each.now_micros) for each in rest) / MICROS_PER_UNIT
        yield "by_hand", {"count": len(rest), "names": tuple(each.name for each in rest[:_MOST_NAMES]), "money": moved}


@leads_back
def client_plan(
    context: ClientContext,
    asked: PlanRequest,
    *,
    campaigns: CampaignLimits | None = None,
    value_of: ValueOf | None = None,
    as_of: str = "",
) -> Plan:
    """Return the plan as a command shows it; see `plan_of`."""
    moment = parse_as_of(as_of) if as_of else None
    return plan_of(context, Reader(context.warehouse), asked, campaigns=campaigns, value_of=value_of, as_of=moment)


def _by_id(curves: ResponseCurves, asked: PlanRequest) -> PlanRequest:
    """Return the question with arms by id. Raises PlanError for a name that two arms have."""
    known = set(curves.arms)

    def one(arm: str) -> str:
        if arm in known:
            return arm
        ids = [each for each, name in zip(curves.arms, curves.names, strict=True) if name == arm]
        if len(ids) > 1:
            raise PlanError(f"{len(ids)} arms are called {arm!r}; name one by its id: {', '.join(ids[:5])}.")
        if not ids:
            near = get_close_matches(arm, curves.names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            some = ", ".join(repr(each) for each in curves.names[:_MOST_NAMES])
            raise PlanError(f"There is no curve of an arm {arm!r}.{hint} There are: {some} …")
        return ids[0]

    def amounts(given: Mapping[str, Amount] | Amount | None) -> Mapping[str, Amount] | Amount | None:
        if not isinstance(given, Mapping):
            return given
        found = {one(arm): amount for arm, amount in given.items()}
        if len(found) < len(given):
            raise PlanError("A limit names one arm twice, by its name and by its id.")
        return found

    return replace(
        asked,
        least=amounts(asked.least),
        most=amounts(asked.most),
        groups=tuple(replace(group, arms=tuple(map(one, group.arms))) for group in asked.groups),
        may_stop=tuple(map(one, asked.may_stop)),
        held=tuple(map(one, asked.held)),
        stopped=tuple(map(one, asked.stopped)),
        start=tuple(map(one, asked.start)),
    )
