"""One evaluation of rules: at one moment, over what was known after one load, whether that is now or long ago.

Deciding and replaying both go through here, so that a replay says what was, or would have been, decided.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter_ns
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.changes import Change, canonical_json
from aibuyer_kit.guardrails.picture import Limits
from aibuyer_kit.ledger.evaluation_records import Evaluation
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.rules.actions import Rebalance
from aibuyer_kit.rules.effects import Notice, effects
from aibuyer_kit.rules.evaluate import traces
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.table import Table
from aibuyer_kit.rules.trace import Trace
from aibuyer_kit.workflows.desk import Desk, Held, Match, Sorted, Word
from aibuyer_kit.workflows.evaluation_programs import Programs
from aibuyer_kit.workflows.evaluation_record import Looked, Standing, finding_of, targets_json
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.pictures import Pictures
from aibuyer_kit.workflows.ripening import traces_told
from aibuyer_kit.workflows.rule_memory import RuleMemory

Account = tuple[str, str]
SeenAs = Callable[[Table], Table]
# An approved change may wait so long for the platform before it touches an object.
_LONGEST_WAIT = timedelta(days=14)
# A weekly rule keeps its say from one look to the next; what was said longer ago counts no more.
_WORD_HOLDS = timedelta(days=8)


@dataclass(frozen=True)
class Moment:
    """When rules are looked at, on the client's clock, and the last load that they may know of; all, or those due.

    `ripens`: figures still arriving are held against what they are expected to come to; decisions of before did not.
    """

    at: datetime
    load_id: int
    scheduled: bool = False
    ripens: bool = True


@dataclass(frozen=True)
class Checks:
    """What changes are checked against: the state of things, and how far they may go."""

    pictures: Pictures
    limits: Limits


@dataclass(frozen=True)
class Run:
    """What came of one evaluation: its record, how many objects were looked at, and what became of all matches.

    `tables` are what the rules that were `due` looked at.
    """

    record: Evaluation
    objects: int
    matches: Sequence[Match]
    done: Sorted
    due: Sequence[Rule] = ()
    tables: Sequence[Table] = ()

    @property
    def held(self) -> tuple[Held, ...]:
        """What was held back; that a rule only tells is no holding back."""
        return tuple(each for each in self.done.held.values() if each.why != "notify")

    def notices(self) -> Iterator[str]:
        """Yield what is told: all that rules of the mode `notify` found, and the notices of others."""
        for match in self.matches:
            for each in match.effects:
                if match.rule.mode == "notify" or isinstance(each.what, Notice):
                    yield match.notice(each)


def evaluated(
    rules: Sequence[Rule],
    evidence: Evidence,
    ledger: Ledger,
    checks: Checks,
    moment: Moment,
    seen_as: SeenAs = lambda table: table,
    programs: Programs | None = None,
    in_force: Sequence[Rule] | None = None,
) -> Run:
    """Evaluate rules over what was known; what they did before is what the ledger says. Nothing is written.

    `seen_as` may show tables otherwise than they were, as a replay does that carries its own changes forward; with
    `programs` rules that were looked at before are not compiled anew. Rules `in_force` that are not due keep their say
    by what they last asked for.
    """
    programs = programs or Programs()
    began, now = perf_counter_ns(), moment.at
    zones = {key: account.zone for key, account in evidence.objects.accounts.items()}
    slots = _slots(rules, zones, moment, ledger) if moment.scheduled else None
    asked = None if slots is None else {rule_id for rule_id, _ in slots}
    due = [rule for rule in rules if asked is None or rule.id in asked]
    tables = list(_tables(due, evidence, seen_as, programs))
    seen = [np.zeros(len(table), dtype=np.bool_) for table, _ in tables]
    looked = [
        each
        for (table, of_level), mask in zip(tables, seen, strict=True)
        for each in _looked(of_level, table, mask, evidence, moment, slots, programs, seen_as)
    ]
    matches = [match for each in looked for match in each.matches]
    memory = _memory(ledger, due, now, min(now, evidence.known_at), zones)
    words = _words(ledger, _resting(in_force or (), due, zones, slots), matches, now)
    done = Desk(ledger, checks.pictures, checks.limits, memory, now, evidence.known_at, words).sorted_out(matches)
    record = Evaluation(
        now,
        moment.load_id,
        evidence.known_at,
        [(rule.id, rule.revision, programs.text(rule)) for rule in due],
        targets_json(table for table, _ in tables),
        canonical_json(evidence.curves),
        [finding_of(each, done) for each in looked],
        (perf_counter_ns() - began) // 1000,
        moment.scheduled,
        tuple(evidence.gaps),
        Standing(
            evidence.results,
            checks.limits,
            checks.pictures.stop,
            None if in_force is None else {rule.id: rule.revision for rule in in_force},
            moment.ripens or None,
        ).content(),
    )
    return Run(record, sum(int(mask.sum()) for mask in seen), matches, done, due, [table for table, _ in tables])


def _slots(
    rules: Sequence[Rule], zones: Mapping[Account, ZoneInfo], moment: Moment, ledger: Ledger
) -> dict[tuple[str, Account], str | None]:
    """Return which rules are due in which accounts, with the appointment that is kept by it.

    One at which figures were not known is due again once more was loaded.
    """
    found: dict[tuple[str, Account], str | None] = {}
    for rule in rules:
        for account, zone in zones.items():
            slot = rule.schedule.slot(moment.at.astimezone(zone)) if rule.schedule else None
            if slot is not None or rule.schedule is None:
                found[rule.id, account] = slot
    kept = ledger.evaluations.slots({slot for slot in found.values() if slot is not None}, moment.load_id)
    return {key: slot for key, slot in found.items() if slot is None or (key[0], *key[1], slot) not in kept}


def _resting(
    in_force: Sequence[Rule],
    due: Sequence[Rule],
    zones: Mapping[Account, ZoneInfo],
    slots: Mapping[tuple[str, Account], str | None] | None,
) -> dict[tuple[str, Account], Rule]:
    """Return the rules that may propose and are not looked at now, by account."""
    looked = {(rule.id, account) for rule in due for account in zones} if slots is None else set(slots)
    return {
        (rule.id, account): rule
        for rule in in_force
        for account in zones
        if rule.mode != "notify" and (rule.id, account) not in looked
    }


def _words(
    ledger: Ledger, resting: Mapping[tuple[str, Account], Rule], matches: Sequence[Match], now: datetime
) -> list[Word]:
    """Return what resting rules last asked for of the objects that something is asked for now."""
    objects = {match.subject.object_id for match in matches if any(isinstance(e.what, Change) for e in match.effects)}
    if not resting or not objects:
        return []
    revisions = {(rule_id, *account): rule.revision for (rule_id, account), rule in resting.items()}
    rules = {rule.id: rule for rule in resting.values()}
    return [
        Word(
            each.rule_id,
            each.change,
            f"as of {each.at:%Y-%m-%d %H:%M} UTC",
            is_bundled=isinstance(rules[each.rule_id].then[each.number - 1], Rebalance),
            is_proposed=each.held_by == "open proposal",
        )
        for each in ledger.evaluations.last_words(revisions, objects, now - _WORD_HOLDS, now)
    ]


def _tables(
    rules: Sequence[Rule], evidence: Evidence, seen_as: SeenAs, programs: Programs
) -> Iterator[tuple[Table, list[Rule]]]:
    for level in sorted({rule.of_level for rule in rules}):
        of_level = [rule for rule in rules if rule.of_level is level]
        for table in evidence.tables(level, programs.all_columns(of_level)):
            yield seen_as(table), of_level


def _looked(
    rules: Sequence[Rule],
    table: Table,
    seen: NDArray[np.bool_],
    evidence: Evidence,
    moment: Moment,
    slots: Mapping[tuple[str, Account], str | None] | None,
    programs: Programs,
    seen_as: SeenAs,
) -> Iterator[Looked]:
    """Yield what each rule that is due finds in each account of a table; traces are made of matches only.

    In `seen` the rows are marked that some rule looked at.
    """
    account = table.subjects[0].key[:2]
    due = [rule for rule in rules if slots is None or (rule.id, account) in slots]
    day = moment.at.astimezone(evidence.objects.accounts[account].zone).date().isoformat()
    began = perf_counter_ns()
    fired, in_scope = programs.looked(due, table)
    shared = (perf_counter_ns() - began) // max(1, len(due))
    for rule, rows in zip(due, fired, strict=True):
        began = perf_counter_ns()
        told = _told(rule, table, rows, evidence, seen_as, ripens=moment.ripens)
        matches = _matches(rule, table, rows, told)
        named = in_scope[rule.scope]
        seen |= named
        slot = None if slots is None else slots[rule.id, account]
        whole = evidence.is_told(account, table.level, programs.columns(rule))
        latency_us = (shared + perf_counter_ns() - began) // 1000
        yield Looked(rule, *account, day, slot, int(named.sum()), latency_us, matches, whole)


def _told(
    rule: Rule, table: Table, rows: Sequence[int], evidence: Evidence, seen_as: SeenAs, *, ripens: bool
) -> list[tuple[Trace, str]]:
    if ripens:
        return traces_told(rule, table, rows, evidence, seen_as)
    return [(trace, "") for trace in traces(rule, table, rows)]


def _matches(rule: Rule, table: Table, rows: Sequence[int], told: Sequence[tuple[Trace, str]]) -> tuple[Match, ...]:
    shown = zip(told, effects(rule, table, rows), strict=True)
    found = (
        Match(rule, table.subjects[row], trace, made, unripe)
        for row, ((trace, unripe), made) in zip(rows, shown, strict=True)
    )
    # Whatever found the rows: nothing is done about an object whose trace does not say that the rule is true.
    return tuple(each for each in found if each.trace.verdict is True)


def _memory(
    ledger: Ledger, rules: Sequence[Rule], now: datetime, platform_now: datetime, zones: Mapping[Account, ZoneInfo]
) -> RuleMemory:
    """Return what rules have done lately; `platform_now` is the time that cooldowns run on."""
    longest = timedelta(minutes=max((rule.cooldown_minutes for rule in rules), default=0))
    past = ledger.evaluations.past_changes(platform_now - max(longest, timedelta(days=2)) - _LONGEST_WAIT, now)
    calls = ledger.evaluations.past_calls(platform_now - longest)
    today = {account[1]: now.astimezone(zone).date().isoformat() for account, zone in zones.items()}
    return RuleMemory(past, calls, now=platform_now, today=today)
