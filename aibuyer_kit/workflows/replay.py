"""What rules would have decided over the last days, each time on what was known then.

Every evaluation goes through the same steps as a decision, on a ledger of its own that is thrown away. `observed`: the
history as it went; nothing that a rule asks for is done. `carried`: it is taken as approved and done at once, and
carried forward: statuses, budgets, cooldowns and limits of the replay, not of the history. What an object, or what is
above it, then brought is not known, for it would have gone otherwise: such windows are unknown; unknown never fires.

Looked at is whenever figures came (`figures`), or when rules were evaluated at the time (`decisions`): then targets,
what counted as a result, limits and the kill switch are those of the time, from the first decision on, for each knows
those before it. With the rules of that time and proposals that were left alone it is what was decided, to the trace.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import change_of
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.results import ResultRules
from aibuyer_kit.guardrails.picture import Stop
from aibuyer_kit.ledger.evaluation_records import Evaluation, KeptEffect, Looked, RuleFinding
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Proposal
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.sentences import sentence
from aibuyer_kit.rules.table import Table
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.decide import write_down
from aibuyer_kit.workflows.evaluation import Checks, Moment, Run, evaluated
from aibuyer_kit.workflows.evaluation_programs import Programs
from aibuyer_kit.workflows.evaluation_record import Standing, standing_of, with_targets
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.period import client_clock
from aibuyer_kit.workflows.pictures import Pictures, limits_of
from aibuyer_kit.workflows.replay_carried import Carried
from aibuyer_kit.workflows.round import Progress

Mode = Literal["observed", "carried"]
At = Literal["figures", "decisions"]
MODES: tuple[Mode, ...] = ("observed", "carried")
MOST_DAYS = 1_123
COLUMNS = (
    *("at", "load_id", "rule", "revision", "object_id", "object_name", "action", "would", "held_by", "reason", "why"),
)
# Loads that came within so many minutes are one moment: rules are looked at no oftener.
_MOMENT_MINUTES = 15
_NOT_STOPPED = Stop(False)


@dataclass(frozen=True)
class Replay:
    """Every evaluation of a replay from `since` on, in order, with what fired and what came of it.

    `numbers` are those of the ledger's evaluations that they replay, None where there is none; `locale` is that of its
    sentences.
    """

    mode: Mode
    locale: str
    since: datetime
    evaluations: tuple[Evaluation, ...]
    numbers: tuple[int | None, ...]
    carried: int

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row for each action of a rule on an object, in the order of time."""
        for run in self.evaluations:
            for found in run.findings:
                for one in found.firings:
                    for effect in one.effects:
                        yield {
                            "at": run.evaluated_at,
                            "load_id": run.load_id,
                            "rule": found.rule_id,
                            "revision": found.revision,
                            "object_id": one.object_id,
                            "object_name": one.object_name,
                            "action": effect.kind,
                            "would": _told(effect),
                            "held_by": effect.held_by,
                            "reason": effect.held_reason,
                            "why": sentence(one.trace, self.locale),
                        }

    def to_frame(self) -> Any:
        """Return the rows as a DataFrame; `held_by` is missing where a change was proposed."""
        import pandas as pd

        return pd.DataFrame(list(self.rows()), columns=list(COLUMNS))

    def by_rule(self) -> list[dict[str, Any]]:
        """Return one row per rule: evaluations, matches, changes proposed, and what was held back by which reason."""
        found: dict[str, list[RuleFinding]] = {}
        for run in self.evaluations:
            for each in run.findings:
                found.setdefault(each.rule_id, []).append(each)
        return [_rule_row(rule_id, findings) for rule_id, findings in sorted(found.items())]

    def __repr__(self) -> str:
        from aibuyer_kit.core.text_table import as_table

        if not self.evaluations:
            return "nothing was known in this time"
        first, last = self.evaluations[0].evaluated_at, self.evaluations[-1].evaluated_at
        head = f"{len(self.evaluations)} evaluations from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
        more = f", {self.carried} changes carried forward" if self.mode == "carried" else ""
        return f"{head}, {self.mode}{more}\n{as_table(self.by_rule(), empty='no rule was due')}"

    def _repr_html_(self) -> str:
        from aibuyer_kit.core.escape import for_html

        return f"<pre>{for_html(repr(self))}</pre>"


def replay(
    context: ClientContext,
    settings: Settings,
    rules: Sequence[Rule],
    *,
    days: int = 28,
    mode: Mode = "observed",
    at: At = "figures",
    progress: Progress | None = None,
) -> Replay:
    """Evaluate rules at each moment of the last days at which figures came, or at which rules were evaluated.

    At decisions that the ledger knows, targets and settings are those of then, and the decisions before these days are
    gone through as well. When figures came, rules are due by their schedules, those without one once a day. Raises
    InputError for days or a mode that there are not, NotFoundError before the first load.
    """
    if mode not in MODES or not 1 <= days <= MOST_DAYS:
        raise InputError(f"A replay is of 1 to {MOST_DAYS:,} days, and {' or '.join(MODES)}; not {days}, {mode!r}.")
    reader = Reader(context.warehouse)
    try:
        since = client_clock(context, reader).now() - timedelta(days=days)
        known = moments(context, reader, since, at)
        with thrown_away_ledger() as ledger:
            walk = _Walk(context, settings, reader, ledger, rules, Carried() if mode == "carried" else None)
            found = list[tuple[int | None, Evaluation]]()
            for number, each in enumerate(known, 1):
                run = walk.to(each)
                if run is not None and run.evaluated_at >= since:
                    found.append((each.then.evaluation_id if each.then else None, run))
                if progress:
                    progress(f"{each.moment.at:%Y-%m-%d %H:%M}", number, len(known))
            runs, numbers = tuple(run for _, run in found), tuple(number for number, _ in found)
            return Replay(mode, context.settings.locale, since, runs, numbers, walk.changed)
    finally:
        reader.close()


@dataclass(frozen=True)
class Known:
    """A moment of the past, and what the ledger says of it if rules were evaluated then."""

    moment: Moment
    then: Looked | None = None


def moments(context: ClientContext, reader: Reader, since: datetime, at: At) -> list[Known]:
    """Return when new figures came since then, or whenever rules were evaluated: what came before tells of later."""
    if at == "figures":
        return [Known(moment) for moment in _loads(reader, since)]
    with Ledger(context.ledger) as ledger:
        looked = ledger.evaluations.looked()
    return [Known(Moment(each.evaluated_at, each.load_id, each.scheduled), each) for each in looked]


def _loads(reader: Reader, since: datetime) -> Iterator[Moment]:
    """Yield the last load of each quarter of an hour in which insights came."""
    last: dict[datetime, Moment] = {}
    for row in reader.loads("insights").rows():
        at = row["known_at_utc"].replace(tzinfo=UTC)
        if at < since:
            continue
        slot = at.replace(minute=at.minute // _MOMENT_MINUTES * _MOMENT_MINUTES, second=0, microsecond=0)
        last[slot] = Moment(at, row["load_id"], scheduled=True)
    yield from last.values()


class _Walk:
    """One walk through the past, on a ledger of its own."""

    def __init__(
        self,
        context: ClientContext,
        settings: Settings,
        reader: Reader,
        ledger: Ledger,
        rules: Sequence[Rule],
        carried: Carried | None,
    ) -> None:
        self._context, self._settings, self._reader, self._ledger = context, settings, reader, ledger
        self._rules, self._carried = rules, carried
        self._today = Standing(context.settings.rules, limits_of(settings.guardrails), _NOT_STOPPED)
        self._evidence: Evidence | None = None
        self._programs = Programs()
        self._days: dict[str, str] = {}
        self.changed = 0

    def to(self, known: Known) -> Evaluation | None:
        """Evaluate what is due at a moment, and keep it; None where no rule is."""
        moment = known.moment
        rules = [rule for rule in self._rules if self._is_due(rule, known)]
        if not rules:
            return None
        standing = standing_of(known.then.settings) if known.then else self._today
        if known.then:
            moment = replace(moment, ripens=bool(standing.ripens))
        evidence = self._evidence = self._evidence_of(moment, standing.results)
        value_at = self._carried.value_at if self._carried is not None else None
        pictures = Pictures(self._context, self._ledger, stop=standing.stop, value_at=value_at)
        try:
            checks = Checks(pictures, standing.limits)
            seen_as, in_force = self._seen_as(known), self._in_force(known, standing)
            run = evaluated(rules, evidence, self._ledger, checks, moment, seen_as, self._programs, in_force)
        finally:
            pictures.close()
        if not run.record.rules:
            return None
        _, proposal = write_down(self._ledger, run, self._settings)
        if self._carried is not None and proposal:
            self._carry(run, proposal, self._carried)
        return run.record

    def _evidence_of(self, moment: Moment, results: ResultRules) -> Evidence:
        """Return what was known, taken over from the moment before as far as results are counted alike."""
        before = self._evidence
        if before is None or before.results != results:
            return Evidence(self._context, self._reader, moment.at, moment.load_id, results=results)
        return before.advanced(moment.at, moment.load_id)

    def _is_due(self, rule: Rule, known: Known) -> bool:
        """Return whether a rule may be due, or was; one without a schedule is once a day, as people look."""
        if known.then is not None:
            return rule.id in known.then.rules
        if rule.schedule is not None:
            return True
        day = f"{known.moment.at:%Y-%m-%d}"
        if self._days.get(rule.id) == day:
            return False
        self._days[rule.id] = day
        return True

    def _in_force(self, known: Known, standing: Standing) -> Sequence[Rule] | None:
        """Return the rules that had a say then, also those that were not looked at."""
        if known.then is None:
            return self._rules
        if standing.in_force is None:
            return None
        return [rule for rule in self._rules if rule.id in standing.in_force]

    def _seen_as(self, known: Known) -> Callable[[Table], Table]:
        def seen(table: Table) -> Table:
            shown = table if known.then is None else with_targets(table, known.then.targets)
            return self._carried.seen(shown) if self._carried is not None else shown

        return seen

    def _carry(self, run: Run, proposal: Proposal, carried: Carried) -> None:
        """Take a proposal as approved, made and read back at once."""
        at = run.record.evaluated_at
        self._ledger.approve(proposal.proposal_id, approved_by="replay", now=at)
        for each in proposal.changes:
            self._ledger.begin(each.change_id, now=at)
            self._ledger.conclude(each.change_id, "done", read_back=each.change.after, reason="replayed", now=at)
            carried.change(each.change, at)
            self.changed += 1


@contextmanager
def thrown_away_ledger() -> Iterator[Ledger]:
    """Yield an empty ledger of which nothing stays."""
    with tempfile.TemporaryDirectory(prefix="aibuyer-replay-") as folder, Ledger(Path(folder)) as ledger:
        yield ledger


def _told(effect: KeptEffect) -> str:
    content = json.loads(effect.content)
    match effect.kind:
        case "change":
            return change_of(content).sentence()
        case "notice":
            return f"tell: {content['message']}" if content["message"] else "tell"
        case "call":
            return f"call {content['url']}"
    return str(content["reason"])


def _rule_row(rule_id: str, findings: Sequence[RuleFinding]) -> dict[str, Any]:
    suppressed: dict[str, int] = {}
    for each in findings:
        for reason, count in each.suppressed.items():
            suppressed[reason] = suppressed.get(reason, 0) + count
    return {
        "rule": rule_id,
        "evaluations": len(findings),
        "objects": sum(each.evaluated for each in findings),
        "fired": sum(len(each.firings) for each in findings),
        "proposed": sum(each.proposed for each in findings),
        "held_back": ", ".join(f"{count} {reason}" for reason, count in sorted(suppressed.items())),
    }


def known_mode(name: str) -> Mode:
    """Return the mode called `name`. Raises InputError that lists those there are."""
    for mode in MODES:
        if mode == name:
            return mode
    raise InputError(f"There is no mode {name!r} of a replay. Known: {', '.join(MODES)}.")
