"""Spend and what it buys at once: impressions and clicks of one ad set and day, as settings and time have it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from aibuyer_kit.sandbox.market.account import Ad, AdSet
from aibuyer_kit.sandbox.market.days import LocalDay
from aibuyer_kit.sandbox.market.draws import between, uniform
from aibuyer_kit.sandbox.market.response import PRICE_BY_WEEKDAY, expected_results
from aibuyer_kit.sandbox.market.settings_log import Setting, SettingsLog

# What an uneven week makes of seven daily budgets: up to 1.75 of them on a day, 7 in all.
UNEVEN_TWENTIETHS = (35, 12, 18, 24, 15, 22, 14)


@dataclass(frozen=True)
class Delivery:
    """One ad and day: spend in minor units, and the final results that this spend will have brought."""

    spend_minor: int
    impressions: int
    clicks: int
    link_clicks: int
    final_results: float


@dataclass(frozen=True)
class Stretch:
    """A part of a day in which no setting changes; `exact_minor` is what each ad spends in it."""

    start_us: int
    end_us: int
    exact_minor: tuple[Fraction, ...]


def deliver(
    adset: AdSet, siblings: Sequence[AdSet], log: SettingsLog, day: LocalDay, at_us: int, minor_per_unit: int
) -> tuple[Delivery, ...]:
    """Return what each ad of an ad set delivered on a day up to `at_us`, in the order of the ads."""
    spends_minor = spend_by_ad(adset, siblings, log, day, at_us)
    appeals = [appeal(ad, log, day) for ad in adset.ads]
    results = expected_results(adset.curve, sum(spends_minor) / minor_per_unit, day.day)
    pulls = [spend * ad.pull for spend, ad in zip(spends_minor, adset.ads, strict=True)]
    cpm_minor = adset.cpm_units * minor_per_unit * PRICE_BY_WEEKDAY[day.day.weekday()]
    return tuple(
        _bought(ad, spend, cpm_minor, ad_appeal, ad_appeal * results * pull / sum(pulls) if pull else 0.0)
        for ad, spend, ad_appeal, pull in zip(adset.ads, spends_minor, appeals, pulls, strict=True)
    )


def spend_by_ad(adset: AdSet, siblings: Sequence[AdSet], log: SettingsLog, day: LocalDay, at_us: int) -> list[int]:
    """Return each ad's spend of a day up to `at_us` in minor units; the sum, rounded down, is the ad set's."""
    bounds = list(_bounds(adset, siblings, log, day, at_us))
    if len(bounds) == 1 and (setting := log.at(adset.id, day.start_us)) and setting.daily_budget_minor:
        weights = _active_weights(adset, log, day.day, day.start_us)
        spent_us = bounds[0][1] - day.start_us if not 0 < setting.end_us <= day.start_us else 0
        part = _part_of_budget(adset, setting, day) * bid_part(adset, setting)
        amount = setting.daily_budget_minor * spent_us * part.numerator
        return _largest_shares(amount, day.length_us * part.denominator, weights)
    exact = [Fraction(0)] * len(adset.ads)
    for stretch in stretches(adset, siblings, log, day, at_us):
        exact = [before + spent for before, spent in zip(exact, stretch.exact_minor, strict=True)]
    return largest_remainder(exact)


def _largest_shares(amount: int, divisor: int, weights: Sequence[int]) -> list[int]:
    """Return what `largest_remainder` gives for ``amount / divisor`` split by weights, in a fraction of its time."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    pairs = [divmod(amount * weight, divisor * total) for weight in weights]
    whole = [quotient for quotient, _ in pairs]
    by_remainder = sorted(range(len(pairs)), key=lambda place: (-pairs[place][1], place))
    for place in by_remainder[: amount // divisor - sum(whole)]:
        whole[place] += 1
    return whole


def stretches(
    adset: AdSet, siblings: Sequence[AdSet], log: SettingsLog, day: LocalDay, at_us: int
) -> Iterator[Stretch]:
    """Yield the parts of the day up to `at_us` in which anything is spent.

    A daily budget is spent evenly over its day (``daily_budget / length of the day``), a lifetime budget evenly until
    its end, while ad set, campaign and an ad are active, split over the active ads by weight. A campaign's budget is
    shared evenly by those of its ad sets (`siblings`, with the ad set itself) that deliver. A cap below what results
    cost holds spending back, and in a world of uneven spending days get more or less than their budget.
    """
    for start_us, end_us in _bounds(adset, siblings, log, day, at_us):
        weights = _active_weights(adset, log, day.day, start_us)
        if total := sum(weights):
            spent = (end_us - start_us) * _minor_per_us(adset, siblings, log, day, start_us)
            yield Stretch(start_us, end_us, tuple(spent * weight / total for weight in weights))


def _minor_per_us(adset: AdSet, siblings: Sequence[AdSet], log: SettingsLog, day: LocalDay, moment_us: int) -> Fraction:
    """Return the pace at which a delivering ad set spends."""
    own, above = log.at(adset.id, moment_us), log.at(adset.campaign_id, moment_us)
    if own is None or above is None or 0 < own.end_us <= moment_us:
        return Fraction(0)
    held_back = bid_part(adset, own)
    if own.has_budget:
        return _pace(own, day, moment_us) * _part_of_budget(adset, own, day) * held_back
    sharers = sum(1 for sibling in siblings if any(_active_weights(sibling, log, day.day, moment_us)))
    return _pace(above, day, moment_us) * _part_of_budget(adset, above, day) * held_back / sharers


def _part_of_budget(adset: AdSet, holder: Setting, day: LocalDay) -> Fraction:
    """Return the part of its daily budget that is spent on a day."""
    if not (adset.is_uneven and holder.daily_budget_minor):
        return Fraction(1)
    return Fraction(UNEVEN_TWENTIETHS[(day.day.isoweekday() + week_turn(adset.campaign_id, day.day)) % 7], 20)


@lru_cache(maxsize=65_536)
def week_turn(campaign_id: str, day: date) -> int:
    """Return a number from 0 to 6 that a campaign's budgets have through a week, from Sunday to Saturday."""
    sunday = day.toordinal() - day.isoweekday() % 7
    return int(7 * uniform(0, campaign_id, "week", str(sunday)))


def bid_part(adset: AdSet, setting: Setting) -> Fraction:
    """Return what a cap lets be spent: the cap over what a result costs at the whole budget, at most all."""
    if not setting.bid_amount_minor or not setting.daily_budget_minor:
        return Fraction(1)
    results = adset.curve.results(setting.daily_budget_minor / adset.minor_per_unit)
    return min(Fraction(1), Fraction(int(1000 * setting.bid_amount_minor * results), 1000 * setting.daily_budget_minor))


def appeal(ad: Ad, log: SettingsLog, day: LocalDay) -> float:
    """Return by what an ad's clicks and results are multiplied for the creative that it began the day with."""
    setting = log.at(ad.id, day.start_us)
    if setting is None or setting.creative_id == log.first(ad.id).creative_id:
        return 1.0
    return between(0.75, 1.35, 0, ad.id, setting.creative_id, "appeal")


def _pace(setting: Setting, day: LocalDay, moment_us: int) -> Fraction:
    if setting.daily_budget_minor:
        return Fraction(setting.daily_budget_minor, day.length_us)
    if moment_us >= setting.end_us:
        return Fraction(0)
    return Fraction(setting.left_minor, setting.end_us - setting.paced_from_us)


def largest_remainder(exact: Sequence[Fraction]) -> list[int]:
    """Return whole numbers that add up to the whole part of the sum, each less than 1 from its exact share.

    >>> largest_remainder([Fraction(5, 2), Fraction(9, 2)])
    [3, 4]
    """
    whole = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda place: (whole[place] - exact[place], place))
    for place in by_remainder[: int(sum(exact)) - sum(whole)]:
        whole[place] += 1
    return whole


def _bounds(
    adset: AdSet, siblings: Sequence[AdSet], log: SettingsLog, day: LocalDay, at_us: int
) -> Iterator[tuple[int, int]]:
    end_us = min(day.end_us, at_us)
    ids = scope_of(adset, siblings, log)
    moments = {moment for object_id in ids for moment in log.moments_within(object_id, day.start_us, end_us)}
    bounds = [day.start_us, *sorted(moments), end_us]
    return ((start, end) for start, end in pairwise(bounds) if start < end)


def scope_of(adset: AdSet, siblings: Sequence[AdSet], log: SettingsLog) -> list[str]:
    """Return the ids of all whose settings decide what the ad set spends: with a shared budget, its siblings' too."""
    shares_budget = not log.first(adset.id).has_budget
    ids = [adset.campaign_id]
    for one in siblings if shares_budget else (adset,):
        ids += [one.id, *(ad.id for ad in one.ads)]
    return ids


def _active_weights(adset: AdSet, log: SettingsLog, day: date, moment_us: int) -> list[int]:
    if not (_delivers(adset.id, log, moment_us) and _delivers(adset.campaign_id, log, moment_us)):
        return [0] * len(adset.ads)
    return [ad.weight if not is_idle(ad, day) and _delivers(ad.id, log, moment_us) else 0 for ad in adset.ads]


def _delivers(object_id: str, log: SettingsLog, moment_us: int) -> bool:
    setting = log.at(object_id, moment_us)
    return setting is not None and setting.delivers_at(moment_us)


def is_idle(ad: Ad, day: date) -> bool:
    """Return whether an ad pauses on a day by itself, as its world has it."""
    return ad.idle_every > 0 and day.toordinal() % ad.idle_every == 0


def _bought(ad: Ad, spend_minor: int, cpm_minor: float, ad_appeal: float, final_results: float) -> Delivery:
    impressions = int(spend_minor * 1000 / cpm_minor)
    clicks = int(impressions * ad.clicks_per_impression * ad_appeal)
    return Delivery(spend_minor, impressions, clicks, int(clicks * ad.link_clicks_per_click), final_results)
