"""How far a budget or a bid may move within any 24 hours, in one step or in many.

An increase is counted from the lowest value that the budget held within the last 24 hours, a decrease from the
highest. So no window of 24 hours, wherever it begins, sees more than the limit, whatever went down and up again in it.
An undo is counted from the value of 24 hours ago: it goes back to a value that stood, and is no net change.
"""

import math
from decimal import Decimal

from aibuyer_kit.core.changes import AMOUNTS, Change, shown
from aibuyer_kit.guardrails.picture import Finding, Limits, Picture, passed, refused

NAME = "net change in 24 hours"
HOURS = 24


def net_change(change: Change, picture: Picture, limits: Limits) -> Finding:
    """Refuse an amount that would move further from what it was within 24 hours than the limit allows."""
    if change.field not in AMOUNTS:
        return passed(NAME)
    held = [*picture.values, picture.current]
    if not all(isinstance(value, int) and not isinstance(value, bool) and value > 0 for value in held):
        return refused(NAME, "not every value of the last 24 hours is a known amount")
    if not isinstance(change.after, int) or not isinstance(change.before, int):
        return refused(NAME, "it is no amount")
    values = [value for value in held if isinstance(value, int)]
    rises = change.after > change.before
    share = limits.most_increase_share if rises else limits.most_decrease_share
    if not isinstance(share, int | float) or not math.isfinite(share) or share < 0:
        return refused(NAME, f"the limit is {share}, which is no share")
    base = values[0] if picture.restores else (min(values) if rises else max(values))
    bound = base + (1 if rises else -1) * base * Decimal(str(share))
    if (change.after <= bound) if rises else (change.after >= bound):
        return passed(NAME)
    said = "at most" if rises else "at least"
    counted = "that it held 24 hours ago" if picture.restores else f"the {'lowest' if rises else 'highest'} in 24 hours"
    return refused(
        NAME,
        f"{shown(change.after)} is too far from {shown(base)}, {counted}: {said} {shown(int(bound))} ({share:.0%})",
    )
