"""What rules last asked for and nobody has settled since: a rule that is not due now keeps its say by it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select

from aibuyer_kit.core.changes import Change, change_of
from aibuyer_kit.ledger.tables import (
    attempt,
    effect,
    evaluation,
    finding,
    firing,
    intent,
    outcome,
    proposal,
    proposed_change,
    rejection,
)

# A rule, and the platform and the account in which it is not due.
Resting = tuple[str, str, str]
# What is only told of, or is wrong by what figures still arriving are expected to come to, is no word.
_NO_WORD = ("notify", "maturity")
# Databases take only so many values in one question.
_AT_ONCE = 10_000


@dataclass(frozen=True)
class LastWord:
    """A change that a rule asked for when it was last looked at; `number` is that of its action, from 1."""

    rule_id: str
    number: int
    change: Change
    at: datetime
    held_by: str | None


def last_words(
    connection: Connection,
    resting: Mapping[Resting, str],
    objects: Collection[str],
    since: datetime,
    now: datetime,
) -> list[LastWord]:
    """Return what rules asked for of some objects when they were last looked at, since then.

    `resting` has the revision of each rule in each account; what another revision asked for counts no more. Nor does
    what was done, failed, was rejected, or expired before anything of it was sent.
    """
    looks = _last_looks(connection, resting, since)
    found = []
    ids = sorted(objects)
    for first in range(0, len(ids) if looks else 0, _AT_ONCE):
        for row in connection.execute(_asked(looks, ids[first : first + _AT_ONCE])):
            if not _is_settled(row, now):
                change = change_of(json.loads(row.content))
                found.append(LastWord(row.rule_id, row.number, change, row.evaluated_at, row.held_by))
    return found


def _last_looks(connection: Connection, resting: Mapping[Resting, str], since: datetime) -> list[int]:
    """Return the newest finding of each rule and account at which its figures were known, or it fired all the same."""
    key = (finding.c.rule_id, finding.c.platform, finding.c.account_id)
    newest = (
        select(*key, func.max(finding.c.finding_id).label("finding_id"))
        .join(evaluation, evaluation.c.evaluation_id == finding.c.evaluation_id)
        .where(evaluation.c.evaluated_at >= since, or_(finding.c.whole, finding.c.matched > 0))
        .group_by(*key)
        .subquery()
    )
    asked = select(*key, finding.c.finding_id, finding.c.revision).join(
        newest, newest.c.finding_id == finding.c.finding_id
    )
    rows = connection.execute(asked)
    return sorted(
        row.finding_id for row in rows if resting.get((row.rule_id, row.platform, row.account_id)) == row.revision
    )


def _asked(looks: list[int], ids: list[str]) -> Any:
    begun = exists().where(attempt.c.intent_id == intent.c.intent_id).correlate(intent)
    return (
        select(
            finding.c.rule_id,
            effect.c.number,
            effect.c.content,
            effect.c.held_by,
            evaluation.c.evaluated_at,
            proposal.c.expires_at,
            begun.label("is_begun"),
            rejection.c.rejection_id,
            outcome.c.outcome_id,
        )
        .select_from(finding)
        .join(evaluation, evaluation.c.evaluation_id == finding.c.evaluation_id)
        .join(firing, firing.c.finding_id == finding.c.finding_id)
        .join(effect, effect.c.firing_id == firing.c.firing_id)
        .outerjoin(proposed_change, proposed_change.c.change_id == effect.c.change_id)
        .outerjoin(proposal, proposal.c.proposal_id == proposed_change.c.proposal_id)
        .outerjoin(rejection, rejection.c.proposal_id == proposal.c.proposal_id)
        .outerjoin(intent, intent.c.change_id == proposed_change.c.change_id)
        .outerjoin(outcome, outcome.c.intent_id == intent.c.intent_id)
        .where(
            finding.c.finding_id.in_(looks),
            firing.c.object_id.in_(ids),
            effect.c.kind == "change",
            or_(effect.c.held_by.is_(None), effect.c.held_by.not_in(_NO_WORD)),
        )
        .order_by(effect.c.effect_id)
    )


def _is_settled(row: Any, now: datetime) -> bool:
    if row.outcome_id is not None or row.rejection_id is not None:
        return True
    # What was begun and has no end may still take effect; of all else nothing is sent once it has expired.
    return row.expires_at is not None and not row.is_begun and now >= row.expires_at
