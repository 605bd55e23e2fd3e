"""Proposals and the rows that tell of them: their changes, approvals, attempts and ends."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, select

from aibuyer_kit.core.changes import AMOUNTS, Change, Value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ChangeError, LedgerError
from aibuyer_kit.ledger.records import Approval, Attempt, Draft, Outcome, Proposal, ProposedChange, Rejection
from aibuyer_kit.ledger.tables import approval, attempt, hold, intent, outcome, proposal, proposed_change, rejection


def proposals_of(connection: Connection, numbers: Sequence[int]) -> list[Proposal]:
    """Return the proposals of these numbers, in no order, with all that came of them."""
    if not numbers:
        return []
    chosen = proposal.c.proposal_id.in_(numbers)
    plans = connection.execute(select(proposal).where(chosen)).all()
    approvals = {
        row.proposal_id: Approval(row.approved_by, row.approved_at, row.plan_hash)
        for row in connection.execute(select(approval).where(approval.c.proposal_id.in_(numbers)))
    }
    rejections = {
        row.proposal_id: Rejection(row.rejected_by, row.rejected_at, row.reason)
        for row in connection.execute(select(rejection).where(rejection.c.proposal_id.in_(numbers)))
    }
    changes = _changes(connection, numbers)
    return [
        _proposal(row, changes[row.proposal_id], approvals.get(row.proposal_id), rejections.get(row.proposal_id))
        for row in plans
    ]


def _changes(connection: Connection, numbers: Sequence[int]) -> dict[int, list[ProposedChange]]:
    chosen = proposed_change.c.proposal_id.in_(numbers)
    begun = and_(intent.c.change_id == proposed_change.c.change_id)
    rows = connection.execute(
        select(
            proposed_change,
            intent.c.intended_at,
            outcome.c.verdict,
            outcome.c.read_back,
            outcome.c.reason.label("outcome_reason"),
            outcome.c.concluded_at,
        )
        .select_from(proposed_change)
        .outerjoin(intent, begun)
        .outerjoin(outcome, outcome.c.intent_id == intent.c.intent_id)
        .where(chosen)
        .order_by(proposed_change.c.proposal_id, proposed_change.c.number)
    ).all()
    tries = connection.execute(
        select(intent.c.change_id, attempt.c.number, attempt.c.begun_at, hold.c.until, hold.c.reason)
        .select_from(attempt)
        .join(intent, intent.c.intent_id == attempt.c.intent_id)
        .join(proposed_change, begun)
        .outerjoin(hold, hold.c.attempt_id == attempt.c.attempt_id)
        .where(chosen)
        .order_by(attempt.c.attempt_id)
    ).all()
    attempts = defaultdict[int, list[Attempt]](list)
    for row in tries:
        attempts[row.change_id].append(Attempt(row.number, row.begun_at, row.until, row.reason or ""))
    found = defaultdict[int, list[ProposedChange]](list)
    for row in rows:
        found[row.proposal_id].append(_change(row, attempts[row.change_id]))
    return found


def row_of(draft: Draft) -> dict[str, Any]:
    """Return a draft by the columns of its change, but for what tells where in which proposal it stands."""
    change = draft.change
    return {
        "platform": change.platform,
        "account_id": change.account_id,
        "level": str(change.level),
        "object_id": change.object_id,
        "object_name": draft.object_name,
        "field": change.field,
        "before_value": str(change.before),
        "after_value": str(change.after),
        "reason": draft.reason,
        "rule_id": draft.rule_id,
        "rule_version": draft.rule_version,
        "trace": None if draft.trace is None else json.dumps(draft.trace, allow_nan=False),
        "undoes_change": draft.undoes_change,
        "bundle": draft.bundle or None,
    }


def _value(field: str, text: str) -> Value:
    return int(text) if field in AMOUNTS else text


def values_of(row: Any) -> tuple[Value, Value]:
    """Return the values before and after of a change's row."""
    return _value(row.field, row.before_value), _value(row.field, row.after_value)


def _change(row: Any, attempts: Sequence[Attempt]) -> ProposedChange:
    try:
        before, after = values_of(row)
        change = Change(row.platform, row.account_id, Level(row.level), row.object_id, row.field, before, after)
    except (ChangeError, ValueError) as error:
        raise LedgerError(
            f"The ledger's row of change {row.proposal_id}.{row.number} was edited and is none: {error}"
            " Restore the ledger from a backup; nothing is applied from this one."
        ) from None
    trace = None if row.trace is None else json.loads(row.trace)
    why = (row.reason, row.object_name, row.rule_id, row.rule_version, trace)
    draft = Draft(change, *why, row.undoes_change, row.bundle or "")
    ended = None
    if row.verdict is not None:
        read_back = None if row.read_back is None else _value(row.field, row.read_back)
        ended = Outcome(row.verdict, read_back, row.outcome_reason, row.concluded_at)
    return ProposedChange(row.change_id, row.proposal_id, row.number, draft, row.intended_at, tuple(attempts), ended)


def _proposal(
    row: Any, changes: Sequence[ProposedChange], approved: Approval | None, rejected: Rejection | None
) -> Proposal:
    return Proposal(
        row.proposal_id,
        row.made_at,
        row.expires_at,
        row.proposed_by,
        row.by_person,
        row.load_id,
        row.data_known_at,
        row.undoes,
        tuple(json.loads(row.findings)),
        row.plan_hash,
        tuple(changes),
        approved,
        rejected,
    )
