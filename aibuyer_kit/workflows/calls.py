"""Outgoing calls of one decision, made after it is written down, each at most once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.connectors.outgoing import Answer, Outgoing
from aibuyer_kit.core.clock import Clock, SystemClock
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.workflows.stop import read_stop


@dataclass(frozen=True)
class MadeCall:
    """One call and how it ended."""

    url: str
    answer: Answer

    def line(self) -> str:
        """Return one line for a terminal."""
        return f"CALL {self.answer.verdict.upper()} {for_terminal(self.url)}: {for_terminal(self.answer.reason)}"


def make_calls(
    context: ClientContext,
    settings: Settings,
    evaluation_id: int,
    *,
    outgoing: Outgoing | None = None,
    clock: Clock | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[MadeCall]:
    """Make the calls of an evaluation that nobody has begun, and write down how each ended. Raises LedgerError.

    One that was begun and not concluded is not repeated: whether it arrived is not known. While all is stopped none is
    made, and none later.
    """
    way_out, clock = outgoing or Outgoing(settings.calls.hosts), clock or SystemClock()
    done = []
    with Ledger(context.ledger) as ledger:
        for each in ledger.evaluations.calls_to_make(evaluation_id):
            asked = json.loads(each.content)
            call_id = ledger.evaluations.begin_call(each.effect_id, now=clock.now())
            stop = read_stop(context, environment)
            if stop.is_on is False:
                answer = way_out.post(asked["url"], asked["body"], key=f"{context.id}-{each.effect_id}")
            else:
                answer = Answer("refused", f"stopped: {stop.reason}")
            ledger.evaluations.conclude_call(call_id, answer.verdict, reason=answer.reason, now=clock.now())
            done.append(MadeCall(asked["url"], answer))
    return done
