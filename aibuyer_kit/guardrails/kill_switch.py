"""Stopped means that only pausing goes through; a switch that cannot be read is on."""

from aibuyer_kit.core.changes import Change
from aibuyer_kit.guardrails.picture import Finding, Limits, Picture, passed, refused

NAME = "kill switch"


def kill_switch(change: Change, picture: Picture, _limits: Limits) -> Finding:
    """Refuse all but a pause while the switch is on."""
    if picture.stop.is_on is False or change.pauses:
        return passed(NAME)
    return refused(NAME, f"stopped: {picture.stop.reason or 'the switch is on'}; only pausing goes through")
