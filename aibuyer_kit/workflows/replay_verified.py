"""Whether a replay is what was decided at the time: evaluation by evaluation, to the trace."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.ledger.evaluation_records import Evaluation
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.workflows.evaluation_record import standing_of
from aibuyer_kit.workflows.replay import Replay

_COMPARED = (
    *("loads", "times of the data", "rules", "targets", "settings", "maturity curves", "gaps", "findings"),
    "appointments",
)


@dataclass(frozen=True)
class Verified:
    """How many decisions of the time were compared with a replay, and all that differs.

    `of_before` are those made when figures still arriving held nothing back: they are replayed as it was then.
    """

    compared: int
    differences: tuple[str, ...]
    of_before: int = 0

    @property
    def is_same(self) -> bool:
        """Whether every decision of the time is the same again; not where there was none to compare."""
        return self.compared > 0 and not self.differences

    def __str__(self) -> str:
        if self.is_same:
            return f"all {self.compared:,} decisions of this time are the same again, traces included{self._before()}"
        if not self.differences:
            return "nothing was decided in this time: nothing was compared"
        return "\n".join([*self.differences, f"{self.compared:,} decisions were compared{self._before()}"])

    def _before(self) -> str:
        if not self.of_before:
            return ""
        return f"; {self.of_before:,} of them as rules were read then, when figures still arriving held nothing back"


def verified(context: ClientContext, found: Replay) -> Verified:
    """Return how a replay differs from what the ledger says was decided in its time.

    Compared are, evaluation by evaluation: the load, the rules' revisions, targets, settings, maturity curves, gaps,
    and for each rule the objects looked at, every match with its trace, what came of every action, and appointments.
    What was decided and not replayed, or replayed and never decided, is a difference as well.
    """
    with Ledger(context.ledger) as ledger:
        numbers = ledger.evaluations.numbers(found.since)
        known, replayed = set(numbers), dict(zip(found.numbers, found.evaluations, strict=True))
        differences = [
            f"the replay of {run.evaluated_at} is of no decision"
            for number, run in zip(found.numbers, found.evaluations, strict=True)
            if number not in known
        ]
        for number in numbers:
            differences += _differing(number, ledger.evaluations.evaluation(number), replayed.get(number))
    compared = [run for number, run in replayed.items() if number in known]
    of_before = sum(not standing_of(run.settings).ripens for run in compared)
    return Verified(len(compared), tuple(differences), of_before)


def _differing(number: int, live: Evaluation, replayed: Evaluation | None) -> Iterator[str]:
    if replayed is None:
        yield f"evaluation {number} of {live.evaluated_at} was not replayed"
        return
    for name, then, now in zip(_COMPARED, _compared(live), _compared(replayed), strict=True):
        if then != now:
            yield f"evaluation {number} of {live.evaluated_at}: {name} differ"


def _compared(run: Evaluation) -> tuple[Any, ...]:
    findings = sorted(
        (each.rule_id, each.revision, each.platform, each.account_id, each.local_day, each.evaluated, each.firings)
        for each in run.findings
    )
    slots = sorted((each.rule_id, each.platform, each.account_id, each.slot or "", each.whole) for each in run.findings)
    standing = run.targets, run.settings, run.curves
    rules = [(rule_id, revision) for rule_id, revision, _ in run.rules]
    return run.load_id, run.data_known_at, rules, *standing, tuple(run.gaps), findings, slots
