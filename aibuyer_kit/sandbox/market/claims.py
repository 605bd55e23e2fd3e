"""What the platform claims: results known so far as whole numbers, by action type and attribution window.

The default setting is 7-day click plus 1-day view. One purchase is seen three ways (PURCHASE_TYPES): adding them up
would count it three times.
"""

import math
from datetime import date

from aibuyer_kit.sandbox.market.account import Ad, AdSet
from aibuyer_kit.sandbox.market.delivery import Delivery

WINDOWS = ("1d_click", "7d_click", "28d_click", "1d_view")
CLAIM_KEYS = ("value", *WINDOWS)
PURCHASE_TYPES = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase")

# One number for each of CLAIM_KEYS.
Claim = tuple[int, int, int, int, int]

_CLICK_1D_OF_7D = 0.68
_CLICK_28D_OVER_7D = 0.12
# Irrational steps: each kind of rounding walks evenly through 0..1 over the days, and no two walk alike.
_STEPS = {"result": math.sqrt(5), "cart": math.sqrt(13), "view": math.sqrt(2), "1d": math.sqrt(3), "28d": math.sqrt(7)}


def claims(adset: AdSet, ad: Ad, delivery: Delivery, day: date, share_known: float) -> dict[str, Claim]:
    """Return the claims of one ad and day by action type; types without any are absent.

    The first number of a result's claim is less than 1 from ``final_results * share_known``, and never falls while
    that product rises.
    """
    known = delivery.final_results * share_known
    result = _claim(adset, ad, day, _whole(known, ad, day, "result"))
    links = delivery.link_clicks
    found: dict[str, Claim] = {"link_click": (links, links, links, links, 0)}
    if adset.objective == "OUTCOME_LEADS":
        found["lead"] = result
    else:
        found |= dict.fromkeys(PURCHASE_TYPES, result)
        found["add_to_cart"] = _claim(adset, ad, day, _whole(known * ad.carts_per_result, ad, day, "cart"))
    return {action_type: claim for action_type, claim in found.items() if claim[0]}


def claimed_values(ad: Ad, claimed: dict[str, Claim]) -> dict[str, Claim]:
    """Return the value of the claimed purchases in minor units, by action type."""
    return {
        action_type: scaled(claim, ad.value_minor)
        for action_type, claim in claimed.items()
        if action_type in PURCHASE_TYPES
    }


def scaled(claim: Claim, factor: int) -> Claim:
    total, click_1d, click_7d, click_28d, view_1d = claim
    return (total * factor, click_1d * factor, click_7d * factor, click_28d * factor, view_1d * factor)


def added(one: Claim, other: Claim) -> Claim:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3], one[4] + other[4])


def _claim(adset: AdSet, ad: Ad, day: date, total: int) -> Claim:
    view_1d = _whole(total * adset.view_share, ad, day, "view")
    click_7d = total - view_1d
    click_1d = _whole(click_7d * _CLICK_1D_OF_7D, ad, day, "1d")
    click_28d = click_7d + _whole(click_7d * _CLICK_28D_OVER_7D, ad, day, "28d")
    return (total, click_1d, click_7d, click_28d, view_1d)


def _whole(exact: float, ad: Ad, day: date, kind: str) -> int:
    """Round down after adding a part of 1 that is fixed for ad, day and kind, so that sums over days keep the mean."""
    return int(exact + (ad.phase + day.toordinal() * _STEPS[kind]) % 1.0)
