"""The record of every evaluation of rules: what was looked at and known, what fired, and what came of it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, insert, or_, select

from aibuyer_kit.core.changes import sha256
from aibuyer_kit.core.errors import LedgerError
from aibuyer_kit.ledger.database import telling
from aibuyer_kit.ledger.evaluation_records import (
    CallVerdict,
    Evaluation,
    Firing,
    KeptEffect,
    Looked,
    PastChange,
    RuleFinding,
    WaitingCall,
)
from aibuyer_kit.ledger.last_words import LastWord, Resting, last_words
from aibuyer_kit.ledger.past_changes import past_changes
from aibuyer_kit.ledger.tables import (
    call_outcome,
    effect,
    evaluation,
    finding,
    firing,
    kept_text,
    outgoing_call,
    proposed_change,
)

# Databases take only so many values in one question.
_AT_ONCE = 10_000


class Evaluations:
    """The evaluations in one client's ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @telling
    def slots(self, slots: Collection[str], load_id: int) -> set[tuple[str, str, str, str]]:
        """Return (rule, platform, account, slot) of those appointments that were kept already.

        One whose figures were not known is kept as long as nothing was loaded since: `load_id` is the newest load.
        """
        columns = (finding.c.rule_id, finding.c.platform, finding.c.account_id, finding.c.slot)
        asked = (
            select(*columns)
            .join(evaluation, evaluation.c.evaluation_id == finding.c.evaluation_id)
            .where(finding.c.slot.in_(list(slots)), or_(finding.c.whole, evaluation.c.load_id >= load_id))
        )
        with self._reading() as connection:
            rows = connection.execute(asked)
            return {(row.rule_id, row.platform, row.account_id, row.slot) for row in rows}

    @telling
    def past_changes(self, since: datetime, now: datetime) -> list[PastChange]:
        """Return what rules have asked for on figures known since then, once for each rule that asked for it."""
        with self._reading() as connection:
            return past_changes(connection, since, now)

    @telling
    def last_words(
        self, resting: Mapping[Resting, str], objects: Collection[str], since: datetime, now: datetime
    ) -> list[LastWord]:
        """Return what rules that are not due asked for when they were last looked at; see last_words.py."""
        with self._reading() as connection:
            return last_words(connection, resting, objects, since, now)

    @telling
    def past_calls(self, since: datetime) -> dict[tuple[str, str, str, str], datetime]:
        """Return when each rule last had an endpoint called about each object: (rule, platform, account, object)."""
        asked = (
            select(finding, firing.c.object_id, evaluation.c.data_known_at)
            .select_from(effect)
            .join(firing, firing.c.firing_id == effect.c.firing_id)
            .join(finding, finding.c.finding_id == firing.c.finding_id)
            .join(evaluation, evaluation.c.evaluation_id == finding.c.evaluation_id)
            .where(effect.c.kind == "call", effect.c.held_by.is_(None), evaluation.c.data_known_at >= since)
            .order_by(evaluation.c.data_known_at)
        )
        with self._reading() as connection:
            rows = connection.execute(asked).all()
        return {(row.rule_id, row.platform, row.account_id, row.object_id): row.data_known_at for row in rows}

    @telling
    def calls_to_make(self, evaluation_id: int) -> list[WaitingCall]:
        """Return the outgoing calls of one evaluation that nobody has begun."""
        asked = (
            select(effect.c.effect_id, effect.c.content)
            .join(firing, firing.c.firing_id == effect.c.firing_id)
            .join(finding, finding.c.finding_id == firing.c.finding_id)
            .outerjoin(outgoing_call, outgoing_call.c.effect_id == effect.c.effect_id)
            .where(
                finding.c.evaluation_id == evaluation_id,
                effect.c.kind == "call",
                effect.c.held_by.is_(None),
                outgoing_call.c.outgoing_call_id.is_(None),
            )
            .order_by(effect.c.effect_id)
        )
        with self._reading() as connection:
            return [WaitingCall(row.effect_id, row.content) for row in connection.execute(asked)]

    @telling
    def begin_call(self, effect_id: int, *, now: datetime) -> int:
        """Write down that an outgoing call is about to be made, once. Raises LedgerError if it was begun before."""
        with self._engine.begin() as connection:
            done = connection.execute(insert(outgoing_call).values(effect_id=effect_id, begun_at=now))
            return int((done.inserted_primary_key or [0])[0])

    @telling
    def conclude_call(self, call_id: int, verdict: CallVerdict, *, reason: str, now: datetime) -> None:
        """Write down how an outgoing call ended."""
        with self._engine.begin() as connection:
            told = {"outgoing_call_id": call_id, "verdict": verdict, "reason": reason, "concluded_at": now}
            connection.execute(insert(call_outcome).values(**told))

    @telling
    def findings(self, since: datetime, until: datetime, rule_id: str | None = None) -> list[dict[str, Any]]:
        """Return one row per evaluation, rule and account in a period, the oldest first."""
        asked = (
            select(finding, evaluation.c.evaluated_at)
            .join(evaluation, evaluation.c.evaluation_id == finding.c.evaluation_id)
            .where(evaluation.c.evaluated_at >= since, evaluation.c.evaluated_at < until)
            .order_by(finding.c.finding_id)
        )
        if rule_id is not None:
            asked = asked.where(finding.c.rule_id == rule_id)
        with self._reading() as connection:
            rows = connection.execute(asked).mappings().all()
        return [{**row, "suppressed": json.loads(row["suppressed"])} for row in rows]

    @telling
    def evaluation(self, evaluation_id: int) -> Evaluation:
        """Return one evaluation with all that was known then. Raises LedgerError if there is none."""
        with self._reading() as connection:
            row = connection.execute(select(evaluation).where(evaluation.c.evaluation_id == evaluation_id)).first()
            if row is None:
                raise LedgerError(f"There is no evaluation {evaluation_id} in the ledger.")
            rules = json.loads(row.rules)
            told = (row.targets_hash, row.curves_hash, row.settings_hash)
            texts = _texts(connection, [*told, *(each[2] for each in rules)])
            return Evaluation(
                row.evaluated_at,
                row.load_id,
                row.data_known_at,
                [(rule_id, revision, texts[text_hash]) for rule_id, revision, text_hash in rules],
                texts[row.targets_hash],
                texts[row.curves_hash],
                _findings(connection, evaluation_id),
                row.duration_us,
                row.scheduled,
                tuple(json.loads(row.gaps)),
                texts[row.settings_hash],
            )

    @telling
    def numbers(self, since: datetime) -> list[int]:
        """Return the numbers of the evaluations from a moment on, the oldest first."""
        asked = select(evaluation.c.evaluation_id).where(evaluation.c.evaluated_at >= since)
        with self._reading() as connection:
            return list(connection.scalars(asked.order_by(evaluation.c.evaluation_id)))

    @telling
    def looked(self) -> list[Looked]:
        """Return when rules were evaluated ever, the oldest first, without what they found."""
        with self._reading() as connection:
            rows = connection.execute(select(evaluation).order_by(evaluation.c.evaluation_id)).all()
            hashes = {text_hash for row in rows for text_hash in (row.targets_hash, row.settings_hash)}
            texts = _texts(connection, sorted(hashes))
        rules: dict[str, frozenset[str]] = {}
        for row in rows:
            if row.rules not in rules:
                rules[row.rules] = frozenset(rule_id for rule_id, *_ in json.loads(row.rules))
        return [
            Looked(
                row.evaluation_id,
                row.evaluated_at,
                row.load_id,
                row.scheduled,
                texts[row.targets_hash],
                texts[row.settings_hash],
                rules[row.rules],
            )
            for row in rows
        ]

    def loads(self, connection: Connection) -> Iterable[int]:
        """Return the loads that evaluations read."""
        return connection.scalars(select(evaluation.c.load_id).distinct())

    def _reading(self) -> Connection:
        return self._engine.connect().execution_options(reads=True)


def write_evaluation(
    connection: Connection, run: Evaluation, proposal_id: int | None, change_ids: Sequence[int]
) -> int:
    """Write an evaluation with all its findings, within the transaction of its proposal; return its number."""
    texts = [run.targets, run.curves, run.settings, *(text for _, _, text in run.rules)]
    hashes = {text: sha256(text) for text in texts}
    _keep(connection, {text_hash: text for text, text_hash in hashes.items()})
    number = 1 + (connection.scalar(select(func.max(evaluation.c.evaluation_id))) or 0)
    connection.execute(
        insert(evaluation).values(
            evaluation_id=number,
            evaluated_at=run.evaluated_at,
            scheduled=run.scheduled,
            load_id=run.load_id,
            data_known_at=run.data_known_at,
            rules=json.dumps([(rule_id, revision, hashes[text]) for rule_id, revision, text in run.rules]),
            targets_hash=hashes[run.targets],
            curves_hash=hashes[run.curves],
            settings_hash=hashes[run.settings],
            gaps=json.dumps(list(run.gaps)),
            proposal_id=proposal_id,
            duration_us=run.duration_us,
        )
    )
    _write_findings(connection, number, run.findings, change_ids)
    return number


def _write_findings(
    connection: Connection, number: int, found: Sequence[RuleFinding], change_ids: Sequence[int]
) -> None:
    finding_id = connection.scalar(select(func.max(finding.c.finding_id))) or 0
    firing_id = connection.scalar(select(func.max(firing.c.firing_id))) or 0
    findings, firings, effects = [], [], []
    for each in found:
        finding_id += 1
        findings.append(_finding_row(each) | {"finding_id": finding_id, "evaluation_id": number})
        for one in each.firings:
            firing_id += 1
            firings.append(
                {
                    "firing_id": firing_id,
                    "finding_id": finding_id,
                    "object_id": one.object_id,
                    "object_name": one.object_name,
                    "trace": json.dumps(one.trace, allow_nan=False),
                }
            )
            effects += [
                {
                    "firing_id": firing_id,
                    "number": place,
                    "kind": what.kind,
                    "content": what.content,
                    "change_id": None if what.draft is None else change_ids[what.draft],
                    "held_by": what.held_by,
                    "held_reason": what.held_reason,
                }
                for place, what in enumerate(one.effects, 1)
            ]
    for table, rows in ((finding, findings), (firing, firings), (effect, effects)):
        if rows:
            connection.execute(insert(table), rows)


def _finding_row(each: RuleFinding) -> dict[str, Any]:
    return {
        "rule_id": each.rule_id,
        "revision": each.revision,
        "platform": each.platform,
        "account_id": each.account_id,
        "level": each.level,
        "slot": each.slot,
        "whole": each.whole,
        "local_day": each.local_day,
        "evaluated": each.evaluated,
        "matched": len(each.firings),
        "suppressed": json.dumps(each.suppressed),
        "proposed": each.proposed,
        "latency_us": each.latency_us,
    }


def _keep(connection: Connection, texts: Mapping[str, str]) -> None:
    """Write down those texts that are not there yet."""
    known = set(_texts(connection, list(texts)))
    rows = [{"text_hash": key, "content": text} for key, text in sorted(texts.items()) if key not in known]
    if rows:
        connection.execute(insert(kept_text), rows)


def _texts(connection: Connection, hashes: Sequence[str]) -> dict[str, str]:
    found = {}
    for first in range(0, len(hashes), _AT_ONCE):
        asked = select(kept_text).where(kept_text.c.text_hash.in_(hashes[first : first + _AT_ONCE]))
        found.update({row.text_hash: row.content for row in connection.execute(asked)})
    return found


def _findings(connection: Connection, evaluation_id: int) -> tuple[RuleFinding, ...]:
    of_run = select(finding).where(finding.c.evaluation_id == evaluation_id).order_by(finding.c.finding_id)
    rows = connection.execute(of_run).all()
    fired = connection.execute(
        select(firing)
        .join(finding, and_(finding.c.finding_id == firing.c.finding_id, finding.c.evaluation_id == evaluation_id))
        .order_by(firing.c.firing_id)
    ).all()
    made = connection.execute(
        select(effect, proposed_change.c.number.label("place"))
        .join(firing, firing.c.firing_id == effect.c.firing_id)
        .join(finding, and_(finding.c.finding_id == firing.c.finding_id, finding.c.evaluation_id == evaluation_id))
        .outerjoin(proposed_change, proposed_change.c.change_id == effect.c.change_id)
        .order_by(effect.c.effect_id)
    ).all()
    effects: dict[int, list[KeptEffect]] = {}
    for row in made:
        draft = None if row.place is None else row.place - 1
        kept = KeptEffect(row.kind, row.content, draft, row.held_by, row.held_reason)
        effects.setdefault(row.firing_id, []).append(kept)
    firings: dict[int, list[Firing]] = {}
    for row in fired:
        one = Firing(row.object_id, row.object_name, json.loads(row.trace), tuple(effects.get(row.firing_id, ())))
        firings.setdefault(row.finding_id, []).append(one)
    return tuple(
        RuleFinding(
            row.rule_id,
            row.revision,
            row.platform,
            row.account_id,
            row.level,
            row.local_day,
            row.evaluated,
            row.latency_us,
            tuple(firings.get(row.finding_id, ())),
            row.slot,
            row.whole,
        )
        for row in rows
    )
