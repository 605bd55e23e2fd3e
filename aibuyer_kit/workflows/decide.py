"""Rules over what the warehouse knows now: one proposal with all that they would change, and a record of why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import filelock

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.clock import Clock
from aibuyer_kit.core.errors import LedgerBusyError, RuleError
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Proposal
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.desk import Held
from aibuyer_kit.workflows.evaluation import Checks, Moment, Run, evaluated
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.missing_targets import MissingTarget, missing_targets
from aibuyer_kit.workflows.period import client_clock
from aibuyer_kit.workflows.pictures import Pictures, limits_of
from aibuyer_kit.workflows.rule_files import read_rules
from aibuyer_kit.workflows.stop import read_stop

PROPOSED_BY = "rules"
_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Decision:
    """What rules found: the proposal if there is one, what is only told, what was held back, and what is to be called.

    `evaluation_id` is the ledger's record of it; there is none where no rule was due.
    """

    client_id: str
    rules: int
    objects: int
    proposal: Proposal | None
    notified: tuple[str, ...]
    held: tuple[Held, ...]
    gaps: tuple[str, ...]
    evaluation_id: int | None = None
    calls: int = 0
    waits_for_a_person: tuple[str, ...] = ()
    missing_targets: tuple[MissingTarget, ...] = ()

    def summary(self) -> str:
        """Return a few lines for a terminal."""
        lines = [f"{self.client_id}: {self.rules} rules looked at {self.objects} objects"]
        if self.proposal:
            lines.append(
                f"proposal {self.proposal.proposal_id}, good until {self.proposal.expires_at:%Y-%m-%d %H:%M} UTC:"
            )
            lines += [
                f"  {each.number}. {each.draft.sentence()}, by {each.draft.rule_id}" for each in self.proposal.changes
            ]
        else:
            lines.append("nothing to propose")
        if self.proposal and self.waits_for_a_person:
            rules = ", ".join(self.waits_for_a_person)
            lines.append(f"{rules}: the mode is auto, and without a policy a person approves it")
        lines += [f"NOTICE {each}" for each in self.notified]
        lines += [f"HELD BACK {each.wish.sentence()}: {each.by}: {for_terminal(each.reason)}" for each in self.held]
        lines += [f"UNKNOWN {each}" for each in self.gaps]
        lines += [each.line() for each in self.missing_targets]
        return "\n".join(lines)


def decide(
    context: ClientContext,
    settings: Settings,
    *,
    environment: Mapping[str, str] | None = None,
    scheduled: bool = False,
    on_event: bool = False,
    clock: Clock | None = None,
    wait_seconds: float = _WAIT_SECONDS,
    in_force: Sequence[Rule] | None = None,
) -> Decision:
    """Evaluate the workspace's rules over the newest figures of a client and write down at most one proposal.

    All rules, or with `scheduled` those whose appointment has come and was not kept yet, each in its account's time;
    one that was missed is not made up for, one at which figures were not known is kept once more was loaded. A rule
    without a schedule is due whenever it is asked for, one that waits for an event only with `on_event`, and then no
    other. `in_force` are the workspace's rules where they were read already. All is written in one transaction, nothing
    where no rule was due; nothing is sent anywhere.

    Raises RuleError for a rule that is wrong, NotFoundError before the first load, WarehouseError, LedgerError;
    LedgerBusyError if another process has been deciding for `wait_seconds`: two at once would propose things twice.
    """
    if not context.rules.is_dir():
        raise RuleError(f"There is no folder {context.rules}. An empty one says that there are no rules.")
    context.ledger.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(context.ledger / "decide.lock", timeout=wait_seconds):
            if in_force is None:
                in_force = read_rules(context.rules, context.settings.metrics)
            rules = tuple(rule for rule in in_force if waits_for_events(rule)) if on_event else in_force
            return _decide(context, settings, rules, in_force, environment, scheduled, clock)
    except filelock.Timeout:
        raise LedgerBusyError(
            f"Another process is deciding for {context.id!r}. Wait until it has ended, and run it again."
        ) from None


def decide_on_event(context: ClientContext, settings: Settings) -> Decision | None:
    """Evaluate the rules that wait for events, after what has happened was read; None if there are none."""
    in_force = read_rules(context.rules, context.settings.metrics)
    if not any(map(waits_for_events, in_force)):
        return None
    return decide(context, settings, on_event=True, in_force=in_force)


def waits_for_events(rule: Rule) -> bool:
    """Return whether a rule is looked at when something happens, and at no other time."""
    return rule.schedule is not None and rule.schedule.on == "event"


def _decide(
    context: ClientContext,
    settings: Settings,
    rules: Sequence[Rule],
    in_force: Sequence[Rule],
    environment: Mapping[str, str] | None,
    scheduled: bool,
    clock: Clock | None,
) -> Decision:
    reader = Reader(context.warehouse)
    try:
        fresh = reader.freshness()
        moment = Moment((clock or client_clock(context, reader)).now(), fresh.load_id, scheduled)
        evidence = Evidence(context, reader, moment.at, moment.load_id)
        with Ledger(context.ledger) as ledger:
            pictures = Pictures(context, ledger, stop=read_stop(context, environment))
            try:
                checks = Checks(pictures, limits_of(settings.guardrails))
                run = evaluated(rules, evidence, ledger, checks, moment, in_force=in_force)
            finally:
                pictures.close()
            evaluation_id, proposal = write_down(ledger, run, settings) if run.record.rules else (None, None)
            calls = len(ledger.evaluations.calls_to_make(evaluation_id)) if evaluation_id else 0
    finally:
        reader.close()
    return Decision(
        context.id,
        len(run.record.rules),
        run.objects,
        proposal,
        tuple(run.notices()),
        run.held,
        tuple(run.record.gaps),
        evaluation_id,
        calls,
        tuple(sorted({wish.rule.id for wish in run.done.places if wish.rule.mode == "auto"})),
        missing_targets(context, run.due, run.tables),
    )


def write_down(ledger: Ledger, run: Run, settings: Settings) -> tuple[int, Proposal | None]:
    """Keep an evaluation and the proposal that comes of it; return the evaluation's number and the proposal."""
    return ledger.decide(
        run.record,
        run.done.drafts,
        proposed_by=PROPOSED_BY,
        expires_at=run.record.evaluated_at + timedelta(hours=settings.apply.expires_hours),
        findings=[each.content() for each in run.held],
    )
