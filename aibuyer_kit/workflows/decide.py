"""Rules over what the warehouse knows now: one proposal with all that they would change, and why."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.guardrails.check import refusals
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft, Proposal
from aibuyer_kit.rules.effects import proposed
from aibuyer_kit.rules.evaluate import evaluate
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import Subject, is_in
from aibuyer_kit.rules.table import columns_of
from aibuyer_kit.rules.trace import Trace
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.period import client_clock
from aibuyer_kit.workflows.pictures import Pictures, limits_of
from aibuyer_kit.workflows.rule_files import read_rules

PROPOSED_BY = "rules"


@dataclass(frozen=True)
class Match:
    """One rule that is true of one object, and what it would change; `change` is why not, where it is text."""

    rule: Rule
    subject: Subject
    trace: Trace
    change: Change | str

    def sentence(self) -> str:
        """Return one line for a terminal."""
        what = self.change.sentence() if isinstance(self.change, Change) else f"{self._object}: {self.change}"
        return f"{self.rule.id}: {what} ({for_terminal(self.subject.name)})"

    @property
    def _object(self) -> str:
        return f"{self.subject.level} {self.subject.object_id}"


@dataclass(frozen=True)
class Held:
    """A change that a rule would make and that is not proposed, with the reason."""

    match: Match
    by: str
    reason: str

    def content(self) -> dict[str, str]:
        """Return it as the ledger keeps it."""
        return {"change": self.match.sentence(), "by": self.by, "reason": self.reason}


@dataclass(frozen=True)
class Decision:
    """What rules found: the proposal if there is one, matches of rules that only notify, and what was held back."""

    client_id: str
    rules: int
    objects: int
    proposal: Proposal | None
    notified: tuple[Match, ...]
    held: tuple[Held, ...]
    gaps: tuple[str, ...]

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
        lines += [f"NOTICE {each.sentence()}" for each in self.notified]
        lines += [f"HELD BACK {each.match.sentence()}: {each.by}: {each.reason}" for each in self.held]
        lines += [f"UNKNOWN {each}" for each in self.gaps]
        return "\n".join(lines)


def decide(context: ClientContext, settings: Settings, *, environment: Mapping[str, str] | None = None) -> Decision:
    """Evaluate the workspace's rules over the newest figures of a client and write down at most one proposal.

    Raises RuleError for a rule that is wrong, NotFoundError before the first load, WarehouseError, LedgerError.
    """
    rules, reader = read_rules(context.rules, context.settings.metrics), Reader(context.warehouse)
    try:
        fresh = reader.freshness()
        clock = client_clock(context, reader)
        evidence = Evidence(context, reader, clock.now(), fresh.load_id)
        objects, matches = _matches(rules, evidence)
        with Ledger(context.ledger) as ledger:
            now = clock.now()
            desk = _Desk(context, ledger, settings, environment)
            try:
                drafts, held = desk.sorted_out(matches, now, fresh.known_at)
            finally:
                desk.close()
            proposal = None
            if drafts:
                proposal = ledger.propose(
                    drafts,
                    proposed_by=PROPOSED_BY,
                    by_person=False,
                    made_at=now,
                    expires_at=now + timedelta(hours=settings.apply.expires_hours),
                    load_id=fresh.load_id,
                    data_known_at=fresh.known_at,
                    findings=[each.content() for each in held],
                )
    finally:
        reader.close()
    notified = tuple(each for each in matches if each.rule.mode == "notify")
    return Decision(context.id, len(rules), objects, proposal, notified, tuple(held), tuple(evidence.gaps))


def _matches(rules: Sequence[Rule], evidence: Evidence) -> tuple[int, list[Match]]:
    """Return how many objects were looked at, and every rule that is true of one of them."""
    seen, found = set[tuple[str, str]](), list[Match]()
    for level in sorted({rule.of_level for rule in rules}):
        of_level = [rule for rule in rules if rule.of_level is level]
        for table, rule in product(evidence.tables(level, columns_of(of_level)), of_level):
            for row, subject in enumerate(table.subjects):
                if not is_in(rule.scope, subject):
                    continue
                seen.add((subject.account_id, subject.object_id))
                trace = evaluate(rule, table, row)
                if trace.verdict is True:
                    found.append(Match(rule, subject, trace, proposed(rule.then[0], subject)))
    return len(seen), found


class _Desk:
    """Where matches become drafts, or are held back."""

    def __init__(
        self, context: ClientContext, ledger: Ledger, settings: Settings, environment: Mapping[str, str] | None
    ) -> None:
        self._ledger = ledger
        self._limits = limits_of(settings.guardrails)
        self._pictures = Pictures(context, ledger, environment)

    def close(self) -> None:
        self._pictures.close()

    def sorted_out(self, matches: Sequence[Match], now: datetime, known_at: datetime) -> tuple[list[Draft], list[Held]]:
        """Return the changes to propose and those that are held back; the order of rules makes no difference."""
        chosen, held = _one_for_each_object([each for each in matches if each.rule.mode == "propose"])
        open_changes = {
            each.change.target: plan.proposal_id
            for plan in self._ledger.unfinished(now)
            for each in plan.changes
            if plan.state_of(each, now) in ("pending", "approved", "waiting", "doubt")
        }
        drafts = []
        for match, change, others in chosen:
            if number := open_changes.get(change.target):
                held.append(Held(match, "ledger", f"it is proposed already, in {number}"))
                continue
            picture = self._pictures.of(change, now=now, current=change.before, data_known_at=known_at)
            if found := refusals(change, picture, self._limits):
                held += [Held(match, each.guardrail, each.reason) for each in found]
                continue
            drafts.append(_draft(match, change, others))
        return drafts, held


def _one_for_each_object(matches: Sequence[Match]) -> tuple[list[tuple[Match, Change, list[Match]]], list[Held]]:
    """Return at most one change per object, with the other rules that ask for the same; a pause goes before budgets.

    Rules that want different budgets of one object are all held back: who of them is right is for a person to say.
    """
    groups: dict[tuple[str, str, str], list[tuple[Match, Change]]] = defaultdict(list)
    held = []
    for match in matches:
        if isinstance(match.change, Change):
            groups[match.change.target[:3]].append((match, match.change))
        else:
            held.append(Held(match, "rule", match.change))
    chosen = []
    for group in groups.values():
        pauses = [pair for pair in group if pair[1].pauses]
        wanted = pauses or group
        if pauses:
            reason = f"{pauses[0][0].rule.id} pauses it"
            held += [Held(match, "rules", reason) for match, change in group if not change.pauses]
        if len({change.after for _, change in wanted}) > 1:
            names = ", ".join(sorted(match.rule.id for match, _ in wanted))
            held += [Held(match, "rules", f"{names} want different budgets of it") for match, _ in wanted]
            continue
        first, *others = sorted(wanted, key=lambda pair: pair[0].rule.id)
        chosen.append((first[0], first[1], [match for match, _ in others]))
    return chosen, held


def _draft(match: Match, change: Change, others: Sequence[Match]) -> Draft:
    also = f" (also: {', '.join(each.rule.id for each in others)})" if others else ""
    return Draft(
        change,
        f"{match.rule.name}{also}",
        match.subject.name,
        match.rule.id,
        match.rule.revision,
        match.trace.content(),
    )
