"""Rules over what the warehouse knows now: one proposal with all that they would change, and a record of why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter_ns
from zoneinfo import ZoneInfo

import filelock
import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import canonical_json
from aibuyer_kit.core.clock import Clock
from aibuyer_kit.core.dates import time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import LedgerBusyError
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.ledger.evaluations import Evaluation
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Proposal
from aibuyer_kit.rules.effects import Notice, effects
from aibuyer_kit.rules.evaluate import evaluate, verdicts
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.logic import Verdict
from aibuyer_kit.rules.subjects import is_in
from aibuyer_kit.rules.table import Table, columns_of
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.desk import Desk, Held, Match
from aibuyer_kit.workflows.evaluation_record import Looked, finding_of, rule_json, targets_json
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.period import client_clock
from aibuyer_kit.workflows.pictures import Pictures, limits_of
from aibuyer_kit.workflows.rule_files import read_rules
from aibuyer_kit.workflows.rule_memory import RuleMemory

PROPOSED_BY = "rules"
Account = tuple[str, str]
_WAIT_SECONDS = 60.0
# An approved change may wait so long for the platform before it touches an object.
_LONGEST_WAIT = timedelta(days=14)


@dataclass(frozen=True)
class Decision:
    """What rules found: the proposal if there is one, what is only told, what was held back, and what is to be called.

    `evaluation_id` is the ledger's record of it.
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
        return "\n".join(lines)


def decide(
    context: ClientContext,
    settings: Settings,
    *,
    environment: Mapping[str, str] | None = None,
    scheduled: bool = False,
    clock: Clock | None = None,
    wait_seconds: float = _WAIT_SECONDS,
) -> Decision:
    """Evaluate the workspace's rules over the newest figures of a client and write down at most one proposal.

    All rules, or with `scheduled` those whose appointment has come and was not kept yet, each in its account's time;
    one that was missed is not made up for. A rule without a schedule is due whenever it is asked for, one that waits
    for an event never. Everything is written in one transaction; nothing is sent anywhere.

    Raises RuleError for a rule that is wrong, NotFoundError before the first load, WarehouseError, LedgerError;
    LedgerBusyError if another process has been deciding for `wait_seconds`: two at once would propose things twice.
    """
    context.ledger.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(context.ledger / "decide.lock", timeout=wait_seconds):
            return _decide(context, settings, environment, scheduled, clock)
    except filelock.Timeout:
        raise LedgerBusyError(
            f"Another process is deciding for {context.id!r}. Wait until it has ended, and run it again."
        ) from None


def _decide(
    context: ClientContext,
    settings: Settings,
    environment: Mapping[str, str] | None,
    scheduled: bool,
    clock: Clock | None,
) -> Decision:
    began = perf_counter_ns()
    rules, reader = read_rules(context.rules, context.settings.metrics), Reader(context.warehouse)
    try:
        fresh = reader.freshness()
        now = (clock or client_clock(context, reader)).now()
        zones = _zones(reader)
        with Ledger(context.ledger) as ledger:
            slots = _slots(rules, zones, now, ledger) if scheduled else None
            due = [rule for rule in rules if slots is None or any(rule.id == rule_id for rule_id, _ in slots)]
            evidence = Evidence(context, reader, now, fresh.load_id)
            tables = list(_tables(due, evidence))
            seen = [np.zeros(len(table), dtype=np.bool_) for table, _ in tables]
            looked = [
                each
                for (table, of_level), mask in zip(tables, seen, strict=True)
                for each in _looked(of_level, table, mask, zones, now, slots)
            ]
            matches = [match for each in looked for match in each.matches]
            memory = _memory(ledger, due, now, min(now, fresh.known_at), zones)
            pictures = Pictures(context, ledger, environment)
            try:
                desk = Desk(ledger, pictures, limits_of(settings.guardrails), memory, now, fresh.known_at)
                done = desk.sorted_out(matches)
            finally:
                pictures.close()
            told = tuple(each for each in done.held.values() if each.why != "notify")
            run = Evaluation(
                now,
                fresh.load_id,
                fresh.known_at,
                [(rule.id, rule.revision, rule_json(rule)) for rule in due],
                targets_json(table for table, _ in tables),
                canonical_json(evidence.curves),
                [finding_of(each, done) for each in looked],
                (perf_counter_ns() - began) // 1000,
                scheduled,
                tuple(evidence.gaps),
            )
            evaluation_id, proposal = ledger.decide(
                run,
                done.drafts,
                proposed_by=PROPOSED_BY,
                expires_at=now + timedelta(hours=settings.apply.expires_hours),
                findings=[each.content() for each in told],
            )
            calls = len(ledger.evaluations.calls_to_make(evaluation_id))
    finally:
        reader.close()
    return Decision(
        context.id,
        len(due),
        sum(int(mask.sum()) for mask in seen),
        proposal,
        tuple(_notices(matches)),
        told,
        tuple(evidence.gaps),
        evaluation_id,
        calls,
        tuple(sorted({wish.rule.id for wish in done.places if wish.rule.mode == "auto"})),
    )


def _zones(reader: Reader) -> dict[Account, ZoneInfo]:
    rows = reader.entities(Level.ACCOUNT).rows()
    return {(row["platform"], row["account_id"]): time_zone(row["time_zone"] or "UTC") for row in rows}


def _slots(
    rules: Sequence[Rule], zones: Mapping[Account, ZoneInfo], now: datetime, ledger: Ledger
) -> dict[tuple[str, Account], str | None]:
    """Return which rules are due in which accounts, with the appointment that is kept by it."""
    found: dict[tuple[str, Account], str | None] = {}
    for rule in rules:
        for account, zone in zones.items():
            slot = rule.schedule.slot(now.astimezone(zone)) if rule.schedule else None
            if slot is not None or rule.schedule is None:
                found[rule.id, account] = slot
    kept = ledger.evaluations.slots({slot for slot in found.values() if slot is not None})
    return {key: slot for key, slot in found.items() if slot is None or (key[0], *key[1], slot) not in kept}


def _tables(rules: Sequence[Rule], evidence: Evidence) -> Iterator[tuple[Table, list[Rule]]]:
    for level in sorted({rule.of_level for rule in rules}):
        of_level = [rule for rule in rules if rule.of_level is level]
        for table in evidence.tables(level, columns_of(of_level)):
            yield table, of_level


def _looked(
    rules: Sequence[Rule],
    table: Table,
    seen: NDArray[np.bool_],
    zones: Mapping[Account, ZoneInfo],
    now: datetime,
    slots: Mapping[tuple[str, Account], str | None] | None,
) -> Iterator[Looked]:
    """Yield what each rule that is due finds in each account of a table; traces are made of matches only.

    In `seen` the rows are marked that some rule looked at.
    """
    rows_of: dict[Account, list[int]] = {}
    for row, subject in enumerate(table.subjects):
        rows_of.setdefault(subject.key[:2], []).append(row)
    for rule in rules:
        accounts = [account for account in rows_of if slots is None or (rule.id, account) in slots]
        if not accounts:
            continue
        began = perf_counter_ns()
        found = verdicts(rule, table)
        for account in accounts:
            matches = _matches(rule, table, rows_of[account], found)
            in_scope = [row for row in rows_of[account] if is_in(rule.scope, table.subjects[row])]
            seen[in_scope] = True
            day = now.astimezone(zones[account]).date().isoformat()
            slot = None if slots is None else slots[rule.id, account]
            latency_us = (perf_counter_ns() - began) // 1000
            yield Looked(rule, *account, day, slot, len(in_scope), latency_us, matches)
            began = perf_counter_ns()


def _matches(rule: Rule, table: Table, rows: Sequence[int], found: Sequence[Verdict]) -> tuple[Match, ...]:
    fired = [row for row in rows if found[row] is True]
    made = effects(rule, table, fired)
    return tuple(
        Match(rule, table.subjects[row], evaluate(rule, table, row), each)
        for row, each in zip(fired, made, strict=True)
    )


def _memory(
    ledger: Ledger, rules: Sequence[Rule], now: datetime, platform_now: datetime, zones: Mapping[Account, ZoneInfo]
) -> RuleMemory:
    """Return what rules have done lately; `platform_now` is the time that cooldowns run on."""
    longest = timedelta(minutes=max((rule.cooldown_minutes for rule in rules), default=0))
    past = ledger.evaluations.past_changes(platform_now - max(longest, timedelta(days=2)) - _LONGEST_WAIT, now)
    calls = ledger.evaluations.past_calls(platform_now - longest)
    today = {account[1]: now.astimezone(zone).date().isoformat() for account, zone in zones.items()}
    return RuleMemory(past, calls, now=platform_now, today=today)


def _notices(matches: Sequence[Match]) -> Iterator[str]:
    """Yield what is told: all that rules of the mode `notify` found, and the notices of others."""
    for match in matches:
        for each in match.effects:
            if match.rule.mode == "notify" or isinstance(each.what, Notice):
                yield match.sentence(each)
