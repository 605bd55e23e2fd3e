"""Spend and what it buys at once: impressions and clicks of one ad set and day, as settings and time have it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

from aibuyer_kit.sandbox.market.account import Ad, AdSet
from aibuyer_kit.sandbox.market.days import LocalDay
from aibuyer_kit.sandbox.market.response import PRICE_BY_WEEKDAY, expected_results
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, SettingsLog


@dataclass(frozen=True)
class Delivery:
    """One ad and day: spend in minor units, and the final results that this spend will have brought."""

    spend_minor: int
    impressions: int
    clicks: int
    link_clicks: int
    final_results: float


def deliver(adset: AdSet, log: SettingsLog, day: LocalDay, at_us: int, minor_per_unit: int) -> tuple[Delivery, ...]:
    """Return what each ad of an ad set delivered on a day up to `at_us`, in the order of the ads."""
    spends_minor = spend_by_ad(adset, log, day, at_us)
    results = expected_results(adset.curve, sum(spends_minor) / minor_per_unit, day.day)
    pulls = [spend * ad.pull for spend, ad in zip(spends_minor, adset.ads, strict=True)]
    cpm_minor = adset.cpm_units * minor_per_unit * PRICE_BY_WEEKDAY[day.day.weekday()]
    return tuple(
        _bought(ad, spend, cpm_minor, results * pull / sum(pulls) if pull else 0.0)
        for ad, spend, pull in zip(adset.ads, spends_minor, pulls, strict=True)
    )


def spend_by_ad(adset: AdSet, log: SettingsLog, day: LocalDay, at_us: int) -> list[int]:
    """Return each ad's spend of a day up to `at_us` in minor units; the sum is the ad set's.

    A budget is spent evenly over its day: ``daily_budget / length of the day`` while ad set, campaign and an ad are
    active, split over the active ads by weight. The ad set's sum is rounded down.
    """
    exact = [Fraction(0)] * len(adset.ads)
    for start_us, end_us in _stretches(adset, log, day, at_us):
        weights = _active_weights(adset, log, day.day, start_us)
        setting = log.at(adset.id, start_us)
        if setting and sum(weights):
            spent = Fraction(setting.daily_budget_minor * (end_us - start_us), day.length_us * sum(weights))
            exact = [before + spent * weight for before, weight in zip(exact, weights, strict=True)]
    return largest_remainder(exact)


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


def _stretches(adset: AdSet, log: SettingsLog, day: LocalDay, at_us: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of the day up to `at_us` in which no setting changes."""
    end_us = min(day.end_us, at_us)
    ids = (adset.campaign_id, adset.id, *(ad.id for ad in adset.ads))
    moments = {moment for object_id in ids for moment in log.moments_within(object_id, day.start_us, end_us)}
    bounds = [day.start_us, *sorted(moments), end_us]
    return ((start, end) for start, end in pairwise(bounds) if start < end)


def _active_weights(adset: AdSet, log: SettingsLog, day: date, moment_us: int) -> list[int]:
    parents_active = _is_active(adset.id, log, moment_us) and _is_active(adset.campaign_id, log, moment_us)
    return [
        ad.weight if parents_active and not _is_idle(ad, day) and _is_active(ad.id, log, moment_us) else 0
        for ad in adset.ads
    ]


def _is_active(object_id: str, log: SettingsLog, moment_us: int) -> bool:
    setting = log.at(object_id, moment_us)
    return setting is not None and setting.status == ACTIVE


def _is_idle(ad: Ad, day: date) -> bool:
    return ad.idle_every > 0 and day.toordinal() % ad.idle_every == 0


def _bought(ad: Ad, spend_minor: int, cpm_minor: float, final_results: float) -> Delivery:
    impressions = int(spend_minor * 1000 / cpm_minor)
    clicks = int(impressions * ad.clicks_per_impression)
    return Delivery(spend_minor, impressions, clicks, int(clicks * ad.link_clicks_per_click), final_results)
