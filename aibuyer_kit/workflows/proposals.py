"""Proposals as people see and approve them."""

from collections import Counter
from datetime import timedelta
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import shown
from aibuyer_kit.core.clock import Clock, SystemClock
from aibuyer_kit.core.errors import ApprovalError
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.ledger.database import FILE_NAME
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Proposal
from aibuyer_kit.rules.trace_lines import lines_of
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.period import client_clock

_LOOKED_BACK = 200
_UNKNOWN_TOLD = timedelta(days=7)
CHANGE_COLUMNS = (
    *("proposal", "number", "state", "platform", "account_id", "level", "object_id", "object_name", "field"),
    *("before", "after", "rule_id", "rule_version", "reason", "proposed_by", "made_at", "expires_at", "approved_by"),
    *("approved_at", "tries", "read_back", "outcome", "concluded_at", "undoes"),
)


def proposals_clock(context: ClientContext) -> Clock:
    """Return the clock on which a client's proposals are made, approved and expire."""
    reader = Reader(context.warehouse)
    try:
        return client_clock(context, reader) if reader.is_published else SystemClock()
    finally:
        reader.close()


def approve(
    context: ClientContext, settings: Settings, proposal_id: int, *, approved_by: str, seen_hash: str = ""
) -> Proposal:
    """Approve a proposal as it stands. Raises ApprovalError that says why not, NotFoundError."""
    now = proposals_clock(context).now()
    with Ledger(context.ledger) as ledger:
        plan = ledger.approve(
            proposal_id, approved_by=approved_by, now=now, seen_hash=seen_hash, own=settings.apply.own_approvals
        )
        if not plan.is_approved:
            raise ApprovalError(f"Proposal {proposal_id} is not as it was made. Have it proposed anew.")
        return plan


def reject(context: ClientContext, proposal_id: int, *, rejected_by: str, reason: str = "") -> Proposal:
    """Turn a proposal down, approved or not, before anything of it was begun. Raises ApprovalError, NotFoundError."""
    now = proposals_clock(context).now()
    with Ledger(context.ledger) as ledger:
        return ledger.reject(proposal_id, rejected_by=rejected_by, now=now, reason=reason)


def in_doubt(context: ClientContext) -> list[str]:
    """Return the changes that may have been sent and of which nobody has read back what became of them.

    Those that ended as unknown within the last week are among them. Nothing where there is no ledger yet.
    """
    if not (context.ledger / FILE_NAME).exists():
        return []
    now = proposals_clock(context).now()
    with Ledger(context.ledger) as ledger:
        open_plans, recent = ledger.to_apply(), ledger.proposals(most=_LOOKED_BACK)
    found = {}
    for plan in (*open_plans, *recent):
        for each in plan.changes:
            ended = each.outcome
            is_unknown = ended and ended.verdict == "unknown" and now - ended.concluded_at < _UNKNOWN_TOLD
            if each.in_doubt or is_unknown:
                found[each.change_id] = f"{plan.proposal_id}.{each.number} {each.draft.sentence()}"
    return [found[change_id] for change_id in sorted(found)]


def proposal_rows(context: ClientContext, *, only_open: bool = False) -> list[dict[str, Any]]:
    """Return one row per proposal, the newest first."""
    now = proposals_clock(context).now()
    with Ledger(context.ledger) as ledger:
        found = ledger.proposals()
    return [_proposal_row(plan, now) for plan in found if not only_open or plan.is_open(now)]


def change_rows(context: ClientContext, *, only_open: bool = False) -> list[dict[str, Any]]:
    """Return one row per proposed change, the newest proposal first; budgets in micros, statuses as text."""
    now = proposals_clock(context).now()
    with Ledger(context.ledger) as ledger:
        found = ledger.proposals()
    return [
        {
            "proposal": plan.proposal_id,
            "number": each.number,
            "state": plan.state_of(each, now),
            "platform": each.change.platform,
            "account_id": each.change.account_id,
            "level": str(each.change.level),
            "object_id": each.change.object_id,
            "object_name": each.draft.object_name,
            "field": each.change.field,
            "before": each.change.before,
            "after": each.change.after,
            "rule_id": each.draft.rule_id,
            "rule_version": each.draft.rule_version,
            "reason": each.draft.reason,
            "proposed_by": plan.proposed_by,
            "made_at": plan.made_at,
            "expires_at": plan.expires_at,
            "approved_by": plan.approval.approved_by if plan.approval else None,
            "approved_at": plan.approval.approved_at if plan.approval else None,
            "tries": len(each.attempts),
            "read_back": each.outcome.read_back if each.outcome else None,
            "outcome": each.outcome.reason if each.outcome else None,
            "concluded_at": each.outcome.concluded_at if each.outcome else None,
            "undoes": plan.undoes,
        }
        for plan in found
        for each in plan.changes
        if not only_open or plan.state_of(each, now) in ("pending", "approved", "waiting", "doubt")
    ]


def proposal_text(context: ClientContext, proposal_id: int) -> str:
    """Return all that is known of one proposal as text. Raises NotFoundError."""
    now = proposals_clock(context).now()
    with Ledger(context.ledger) as ledger:
        plan = ledger.proposal(proposal_id)
    row = _proposal_row(plan, now)
    lines = [
        f"proposal {plan.proposal_id}: {row['state']}",
        f"plan {plan.plan_hash[:12]}{'' if plan.is_intact else ' (ITS ROWS WERE EDITED; it cannot be approved)'}",
        f"proposed by {plan.proposed_by} at {plan.made_at:%Y-%m-%d %H:%M} UTC",
        f"good until {plan.expires_at:%Y-%m-%d %H:%M} UTC",
    ]
    if plan.undoes:
        lines.append(f"takes back proposal {plan.undoes}")
    if plan.data_known_at:
        lines.append(f"decided on load {plan.load_id}, data of {plan.data_known_at:%Y-%m-%d %H:%M} UTC")
    if plan.approval:
        lines.append(f"approved by {plan.approval.approved_by} at {plan.approval.approved_at:%Y-%m-%d %H:%M} UTC")
    if plan.rejection:
        why = f": {plan.rejection.reason}" if plan.rejection.reason else ""
        lines.append(
            f"rejected by {plan.rejection.rejected_by} at {plan.rejection.rejected_at:%Y-%m-%d %H:%M} UTC{why}"
        )
    for each in plan.changes:
        state = plan.state_of(each, now)
        lines.append(f"{each.number}. {each.draft.sentence()}: {state}")
        version = f" ({each.draft.rule_id}, version {each.draft.rule_version})" if each.draft.rule_id else ""
        lines.append(f"   why: {each.draft.reason}{version}")
        lines += [
            f"     {line}"
            for line in (lines_of(each.draft.trace, 0, context.settings.locale) if each.draft.trace else ())
        ]
        if each.held_until and not each.outcome:
            lines.append(f"   waits until {each.held_until:%Y-%m-%d %H:%M:%S} UTC: {each.attempts[-1].held_reason}")
        if each.outcome:
            lines.append(
                f"   {each.outcome.verdict} at {each.outcome.concluded_at:%Y-%m-%d %H:%M:%S} UTC:"
                f" {each.outcome.reason}; the platform has {shown(each.outcome.read_back)}"
            )
    lines += [f"held back: {each['change']}: {each['by']}: {each['reason']}" for each in plan.findings]
    return "\n".join(map(for_terminal, lines))


def _proposal_row(plan: Proposal, now: Any) -> dict[str, Any]:
    states = Counter(plan.state_of(each, now) for each in plan.changes)
    return {
        "proposal": plan.proposal_id,
        "state": ", ".join(f"{count} {state}" for state, count in sorted(states.items())),
        "proposed_by": plan.proposed_by,
        "made_at": f"{plan.made_at:%Y-%m-%d %H:%M}",
        "good_until": f"{plan.expires_at:%Y-%m-%d %H:%M}",
        "approved_by": plan.approval.approved_by if plan.approval else None,
        "undoes": plan.undoes,
    }
