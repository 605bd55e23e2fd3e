"""What the platform claims: results known so far as whole numbers, by kind and attribution window.

The default setting is 7-day click plus 1-day view. One purchase is seen three ways (PURCHASE_TYPES): adding them up
would count it three times.
"""

import math
from collections.abc import Sequence

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, Ints, as_floats

WINDOWS = ("1d_click", "7d_click", "28d_click", "1d_view")
CLAIM_KEYS = ("value", *WINDOWS)
PURCHASE_TYPES = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase")

# One number for each of CLAIM_KEYS.
Claim = tuple[int, int, int, int, int]

_CLICK_1D_OF_7D = 0.68
_CLICK_28D_OVER_7D = 0.12
# Irrational steps: each kind of rounding walks evenly through 0..1 over the days, and no two walk alike.
_STEPS = {"result": math.sqrt(5), "cart": math.sqrt(13), "view": math.sqrt(2), "1d": math.sqrt(3), "28d": math.sqrt(7)}


def claimed_steps(exact: Floats, kind: str, view_share: Floats, phase: Floats, ordinals: Ints) -> tuple[Ints, ...]:
    """Return what each wider window adds to the last, for each ad and day: 1d_click, 7d_click, 28d_click; and 1d_view.

    `kind` is "result" or "cart". All but the third add up to less than 1 from `exact`, and that sum never falls while
    `exact` rises.
    """
    total = _whole(exact, phase, ordinals, kind)
    view_1d = _whole(as_floats(total * view_share), phase, ordinals, "view")
    click_7d = total - view_1d
    click_1d = _whole(as_floats(click_7d * _CLICK_1D_OF_7D), phase, ordinals, "1d")
    return (
        click_1d,
        click_7d - click_1d,
        _whole(as_floats(click_7d * _CLICK_28D_OVER_7D), phase, ordinals, "28d"),
        view_1d,
    )


def from_steps(steps: Sequence[Ints]) -> Ints:
    """Return claims with CLAIM_KEYS as their last axis."""
    first, second, third, view = steps
    in_7d = first + second
    return np.stack([in_7d + view, first, in_7d, in_7d + third, view], axis=-1)


def _whole(exact: Floats, phase: Floats, ordinals: Ints, kind: str) -> Ints:
    """Round down after adding a part of 1 that is fixed for ad, day and kind, so that sums over days keep the mean."""
    return (exact + (phase + ordinals * _STEPS[kind]) % 1.0).astype(np.int64)
