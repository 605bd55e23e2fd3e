"""Budget plans of a client: its curves, what is asked of them, and the changes that would carry the plan out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import PAUSED, Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.planning.curves import ResponseCurves, ValueOf
from aibuyer_kit.planning.make import make_plan
from aibuyer_kit.planning.plan import Plan
from aibuyer_kit.planning.request import Amount, Group, PlanRequest
from aibuyer_kit.warehouse.read import AsOf, Reader
from aibuyer_kit.workflows.curves import response_of
from aibuyer_kit.workflows.evidence_objects import Known, Objects
from aibuyer_kit.workflows.period import account_today, parse_as_of

CampaignLimits = Mapping[str, tuple[Amount | None, Amount | None]]


@dataclass(frozen=True)
class _Arm:
    level: Level
    known: Known


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

    Arms may be named by id or by name, `campaigns` give the least and the most of all arms of one. Nothing is changed
    anywhere. Raises PlanError, and whatever `response_of` raises.
    """
    found = curves or response_of(context, reader, value_of=value_of, as_of=as_of).curves
    arms = _arms(reader, found, as_of)
    asked = _by_id(
        found, replace(asked, groups=(*asked.groups, *_campaign_groups(reader, arms, campaigns or {}, as_of)))
    )
    plan = make_plan(found, asked, since=account_today(context, reader, as_of=as_of), locale=context.settings.locale)
    changes = [_change(arms[arm.id], arm.planned_micros) for arm in plan.arms if arm.id in arms]
    return replace(plan, changes=tuple(each for each in changes if each))


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


def _arms(reader: Reader, curves: ResponseCurves, as_of: AsOf | None) -> dict[str, _Arm]:
    """Return what each arm is, by its id; what is not known as an object can be planned for, but not changed."""
    objects = Objects(reader, reader.freshness(as_of=as_of).load_id)
    found = {}
    for level in (Level.CAMPAIGN, Level.ADSET):
        found.update({key[2]: _Arm(level, each) for key, each in objects.of(level).items()})
    return {arm: found[arm] for arm in curves.arms if arm in found}


def _change(arm: _Arm, planned_micros: int) -> Change | None:
    """Return what carries an arm's plan out: another daily budget, or a pause; None where there is none to change."""
    known = arm.known
    if known.daily_budget is None or known.daily_budget == planned_micros:
        return None
    if planned_micros > 0:
        return Change(*known.account, arm.level, known.key[2], "daily_budget", known.daily_budget, planned_micros)
    if known.status in (None, PAUSED):
        return None
    return Change(*known.account, arm.level, known.key[2], "status", known.status, PAUSED)


def _campaign_groups(
    reader: Reader, arms: Mapping[str, _Arm], limits: CampaignLimits, as_of: AsOf | None
) -> tuple[Group, ...]:
    """Return the arms of campaigns as groups. Raises PlanError for a campaign that there is not."""
    if not limits:
        return ()
    objects = Objects(reader, reader.freshness(as_of=as_of).load_id).of(Level.CAMPAIGN)
    names = {each.key[2]: each.name or each.key[2] for each in objects.values()}
    groups = []
    for campaign, (least, most) in limits.items():
        ids = {key for key, name in names.items() if campaign in (key, name)}
        inside = tuple(arm for arm, each in arms.items() if arm in ids or each.known.campaign_id in ids)
        if not inside:
            raise PlanError(
                f"No arm is of the campaign {campaign!r}. There are: {', '.join(sorted(names.values())[:8])}."
            )
        groups.append(Group(campaign, inside, least, most))
    return tuple(groups)


def _by_id(curves: ResponseCurves, asked: PlanRequest) -> PlanRequest:
    """Return the question with arms by id. Raises PlanError for a name that two arms have."""
    known = set(curves.arms)

    def one(arm: str) -> str:
        if arm in known:
            return arm
        ids = [each for each, name in zip(curves.arms, curves.names, strict=True) if name == arm]
        if len(ids) > 1:
            raise PlanError(f"{len(ids)} arms are called {arm!r}; name one by its id: {', '.join(ids[:5])}.")
        return ids[0] if ids else arm

    def amounts(given: Mapping[str, Amount] | Amount | None) -> Mapping[str, Amount] | Amount | None:
        return {one(arm): amount for arm, amount in given.items()} if isinstance(given, Mapping) else given

    return replace(
        asked,
        least=amounts(asked.least),
        most=amounts(asked.most),
        groups=tuple(replace(group, arms=tuple(map(one, group.arms))) for group in asked.groups),
        may_stop=tuple(map(one, asked.may_stop)),
        held=tuple(map(one, asked.held)),
        stopped=tuple(map(one, asked.stopped)),
    )
