"""What the arms of a plan are: what has a budget, whether it may spend, and the changes that give it another one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import ACTIVE, PAUSED, Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.core.money import MICROS_PER_UNIT, meta_minor_per_unit
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.plan import PlannedArm
from aibuyer_kit.planning.request import Amount, Group
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.evidence_days import Key
from aibuyer_kit.workflows.evidence_objects import Known, Objects
from aibuyer_kit.workflows.panel import may_spend, rate_of
from aibuyer_kit.workflows.period import account_today
from aibuyer_kit.workflows.what_counts import shown_in

CampaignLimits = Mapping[str, tuple[Amount | None, Amount | None]]
_BUDGET_LEVELS = (Level.CAMPAIGN, Level.ADSET)


@dataclass(frozen=True)
class Arm:
    """What an arm is; `rate` is what a unit of its account is worth in the plan's currency, `currency` the account's.

    `is_paused` where neither it nor all above it may spend; `goes_by_budget` where its spend follows its budget.
    """

    level: Level
    known: Known
    campaign: Known | None
    is_paused: bool
    rate: float
    currency: str
    goes_by_budget: bool

    def budget_micros(self, planned_micros: int) -> int:
        """Return an amount of the plan in micros of the account, in whole minor units."""
        minor = MICROS_PER_UNIT // meta_minor_per_unit(self.currency)
        return round(planned_micros / self.rate / minor) * minor

    def can_carry_out(self, planned: PlannedArm) -> bool:
        """Return whether a change of a daily budget, or a pause, brings what the plan wants."""
        if planned.planned_micros == 0:
            return self.known.status in (ACTIVE, PAUSED)
        return (
            self.known.daily_budget is not None
            and isfinite(self.rate)
            and (self.goes_by_budget or self.is_paused or planned.planned_micros < planned.now_micros)
        )


def arms_of(context: ClientContext, reader: Reader, curves: ResponseCurves, as_of: AsOf | None) -> dict[str, Arm]:
    """Return what each arm is, by its id; what is not known as one object can be planned for, but not changed."""
    load_id = reader.freshness(as_of=as_of).load_id
    objects, shown = Objects(reader, load_id), shown_in(context)
    day = reader.freshness(as_of=load_id).last_day or account_today(context, reader, as_of=load_id)
    found = {}
    for place, (arm, follows) in enumerate(zip(curves.arms, curves.goes_by_budget, strict=True)):
        if (of := _object_of(objects, curves, place)) is None:
            continue
        level, known = of
        account = objects.accounts.get(known.account)
        currency = (account and account.currency) or curves.currency
        found[arm] = Arm(
            level,
            known,
            objects.of(Level.CAMPAIGN).get(known.at(level, Level.CAMPAIGN)),
            not (may_spend(objects, level, known) and _has_one_that_spends(objects, level, known)),
            rate_of(shown, currency, day),
            currency,
            follows,
        )
    return found


def _object_of(objects: Objects, curves: ResponseCurves, place: int) -> tuple[Level, Known] | None:
    if curves.keys is not None and all(curves.keys[place]):
        *account, level, own_id = curves.keys[place]
        known = objects.of(Level(level)).get((account[0], account[1], own_id))
        return (Level(level), known) if known else None
    same = [
        (level, each)
        for level in _BUDGET_LEVELS
        for key, each in objects.of(level).items()
        if key[2] == curves.arms[place]
    ]
    return same[0] if len(same) == 1 else None


def _has_one_that_spends(objects: Objects, level: Level, known: Known) -> bool:
    """Return whether a campaign has an ad set that may spend, as far as its ad sets are known."""
    if level is not Level.CAMPAIGN:
        return True
    inside = [each for each in objects.of(Level.ADSET).values() if each.at(Level.ADSET, level) == known.key]
    return not inside or any(each.may_spend for each in inside)


def check_start(arms: Mapping[str, Arm], start: tuple[str, ...]) -> None:
    """Raise PlanError for what cannot be started by a change: what is gone, or not to be started alone."""
    for name in start:
        arm = arms.get(name)
        statuses = [each.status for each in (arm.known, arm.campaign) if each] if arm else [None]
        if arm and arm.is_paused and not (PAUSED in statuses and set(statuses) <= {None, ACTIVE, PAUSED}):
            raise PlanError(f"start names {name!r}, which no change can start: see what it and its ad sets are.")
        if arm is None or arm.campaign is None or arm.campaign.status != PAUSED:
            continue
        beside = [
            other
            for other, each in arms.items()
            if each.campaign and each.campaign.key == arm.campaign.key and each.known.may_spend and other not in start
        ]
        if beside:
            raise PlanError(
                f"start names {name!r}, whose campaign is paused: with it {', '.join(beside[:5])} would begin, too. "
                "Name them in start as well, or pause them first."
            )


def changes_of(arms: Mapping[str, Arm], planned: tuple[PlannedArm, ...], start: tuple[str, ...]) -> Iterator[Change]:
    """Yield what carries a plan out: pauses, other daily budgets, and starts, what is above an arm last."""
    campaigns: dict[Key, Change] = {}
    for each in planned:
        arm = arms.get(each.id)
        if arm is None or not arm.can_carry_out(each):
            continue
        if each.planned_micros == 0:
            if arm.known.status == ACTIVE and (not arm.is_paused or each.id in start):
                yield _status(arm.level, arm.known, PAUSED)
            continue
        budget = arm.budget_micros(each.planned_micros)
        if arm.known.daily_budget not in (None, budget) and each.planned_micros != each.now_micros:
            before = arm.known.daily_budget or 0
            yield Change(*arm.known.account, arm.level, arm.known.key[2], "daily_budget", before, budget)
        if each.id in start and arm.known.status == PAUSED:
            yield _status(arm.level, arm.known, ACTIVE)
        if each.id in start and arm.level is not Level.CAMPAIGN and arm.campaign and arm.campaign.status == PAUSED:
            campaigns[arm.campaign.key] = _status(Level.CAMPAIGN, arm.campaign, ACTIVE)
    yield from campaigns.values()


def _status(level: Level, known: Known, after: str) -> Change:
    return Change(*known.account, level, known.key[2], "status", known.status or "", after)


def campaign_groups(arms: Mapping[str, Arm], limits: CampaignLimits) -> tuple[Group, ...]:
    """Return the arms of campaigns as groups. Raises PlanError for a campaign that there is not, or twice."""
    names = {each.campaign.key: each.campaign.name or each.campaign.key[2] for each in arms.values() if each.campaign}
    groups = []
    for campaign, (least, most) in limits.items():
        keys = [key for key in names if key[2] == campaign] or [key for key, name in names.items() if name == campaign]
        if not keys:
            raise PlanError(
                f"No arm is of the campaign {campaign!r}. There are: {', '.join(sorted(names.values())[:8])}."
            )
        if len(keys) > 1:
            ids = ", ".join(key[2] for key in keys[:5])
            raise PlanError(f"{len(keys)} campaigns are called {campaign!r}; name one by its id: {ids}.")
        inside = tuple(arm for arm, each in arms.items() if each.campaign and each.campaign.key == keys[0])
        groups.append(Group(campaign, inside, least, most))
    return tuple(groups)
