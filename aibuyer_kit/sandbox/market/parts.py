"""One ad and day cut into the cells of a family; the parts add up to the whole, number by number."""

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from aibuyer_kit.sandbox.market.account import Ad
from aibuyer_kit.sandbox.market.claims import Claim, claimed_values
from aibuyer_kit.sandbox.market.days import LocalDay, from_us
from aibuyer_kit.sandbox.market.delivery import Stretch
from aibuyer_kit.sandbox.market.people import HOURLY, ONE, Cumulative, Mixture, cumulative, cut
from aibuyer_kit.sandbox.market.totals import AdDay

_HOUR_US = 3_600_000_000
# Irrational steps, so that over the days each kind of rounding falls evenly on all cells.
_STEPS = {
    "spend": 0.6180339887,
    "views": 0.4142135624,
    "clicks": 0.7320508076,
    "links": 0.2360679775,
    "results": 0.6457,
}


def cut_day(ad: Ad, day: date, whole: AdDay, shares: Mixture) -> list[AdDay]:
    """Return one part a cell; in each of them clicks are at most the impressions, and link clicks the clicks."""
    phase = {kind: int((ad.phase + day.toordinal() * step) % 1.0 * ONE) for kind, step in _STEPS.items()}
    links = cut(whole.link_clicks, shares.clicks, phase["links"])
    others = cut(whole.clicks - whole.link_clicks, shares.clicks, phase["clicks"])
    bare_views = cut(whole.impressions - whole.clicks, shares.views, phase["views"])
    spends = cut(whole.spend_minor, shares.spend, phase["spend"])
    claims = _cut_claims(whole.actions, shares.results, phase["results"])
    parts = []
    for place, (spend, link, other, bare) in enumerate(zip(spends, links, others, bare_views, strict=True)):
        actions = {action_type: cells[place] for action_type, cells in claims.items() if any(cells[place])}
        if link:
            actions["link_click"] = (link, link, link, link, 0)
        values = claimed_values(ad, actions)
        parts.append(AdDay(spend, bare + other + link, other + link, link, actions, values))
    return parts


def _cut_claims(actions: Mapping[str, Claim], shares: Cumulative, phase: int) -> dict[str, list[Claim]]:
    """Return each action type's claims by cell; types that are one event seen several ways stay alike in each cell."""
    done: dict[Claim, list[Claim]] = {}
    found = {}
    for action_type, claim in actions.items():
        if action_type == "link_click":
            continue
        if claim not in done:
            done[claim] = _cut_claim(claim, shares, phase)
        found[action_type] = done[claim]
    return found


def _cut_claim(claim: Claim, shares: Cumulative, phase: int) -> list[Claim]:
    _, click_1d, click_7d, click_28d, view_1d = claim
    steps = (click_1d, click_7d - click_1d, click_28d - click_7d, view_1d)
    # Each step has a phase of its own, else small numbers would all fall into one cell.
    cuts = (cut(number, shares, (phase + place * ONE // 4) % ONE) for place, number in enumerate(steps))
    return [
        (first + second + view, first, first + second, first + second + third, view)
        for first, second, third, view in zip(*cuts, strict=True)
    ]


def hourly_shares(place: int, spent: Sequence[Stretch], day: LocalDay, zone: ZoneInfo) -> Mixture:
    """Return the shares of the account's hours in a day's figures: those of the ad's spend in each hour.

    An hour that comes twice on the longest day of the year is one cell, as on the platform.
    """
    by_hour = [0.0] * len(HOURLY.cells)
    for start_us in range(day.start_us, day.end_us, _HOUR_US):
        hour = from_us(start_us).astimezone(zone).hour
        for stretch in spent:
            overlap_us = min(stretch.end_us, start_us + _HOUR_US) - max(stretch.start_us, start_us)
            if overlap_us > 0:
                by_hour[hour] += float(stretch.exact_minor[place]) * overlap_us / (stretch.end_us - stretch.start_us)
    shares = cumulative(by_hour)
    return Mixture(shares, shares, shares, shares, (1,) * len(by_hour))
