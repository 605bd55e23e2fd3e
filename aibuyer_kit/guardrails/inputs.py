"""No action on what is missing, not finite, too old, from the future, or no longer what the platform has."""

import math
from datetime import datetime, timedelta

from aibuyer_kit.core.changes import Change, shown
from aibuyer_kit.guardrails.picture import Finding, Limits, Picture, passed, refused

MOVED, AGE = "the value it was decided on", "age of the data"
# The platform tells its time in whole seconds, and clocks differ a little.
_AHEAD = timedelta(minutes=5)


def same_before(change: Change, picture: Picture, _limits: Limits) -> Finding:
    """Refuse a change whose `before` is not what the platform has: somebody else was there."""
    current = picture.current
    if current is None or isinstance(current, bool) or type(current) is not type(change.before):
        return refused(MOVED, f"the {change.field} that the platform has is not known")
    if current != change.before:
        return refused(MOVED, f"it was decided on {shown(change.before)}, and the platform has {shown(current)}")
    return passed(MOVED)


def fresh_data(_change: Change, picture: Picture, limits: Limits) -> Finding:
    """Refuse figures that are older than the limit, or older than our own last change of the same field."""
    if not picture.decided_on_data:
        return passed(AGE)
    known_at, hours = picture.data_known_at, limits.data_age_hours
    if not is_moment(picture.now) or known_at is None or not is_moment(known_at):
        return refused(AGE, "it is not known when the figures were read")
    if not math.isfinite(hours) or hours <= 0:
        return refused(AGE, f"the limit is {hours}, which is no number of hours")
    if known_at > picture.now + _AHEAD:
        return refused(AGE, f"the figures are of {known_at:%Y-%m-%d %H:%M} UTC, which lies ahead")
    if picture.now - known_at > timedelta(hours=min(hours, 24.0 * 365)):
        age_hours = (picture.now - known_at) / timedelta(hours=1)
        return refused(AGE, f"the figures are {age_hours:.1f} hours old, and the limit is {hours:g}: aibuyer sync")
    if picture.last_edit is not None and not picture.last_edit <= known_at:
        return refused(AGE, "the figures are older than our own last change of it: aibuyer sync")
    return passed(AGE)


def is_moment(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None
