"""Taking back what was done: a proposal of its own, which goes the same way as any other."""

from collections.abc import Sequence
from datetime import timedelta

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.clock import Clock
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft, Proposal
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.workflows.proposals import proposals_clock


def undo(
    context: ClientContext,
    settings: Settings,
    proposal_id: int,
    *,
    asked_by: str,
    numbers: Sequence[int] = (),
    clock: Clock | None = None,
) -> Proposal:
    """Propose to restore the values from before a proposal, of all its changes that were done or of some `numbers`.

    Of a bundle all or none; as its cuts were made first, so are those of taking it back.
    Applying it restores nothing that somebody else has changed since. Raises NotFoundError, InputError if there is
    nothing to take back.
    """
    with Ledger(context.ledger) as ledger:
        plan, now = ledger.proposal(proposal_id), (clock or proposals_clock(context)).now()
        # A practice account's time stands at the last sync; what was done since lies behind it all the same.
        now = max([now, *(each.outcome.concluded_at for each in plan.changes if each.outcome)])
        if unknown := set(numbers) - {each.number for each in plan.changes}:
            known = ", ".join(str(each.number) for each in plan.changes)
            raise InputError(f"Proposal {proposal_id} has no change {min(unknown)}. It has: {known}.")
        named = [each for each in plan.changes if not numbers or each.number in numbers]
        bundles = {each.draft.bundle for each in named} - {""}
        asked = [each for each in plan.changes if each in named or each.draft.bundle in bundles]
        done = [each for each in asked if each.outcome and each.outcome.verdict == "done"]
        if not done:
            states = ", ".join(f"{each.number} {plan.state_of(each, now)}" for each in asked)
            raise InputError(f"Nothing of proposal {proposal_id} was done that could be taken back ({states}).")
        undone = ledger.undone([each.change_id for each in done], now)
        left = [each for each in done if each.change_id not in undone]
        if not left:
            number = undone[done[0].change_id]
            raise InputError(f"Proposal {number} takes it back already: aibuyer proposals show {number}")
        drafts = [
            Draft(
                each.change.reversed(),
                f"takes back {proposal_id}.{each.number}",
                each.draft.object_name,
                undoes_change=each.change_id,
                bundle=each.draft.bundle,
            )
            for each in reversed(left)
        ]
        return ledger.propose(
            drafts,
            proposed_by=asked_by,
            by_person=True,
            made_at=now,
            expires_at=now + timedelta(hours=settings.apply.expires_hours),
            undoes=proposal_id,
        )
