"""The platform takes four changes of an ad set's budget within an hour; a person keeps the fourth."""

from datetime import timedelta

from aibuyer_kit.core.changes import BUDGETS, Change
from aibuyer_kit.guardrails.inputs import is_moment
from aibuyer_kit.guardrails.picture import Finding, Limits, Picture, passed, refused

NAME = "budget edits an hour"
_HOUR = timedelta(hours=1)


def edits_an_hour(change: Change, picture: Picture, limits: Limits) -> Finding:
    """Refuse, until the oldest of them is an hour ago, one edit more than the limit allows."""
    if change.field not in BUDGETS:
        return passed(NAME)
    if not is_moment(picture.now) or not all(map(is_moment, picture.edits)):
        return refused(NAME, "it is not known when the budget was changed last")
    recent = sorted(moment for moment in picture.edits if moment > picture.now - _HOUR)
    if len(recent) < limits.budget_edits_an_hour:
        return passed(NAME)
    until = recent[-limits.budget_edits_an_hour] + _HOUR if limits.budget_edits_an_hour > 0 else None
    return refused(NAME, f"the budget was changed {len(recent)} times within an hour", wait_until=until)
