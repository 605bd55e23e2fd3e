"""The account's tree with each arm's fixed parameters, drawn once by the arm's own names."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from aibuyer_kit.core.money import MICROS_PER_UNIT, meta_minor_per_unit
from aibuyer_kit.sandbox.market.draws import between, digits, log_between, uniform
from aibuyer_kit.sandbox.market.response import Curve, HillCurve, LogisticCurve
from aibuyer_kit.sandbox.market.world import AUDIENCE_SIZES, MIN_DAILY_BUDGET_MINOR, AdSetPlan, CampaignPlan, World

_AD_NAMES = ("video", "image")
CREATIVE_PREFIX = "23"
# What a purchase is worth, in currency units, from and to.
BASKET_UNITS = (45, 95)


@dataclass(frozen=True)
class Ad:
    """An ad: `weight` is its part of the ad set's spend, `pull` how well that spend converts beside its siblings'."""

    id: str
    adset_id: str
    campaign_id: str
    name: str
    weight: int
    pull: float
    clicks_per_impression: float
    link_clicks_per_click: float
    carts_per_result: float
    value_minor: int
    phase: float
    idle_every: int

    @property
    def first_creative_id(self) -> str:
        """The creative that a world begins the ad with."""
        return CREATIVE_PREFIX + self.id[2:]


@dataclass(frozen=True)
class AdSet:
    """An ad set: its curve, its price and the people it can reach."""

    id: str
    campaign_id: str
    name: str
    objective: str
    plan: AdSetPlan
    curve: Curve
    cpm_units: float
    audience: int
    view_share: float
    ads: tuple[Ad, ...]
    minor_per_unit: int
    # Whether a daily budget is spent unevenly over the week.
    is_uneven: bool = False

    @property
    def brings_leads(self) -> bool:
        """Whether its results are leads, rather than purchases."""
        return self.objective == "OUTCOME_LEADS"


@dataclass(frozen=True)
class Campaign:
    """A campaign as its plan has it, with its ad sets."""

    id: str
    name: str
    objective: str
    plan: CampaignPlan
    adsets: tuple[AdSet, ...]

    @property
    def ads(self) -> tuple[Ad, ...]:
        return tuple(ad for adset in self.adsets for ad in adset.ads)


@dataclass(frozen=True)
class Account:
    """An ad account; `id` carries the prefix act_, `number` does not."""

    number: str
    name: str
    currency: str
    zone: ZoneInfo
    campaigns: tuple[Campaign, ...]

    @property
    def id(self) -> str:
        return f"act_{self.number}"

    @cached_property
    def minor_per_unit(self) -> int:
        return meta_minor_per_unit(self.currency)

    @cached_property
    def adsets(self) -> tuple[AdSet, ...]:
        return tuple(adset for campaign in self.campaigns for adset in campaign.adsets)

    @cached_property
    def ads(self) -> tuple[Ad, ...]:
        return tuple(ad for adset in self.adsets for ad in adset.ads)

    @property
    def below(self) -> "tuple[Campaign | AdSet | Ad, ...]":
        """All that can be set: campaigns, ad sets and ads."""
        return (*self.campaigns, *self.adsets, *self.ads)


Node = Account | Campaign | AdSet | Ad


def build_account(world: World, seed: int) -> Account:
    """Return the account of a world, with the budgets that are written: the same for the same world and seed."""
    campaigns = tuple(_campaign(plan, place, world, seed) for place, plan in enumerate(world.campaigns, start=1))
    return Account(digits(15, seed, "account"), "Sample account", world.currency, ZoneInfo(world.time_zone), campaigns)


def split_anew(account: Account, weights: Mapping[str, float]) -> Account:
    """Return the account with the sum of its ad sets' daily budgets split by weights; other budgets stay."""
    chosen = [adset for adset in account.adsets if adset.plan.daily_budget_micros]
    if not chosen:
        return account
    parts = [weights[adset.id] for adset in chosen]
    step_micros = MICROS_PER_UNIT // account.minor_per_unit
    total = sum(adset.plan.daily_budget_micros for adset in chosen) // step_micros
    spare = total - MIN_DAILY_BUDGET_MINOR * len(chosen)
    running = [0, *(int(spare * part / sum(parts)) for part in list(accumulate(parts))[:-1]), spare]
    budgets = {
        adset.id: (MIN_DAILY_BUDGET_MINOR + after - before) * step_micros
        for adset, (before, after) in zip(chosen, pairwise(running), strict=True)
    }
    return replace(account, campaigns=tuple(_with_budgets(campaign, budgets) for campaign in account.campaigns))


def roas_by_formula(account: Account) -> dict[str, float]:
    """Return what each ad set's written budget earns per unit on an average day, where response is a formula."""
    found = {}
    for adset in account.adsets:
        units = adset.plan.daily_budget_micros / MICROS_PER_UNIT
        value_units = sum(ad.value_minor for ad in adset.ads) / len(adset.ads) / account.minor_per_unit
        found[adset.id] = adset.curve.results(units) * value_units / units if units else 0.0
    return found


def _with_budgets(campaign: Campaign, micros: Mapping[str, int]) -> Campaign:
    adsets = tuple(
        replace(adset, plan=replace(adset.plan, daily_budget_micros=micros[adset.id])) if adset.id in micros else adset
        for adset in campaign.adsets
    )
    return replace(campaign, adsets=adsets)


def new_campaign(plan: CampaignPlan, place: int, seed: int) -> Campaign:
    """Return a campaign without ad sets, at a place behind all others."""
    return Campaign(_id(seed, place), plan.name, plan.objective, plan, ())


def new_adset(plan: AdSetPlan, campaign: CampaignPlan, place: tuple[int, int], seed: int, minor_per_unit: int) -> AdSet:
    """Return an ad set without ads; its curve, price and people are drawn by its own and its campaign's name."""
    arm = (campaign.name, plan.name)
    return AdSet(
        id=_id(seed, *place),
        campaign_id=_id(seed, place[0]),
        name=plan.name,
        objective=campaign.objective,
        plan=plan,
        curve=_curve(plan.response, arm, seed),
        cpm_units=log_between(4, 12, seed, *arm, "cpm"),
        audience=plan.audience_size or int(log_between(*AUDIENCE_SIZES[plan.audience], seed, *arm, "audience")),
        view_share=between(0.08, 0.22, seed, *arm, "view share"),
        ads=(),
        minor_per_unit=minor_per_unit,
    )


def _curve(response: str, arm: tuple[str, str], seed: int) -> Curve:
    half_units = log_between(40, 160, seed, *arm, "half")
    units_per_result = between(11, 26, seed, *arm, "cost at half")
    vmax = 2 * half_units / units_per_result
    if response == "logistic":
        return LogisticCurve(vmax, half_units, half_units / between(2.5, 5, seed, *arm, "steepness"))
    return HillCurve(vmax, half_units, between(0.8, 1.3, seed, *arm, "k"))


def new_ad(names: tuple[str, str, str], place: tuple[int, int, int], seed: int, minor_per_unit: int) -> Ad:
    """Return an ad; its figures are drawn by the names of campaign, ad set and ad."""
    return Ad(
        id=_id(seed, *place),
        adset_id=_id(seed, *place[:2]),
        campaign_id=_id(seed, place[0]),
        name=names[2],
        weight=int(between(30, 71, seed, *names, "weight")),
        pull=between(0.8, 1.25, seed, *names, "pull"),
        clicks_per_impression=between(0.004, 0.022, seed, *names, "clicks"),
        link_clicks_per_click=between(0.6, 0.9, seed, *names, "link clicks"),
        carts_per_result=between(2.2, 4.0, seed, *names, "carts"),
        value_minor=int(between(*BASKET_UNITS, seed, *names, "value") * minor_per_unit),
        phase=uniform(seed, *names, "phase"),
        idle_every=0,
    )


def _id(seed: int, campaign: int, adset: int = 0, ad: int = 0) -> str:
    """Return the id of a place in the tree: an id never changes because a neighbour came or went behind it."""
    return f"12{digits(5, seed, 'ids')}{campaign:03d}{adset:05d}{ad:03d}"


def _campaign(plan: CampaignPlan, place: int, world: World, seed: int) -> Campaign:
    adsets = tuple(
        _adset(adset_plan, plan, (place, number), world, seed) for number, adset_plan in enumerate(plan.adsets, start=1)
    )
    return replace(new_campaign(plan, place, seed), adsets=adsets)


def _adset(plan: AdSetPlan, campaign: CampaignPlan, place: tuple[int, int], world: World, seed: int) -> AdSet:
    minor_per_unit = meta_minor_per_unit(world.currency)
    ads = []
    for number in range(1, plan.ads + 1):
        kind = _AD_NAMES[(number - 1) % 2] + (f" {number}" if number > len(_AD_NAMES) else "")
        ad = new_ad((campaign.name, plan.name, kind), (*place, number), seed, minor_per_unit)
        ads.append(replace(ad, name=f"{plan.name} {kind}", idle_every=plan.first_ad_idle_every if number == 1 else 0))
    is_uneven = world.daily_spend == "uneven"
    return replace(new_adset(plan, campaign, place, seed, minor_per_unit), ads=tuple(ads), is_uneven=is_uneven)
