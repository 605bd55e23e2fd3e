"""What rules have asked for before, and when what they asked for was last touched."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from aibuyer_kit.ledger.evaluation_records import PastChange
from aibuyer_kit.ledger.tables import (
    approval,
    attempt,
    effect,
    evaluation,
    finding,
    firing,
    intent,
    outcome,
    proposal,
    proposed_change,
)


def past_changes(connection: Connection, since: datetime, now: datetime) -> list[PastChange]:
    """Return what rules have asked for on figures known since then, once for each rule that asked for it."""
    sent_at = (
        select(intent.c.change_id, func.max(attempt.c.begun_at).label("begun_at"))
        .join(attempt, attempt.c.intent_id == intent.c.intent_id)
        .group_by(intent.c.change_id)
        .subquery()
    )
    asked = (
        select(
            proposed_change,
            proposal.c.expires_at,
            func.coalesce(evaluation.c.data_known_at, proposal.c.data_known_at).label("known_at"),
            func.coalesce(finding.c.rule_id, proposed_change.c.rule_id).label("asked_by"),
            evaluation.c.evaluation_id,
            finding.c.local_day,
            approval.c.approval_id,
            sent_at.c.begun_at,
            outcome.c.verdict,
            outcome.c.concluded_at,
        )
        .select_from(proposed_change)
        .join(proposal, proposal.c.proposal_id == proposed_change.c.proposal_id)
        .outerjoin(effect, effect.c.change_id == proposed_change.c.change_id)
        .outerjoin(firing, firing.c.firing_id == effect.c.firing_id)
        .outerjoin(finding, finding.c.finding_id == firing.c.finding_id)
        .outerjoin(evaluation, evaluation.c.evaluation_id == finding.c.evaluation_id)
        .outerjoin(approval, approval.c.proposal_id == proposal.c.proposal_id)
        .outerjoin(intent, intent.c.change_id == proposed_change.c.change_id)
        .outerjoin(outcome, outcome.c.intent_id == intent.c.intent_id)
        .outerjoin(sent_at, sent_at.c.change_id == proposed_change.c.change_id)
        .where(proposal.c.data_known_at >= since)
        .order_by(proposed_change.c.change_id)
    )
    rows = connection.execute(asked).all()
    return [_past(row) for row in rows if row.asked_by and row.known_at and not _came_to_nothing(row, now)]


def _came_to_nothing(row: Any, now: datetime) -> bool:
    """Return whether a change expired before anything was sent of it."""
    if row.begun_at is not None:
        return False
    if row.concluded_at is not None:
        return bool(row.verdict == "failed" and row.concluded_at >= row.expires_at)
    return bool(row.approval_id is None and now >= row.expires_at)


def _past(row: Any) -> PastChange:
    moments = [each for each in (row.known_at, row.begun_at, row.concluded_at) if each is not None]
    return PastChange(
        row.asked_by,
        row.evaluation_id,
        row.account_id,
        row.object_id,
        row.field,
        row.before_value,
        row.after_value,
        row.local_day,
        max(moments),
    )
