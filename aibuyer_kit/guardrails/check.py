"""All checks together: a change goes through if every one of them lets it."""

from collections.abc import Callable

from aibuyer_kit.core.changes import Change
from aibuyer_kit.guardrails.edits import edits_an_hour
from aibuyer_kit.guardrails.inputs import fresh_data, same_before
from aibuyer_kit.guardrails.kill_switch import kill_switch
from aibuyer_kit.guardrails.net_change import net_change
from aibuyer_kit.guardrails.picture import Finding, Limits, Picture, refused

GUARDRAILS: tuple[Callable[[Change, Picture, Limits], Finding], ...] = (
    kill_switch,
    same_before,
    fresh_data,
    net_change,
    edits_an_hour,
)


def check(change: Change, picture: Picture, limits: Limits) -> tuple[Finding, ...]:
    """Return what every guardrail says, in a fixed order. A guardrail that fails refuses: none ever fails open."""
    found = []
    for guardrail in GUARDRAILS:
        try:
            found.append(guardrail(change, picture, limits))
        except Exception as error:  # noqa: BLE001 - whatever it is, the change does not go through
            found.append(refused(guardrail.__name__.replace("_", " "), f"the check failed ({type(error).__name__})"))
    return tuple(found)


def refusals(change: Change, picture: Picture, limits: Limits) -> tuple[Finding, ...]:
    """Return the findings that keep a change from going through; none if it may."""
    return tuple(finding for finding in check(change, picture, limits) if finding.allowed is not True)
