"""The faults there are, in one table: errors by name, throttles, broken answers, spoilt pages, tokens, report runs."""

from collections.abc import Mapping

from aibuyer_kit.sandbox.control import broken_answers, error_faults, page_faults, state_faults
from aibuyer_kit.sandbox.control.faults import FaultKind, MetCall, StormRule
from aibuyer_kit.sandbox.graph.messages import Answer

# Only what a careful reader can notice: rows that are silently missing or changed are not among them.
STORM = StormRule(
    "storm",
    (
        "http_500",
        "temporary",
        "intermittent",
        "html_502",
        "cut_json",
        "response_lost",
        "applied_500",
        "throttle",
        "repeated_cursor",
        "empty_page",
        "hang",
    ),
)


def _never(call: MetCall) -> Answer:
    """A storm throws other kinds; by itself it does nothing."""
    return call.serve()


_STORM_KIND = FaultKind(
    STORM.name,
    f"A share of the calls meets a fault drawn from the seed. Usual kinds: {', '.join(STORM.usual)}.",
    _never,
    {"share": 0.05, "seed": 1, "kinds": ""},
)

_KINDS = (
    *error_faults.KINDS,
    *broken_answers.KINDS,
    *page_faults.KINDS,
    *state_faults.KINDS,
    _STORM_KIND,
)

FAULT_KINDS: Mapping[str, FaultKind] = {kind.name: kind for kind in _KINDS}
