"""What the ledger takes and gives: plain values, with the state that follows from the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from aibuyer_kit.core.changes import Change, Value, canonical_json, sha256
from aibuyer_kit.core.escape import for_terminal

Verdict = Literal["done", "failed", "conflict", "unknown"]
# pending and expired: no approval (in time); rejected: a person turned it down; approved: to be sent;
# waiting: the platform takes it later;
# doubt: it may have been sent, and has not been read back; the others are outcomes.
State = Literal[
    "pending", "expired", "rejected", "approved", "waiting", "doubt", "done", "failed", "conflict", "unknown"
]


@dataclass(frozen=True)
class Draft:
    """One change that is to be proposed: what, of which object, and why.

    Changes of one `bundle` belong together: none of them raises spend before all that lower it are done.
    """

    change: Change
    reason: str
    object_name: str = ""
    rule_id: str | None = None
    rule_version: str | None = None
    trace: Mapping[str, Any] | None = None
    undoes_change: int | None = None
    bundle: str = ""

    def sentence(self) -> str:
        """Return the change in a few words, with the object's name, fit for a terminal."""
        return f"{self.change.sentence()} ({for_terminal(self.object_name)})"


@dataclass(frozen=True)
class Attempt:
    """One call that may have changed the platform; with `held_until` the platform refused it for now."""

    number: int
    begun_at: datetime
    held_until: datetime | None = None
    held_reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a change ended, and the value that was read back."""

    verdict: Verdict
    read_back: Value | None
    reason: str
    concluded_at: datetime


@dataclass(frozen=True)
class Approval:
    """Who approved which plan, and when."""

    approved_by: str
    approved_at: datetime
    plan_hash: str


@dataclass(frozen=True)
class Rejection:
    """Who turned a proposal down, when and why."""

    rejected_by: str
    rejected_at: datetime
    reason: str


@dataclass(frozen=True)
class ProposedChange:
    """One change of a proposal with all that has become of it."""

    change_id: int
    proposal_id: int
    number: int
    draft: Draft
    intended_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    outcome: Outcome | None = None

    @property
    def change(self) -> Change:
        return self.draft.change

    @property
    def held_until(self) -> datetime | None:
        """Until when the platform takes it not, if its latest word was that; it may have passed."""
        return self.attempts[-1].held_until if self.attempts else None

    @property
    def in_doubt(self) -> bool:
        """Whether it may have been sent, and nobody has read it back since."""
        return bool(self.attempts) and self.outcome is None and self.held_until is None

    @property
    def doubts(self) -> int:
        """How many calls may have taken effect; one that the platform refused for now did not."""
        return sum(each.held_until is None for each in self.attempts)


@dataclass(frozen=True)
class Proposal:
    """One proposal with its changes; `plan_hash` is the one that it was made with."""

    proposal_id: int
    made_at: datetime
    expires_at: datetime
    proposed_by: str
    by_person: bool
    load_id: int | None
    data_known_at: datetime | None
    undoes: int | None
    findings: tuple[Mapping[str, Any], ...]
    plan_hash: str
    changes: tuple[ProposedChange, ...]
    approval: Approval | None = None
    rejection: Rejection | None = None

    @property
    def is_intact(self) -> bool:
        """Whether its rows are still those that it was made with."""
        return self.plan_hash == plan_hash(self.proposal_id, self.expires_at, [each.draft for each in self.changes])

    def bundled_with(self, each: ProposedChange) -> list[ProposedChange]:
        """Return the changes of the same bundle, itself among them; none where it belongs to none."""
        return [one for one in self.changes if each.draft.bundle and one.draft.bundle == each.draft.bundle]

    @property
    def is_approved(self) -> bool:
        """Whether an approval holds for exactly this plan."""
        return (
            self.is_intact
            and self.approval is not None
            and self.approval.plan_hash == self.plan_hash
            and self.rejection is None
        )

    def state_of(self, each: ProposedChange, now: datetime) -> State:
        """Return the state of one of its changes."""
        if each.outcome:
            return each.outcome.verdict
        if each.attempts:
            return "doubt" if each.in_doubt else "waiting"
        if self.rejection:
            return "rejected"
        if now >= self.expires_at:
            return "expired"
        return "approved" if self.is_approved else "pending"

    def is_open(self, now: datetime) -> bool:
        """Whether something may still come of it."""
        return any(self.state_of(each, now) in ("pending", "approved", "waiting", "doubt") for each in self.changes)


def plan_hash(proposal_id: int, expires_at: datetime, drafts: Sequence[Draft]) -> str:
    """Return the hash by which an approval is bound to a proposal, its expiry and its changes in their order.

    The bundle of a change is part of it where there is one.
    """
    content = {
        "proposal_id": proposal_id,
        "expires_at": expires_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "changes": [asdict(each.change) | ({"bundle": each.bundle} if each.bundle else {}) for each in drafts],
    }
    return sha256(canonical_json(content))


def idempotency_key(proposal: Proposal, each: ProposedChange) -> str:
    """Return the key under which a change is begun at most once."""
    return sha256(canonical_json([proposal.plan_hash, each.number, each.change.fingerprint()]))
