"""One client's ledger: what is written is on the disk before a call returns, and is never changed afterwards."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, insert, select
from sqlalchemy.exc import IntegrityError

from aibuyer_kit.core.changes import Change, Value
from aibuyer_kit.core.errors import ApprovalError, LedgerError, NotFoundError
from aibuyer_kit.ledger.database import open_engine, sqlite_url, telling
from aibuyer_kit.ledger.evaluation_records import Evaluation
from aibuyer_kit.ledger.evaluations import Evaluations, write_evaluation
from aibuyer_kit.ledger.proposal_rows import proposals_of, row_of, values_of
from aibuyer_kit.ledger.records import (
    Draft,
    Proposal,
    ProposedChange,
    Verdict,
    idempotency_key,
    plan_hash,
)
from aibuyer_kit.ledger.tables import approval, attempt, hold, intent, outcome, proposal, proposed_change, rejection


@dataclass(frozen=True)
class Sent:
    """A call that may have changed an object, at its time, with the values before and after."""

    at: datetime
    before: Value
    after: Value


class Ledger:
    """Proposals, approvals, intents, attempts, outcomes of one client; `address` is a folder, or a database's URL."""

    def __init__(self, address: Path | str) -> None:
        self._engine: Engine = open_engine(sqlite_url(address) if isinstance(address, Path) else address)
        self.evaluations = Evaluations(self._engine)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    @telling
    def propose(
        self,
        drafts: Sequence[Draft],
        *,
        proposed_by: str,
        by_person: bool,
        made_at: datetime,
        expires_at: datetime,
        load_id: int | None = None,
        data_known_at: datetime | None = None,
        undoes: int | None = None,
        findings: Sequence[Mapping[str, Any]] = (),
    ) -> Proposal:
        """Write a proposal with its changes, whole or not at all. Raises LedgerError for one without a change."""
        made = {"proposed_by": proposed_by, "by_person": by_person, "made_at": made_at, "expires_at": expires_at}
        read = {"load_id": load_id, "data_known_at": data_known_at, "undoes": undoes}
        with self._engine.begin() as connection:
            number, _ = _propose(connection, drafts, findings, **made, **read)
        return self.proposal(number)

    @telling
    def decide(
        self,
        run: Evaluation,
        drafts: Sequence[Draft],
        *,
        proposed_by: str,
        expires_at: datetime,
        findings: Sequence[Mapping[str, Any]] = (),
    ) -> tuple[int, Proposal | None]:
        """Write an evaluation and the proposal that comes of it, if any, together or not at all.

        Return the evaluation's number and the proposal.
        """
        number, change_ids = None, list[int]()
        with self._engine.begin() as connection:
            if drafts:
                number, change_ids = _propose(
                    connection,
                    drafts,
                    findings,
                    proposed_by=proposed_by,
                    by_person=False,
                    made_at=run.evaluated_at,
                    expires_at=expires_at,
                    load_id=run.load_id,
                    data_known_at=run.data_known_at,
                )
            evaluation_id = write_evaluation(connection, run, number, change_ids)
        return evaluation_id, None if number is None else self.proposal(number)

    @telling
    def approve(
        self, proposal_id: int, *, approved_by: str, now: datetime, seen_hash: str = "", own: bool = False
    ) -> Proposal:
        """Approve a proposal as it stands and return it; `seen_hash` is the plan that the approver has seen.

        Raises ApprovalError if it was edited, has expired, was approved before, is not the one that was seen, or if a
        person approves what he or she proposed and `own` does not allow it; NotFoundError.
        """
        if not approved_by.strip():
            raise ApprovalError("An approval needs the name of who gives it.")
        with self._engine.begin() as connection:
            found = self._one(connection, proposal_id, to_write=True)
            _refuse(found, approved_by, now, seen_hash, own=own)
            connection.execute(
                insert(approval).values(
                    proposal_id=proposal_id, approved_by=approved_by, approved_at=now, plan_hash=found.plan_hash
                )
            )
        return self.proposal(proposal_id)

    @telling
    def reject(self, proposal_id: int, *, rejected_by: str, now: datetime, reason: str = "") -> Proposal:
        """Turn a proposal down, approved or not, before anything of it was begun.

        Raises ApprovalError if something was, or if it was turned down before; NotFoundError.
        """
        if not rejected_by.strip():
            raise ApprovalError("A rejection needs the name of who gives it.")
        with self._engine.begin() as connection:
            found = self._one(connection, proposal_id, to_write=True)
            if found.rejection:
                raise ApprovalError(f"Proposal {proposal_id} was rejected by {found.rejection.rejected_by} already.")
            if any(each.intended_at for each in found.changes):
                raise ApprovalError(
                    f"Proposal {proposal_id} is being applied already. What was done can be taken back:"
                    f" aibuyer undo {proposal_id}"
                )
            connection.execute(
                insert(rejection).values(
                    proposal_id=proposal_id, rejected_by=rejected_by, rejected_at=now, reason=reason
                )
            )
        return self.proposal(proposal_id)

    @telling
    def begin(self, change_id: int, *, now: datetime) -> int:
        """Write down that a change is about to be sent, and return which attempt that is.

        The first time this is its intent. Raises LedgerError if no approval holds for it, or if it came to an end.
        """
        with self._engine.begin() as connection:
            found, each = self._of_change(connection, change_id)
            _refuse_to_begin(found, each)
            intent_id = self._intent(connection, found, each, now)
            number = len(each.attempts) + 1
            connection.execute(insert(attempt).values(intent_id=intent_id, number=number, begun_at=now))
        return number

    @telling
    def put_off(self, change_id: int, *, now: datetime, until: datetime, reason: str) -> None:
        """Write down that the platform refused the latest attempt for now: it had no effect."""
        with self._engine.begin() as connection:
            asked = (
                select(func.max(attempt.c.attempt_id))
                .select_from(attempt.join(intent, attempt.c.intent_id == intent.c.intent_id))
                .where(intent.c.change_id == change_id)
            )
            attempt_id = connection.scalar(asked)
            if attempt_id is None:
                raise LedgerError(f"Change {change_id} was not begun.")
            connection.execute(insert(hold).values(attempt_id=attempt_id, told_at=now, until=until, reason=reason))

    @telling
    def conclude(
        self, change_id: int, verdict: Verdict, *, read_back: Value | None, reason: str, now: datetime
    ) -> None:
        """Write down how a change ended, once; a change that ends before it was sent gets its intent here.

        Raises LedgerError if it has an outcome already, or if no approval holds for it.
        """
        with self._engine.begin() as connection:
            found, each = self._of_change(connection, change_id)
            _refuse_to_begin(found, each)
            intent_id = self._intent(connection, found, each, now)
            connection.execute(
                insert(outcome).values(
                    intent_id=intent_id,
                    verdict=verdict,
                    read_back=None if read_back is None else str(read_back),
                    reason=reason,
                    concluded_at=now,
                )
            )

    @telling
    def proposal(self, proposal_id: int) -> Proposal:
        """Return a proposal. Raises NotFoundError that lists the newest ones."""
        with self._reading() as connection:
            return self._one(connection, proposal_id)

    @telling
    def proposals(self, *, most: int | None = None) -> list[Proposal]:
        """Return the proposals, the newest first; all of them, or the newest `most`."""
        with self._reading() as connection:
            asked = select(proposal.c.proposal_id).order_by(proposal.c.proposal_id.desc())
            numbers = connection.scalars(asked if most is None else asked.limit(most)).all()
            return sorted(proposals_of(connection, numbers), key=lambda each: -each.proposal_id)

    @telling
    def to_apply(self) -> list[Proposal]:
        """Return the approved proposals of which a change has not come to its end, the oldest first."""
        unfinished = (
            select(proposed_change.c.proposal_id)
            .join(approval, approval.c.proposal_id == proposed_change.c.proposal_id)
            .outerjoin(intent, intent.c.change_id == proposed_change.c.change_id)
            .outerjoin(outcome, outcome.c.intent_id == intent.c.intent_id)
            .outerjoin(rejection, rejection.c.proposal_id == proposed_change.c.proposal_id)
            .where(outcome.c.outcome_id.is_(None), rejection.c.rejection_id.is_(None))
            .distinct()
        )
        with self._reading() as connection:
            found = proposals_of(connection, connection.scalars(unfinished).all())
            return sorted(found, key=lambda each: each.proposal_id)

    @telling
    def unfinished(self, now: datetime) -> list[Proposal]:
        """Return the proposals of which something may still come, approved or not, the oldest first."""
        with self._reading() as connection:
            made = select(proposal.c.proposal_id).where(proposal.c.expires_at > now)
            numbers = {*connection.scalars(made), *(each.proposal_id for each in self.to_apply())}
            found = [each for each in proposals_of(connection, sorted(numbers)) if each.is_open(now)]
            return sorted(found, key=lambda each: each.proposal_id)

    @telling
    def sent(self, change: Change, since: datetime, *, but: int | None = None) -> tuple[Sent, ...]:
        """Return the calls from `since` on that may have changed the same field of the same object, oldest first.

        One that the platform refused for now, or for good, is not among them; nor are those of the change `but`.
        """
        asked: Select[Any] = (
            select(attempt.c.begun_at, proposed_change)
            .select_from(attempt)
            .join(intent, intent.c.intent_id == attempt.c.intent_id)
            .join(proposed_change, proposed_change.c.change_id == intent.c.change_id)
            .outerjoin(hold, hold.c.attempt_id == attempt.c.attempt_id)
            .outerjoin(outcome, outcome.c.intent_id == intent.c.intent_id)
            .where(
                proposed_change.c.platform == change.platform,
                proposed_change.c.account_id == change.account_id,
                proposed_change.c.object_id == change.object_id,
                proposed_change.c.field == change.field,
                attempt.c.begun_at >= since,
                hold.c.hold_id.is_(None),
                func.coalesce(outcome.c.verdict, "unknown") != "failed",
                proposed_change.c.change_id != (0 if but is None else but),
            )
            .order_by(attempt.c.attempt_id)
        )
        with self._reading() as connection:
            rows = connection.execute(asked).all()
        return tuple(Sent(row.begun_at, *values_of(row)) for row in rows)

    @telling
    def undone(self, change_ids: Iterable[int], now: datetime) -> dict[int, int]:
        """Return which of these changes are taken back, or about to be, by which proposal."""
        wanted = list(change_ids)
        asked = select(proposed_change.c.proposal_id).where(proposed_change.c.undoes_change.in_(wanted)).distinct()
        with self._reading() as connection:
            plans = proposals_of(connection, connection.scalars(asked).all())
        return {
            each.draft.undoes_change: plan.proposal_id
            for plan in plans
            for each in plan.changes
            if each.draft.undoes_change in wanted
            and plan.state_of(each, now) in ("pending", "approved", "waiting", "doubt", "done")
        }

    @telling
    def loads_read(self) -> tuple[int, ...]:
        """Return every load of the warehouse that a stored decision read, sorted."""
        with self._reading() as connection:
            of_proposals = connection.scalars(select(proposal.c.load_id).where(proposal.c.load_id.is_not(None)))
            return tuple(sorted({*of_proposals, *self.evaluations.loads(connection)}))

    def _reading(self) -> Connection:
        return self._engine.connect().execution_options(reads=True)

    def _intent(self, connection: Connection, found: Proposal, each: ProposedChange, now: datetime) -> int:
        """Return the change's intent, written if there is none."""
        known: int | None = connection.scalar(select(intent.c.intent_id).where(intent.c.change_id == each.change_id))
        if known is not None:
            return known
        key = idempotency_key(found, each)
        try:
            done = connection.execute(
                insert(intent).values(change_id=each.change_id, idempotency_key=key, intended_at=now)
            )
        except IntegrityError:
            raise LedgerError(f"Change {each.change_id} was begun under another number. Nothing was sent.") from None
        return int((done.inserted_primary_key or [0])[0])

    def _of_change(self, connection: Connection, change_id: int) -> tuple[Proposal, ProposedChange]:
        asked = select(proposed_change.c.proposal_id).where(proposed_change.c.change_id == change_id)
        number = connection.scalar(asked)
        if number is None:
            raise NotFoundError(f"There is no change {change_id} in the ledger.")
        found = self._one(connection, number, to_write=True)
        return found, next(each for each in found.changes if each.change_id == change_id)

    def _one(self, connection: Connection, proposal_id: int, *, to_write: bool = False) -> Proposal:
        if to_write:
            # SQLite has one writer; elsewhere a rejection and a begin of the same proposal wait for each other.
            held = select(proposal.c.proposal_id).where(proposal.c.proposal_id == proposal_id)
            connection.execute(held.with_for_update())
        found = proposals_of(connection, [proposal_id])
        if not found:
            newest = connection.scalar(select(func.max(proposal.c.proposal_id)))
            known = f"They are numbered from 1 to {newest}" if newest else "There is none yet"
            raise NotFoundError(f"There is no proposal {proposal_id}. {known}: aibuyer proposals list")
        return found[0]


def _propose(
    connection: Connection, drafts: Sequence[Draft], findings: Sequence[Mapping[str, Any]], **made: Any
) -> tuple[int, list[int]]:
    """Write a proposal; return its number and those of its changes, in their order."""
    if not drafts:
        raise LedgerError("A proposal without a change is none.")
    number = 1 + (connection.scalar(select(func.max(proposal.c.proposal_id))) or 0)
    kept = json.dumps([dict(each) for each in findings], allow_nan=False)
    bound = plan_hash(number, made["expires_at"], drafts)
    connection.execute(insert(proposal).values(proposal_id=number, findings=kept, plan_hash=bound, **made))
    rows = [row_of(draft) | {"proposal_id": number, "number": at} for at, draft in enumerate(drafts, 1)]
    connection.execute(insert(proposed_change), rows)
    written = select(proposed_change.c.change_id).where(proposed_change.c.proposal_id == number)
    return number, list(connection.scalars(written.order_by(proposed_change.c.number)))


def _refuse(found: Proposal, approved_by: str, now: datetime, seen_hash: str, *, own: bool) -> None:
    number = found.proposal_id
    if not found.is_intact:
        raise ApprovalError(f"Proposal {number} is not as it was made: its rows were edited. Have it proposed anew.")
    if seen_hash and not found.plan_hash.startswith(seen_hash):
        raise ApprovalError(
            f"Proposal {number} has the plan {found.plan_hash[:12]}, not {seen_hash[:12]}."
            f" Look at it again: aibuyer proposals show {number}"
        )
    if found.rejection is not None:
        raise ApprovalError(f"Proposal {number} was rejected by {found.rejection.rejected_by}. Have it proposed anew.")
    if found.approval is not None:
        raise ApprovalError(f"Proposal {number} was approved by {found.approval.approved_by} already.")
    if now >= found.expires_at:
        raise ApprovalError(
            f"Proposal {number} expired at {found.expires_at:%Y-%m-%d %H:%M} UTC: figures have moved on since."
            " Decide anew: aibuyer decide"
        )
    if found.by_person and not own and approved_by.strip().casefold() == found.proposed_by.strip().casefold():
        raise ApprovalError(
            f"Proposal {number} was proposed by {found.proposed_by}, who may not approve it too. Ask somebody else"
            " (--by NAME), or allow it in aibuyer.toml for people who work alone: [apply] own_approvals = true"
        )


def _refuse_to_begin(found: Proposal, each: ProposedChange) -> None:
    if not found.is_approved:
        raise LedgerError(f"Change {each.change_id} is not covered by an approval of the plan as it stands.")
    if each.outcome is not None:
        raise LedgerError(f"Change {each.change_id} has ended already: {each.outcome.verdict}.")
