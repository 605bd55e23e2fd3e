"""Approved proposals brought to the platform, each change with exactly one effect.

The steps of one change, after each of which the process may be killed:

    1 locked      no other process applies for this client
    2 taken up    an approved change that has no outcome
    3 read        the value that the platform has now
    4 checked     the guardrails let it through
    5 begun       its intent and the attempt are on the disk; nothing has been sent
    6 sent        the platform has answered, or has not
    7 read back   the value that it has now
    8 concluded   the outcome is on the disk

Changes of one bundle (a rebalance) belong together. Before the first of it is begun, the values and the guardrails of
all are looked at; what raises spend is sent only when all that lowers it is done, and fails where it cannot be.

Whatever is found begun and not concluded is read back before anything is sent: at the target it is done, at the value
from before it may be sent once more, anything else is a conflict.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

import filelock

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.connectors.base import Connector
from aibuyer_kit.core.changes import Value, shown
from aibuyer_kit.core.errors import (
    AibuyerError,
    ApprovalError,
    AuthorisationError,
    LedgerBusyError,
    MoneyError,
    PlatformError,
    RateLimitError,
    RefusedError,
    SettingsError,
)
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.guardrails.check import refusals
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Proposal, ProposedChange, State, Verdict
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.workflows.pictures import Pictures, limits_of


class Step(IntEnum):
    """The steps of applying one change, in their order."""

    LOCKED = 1
    TAKEN_UP = 2
    READ = 3
    CHECKED = 4
    BEGUN = 5
    SENT = 6
    READ_BACK = 7
    CONCLUDED = 8


OnStep = Callable[[Step], None]


@dataclass(frozen=True)
class Applied:
    """What became of one change in this run: an outcome, or why there is none yet."""

    each: ProposedChange
    state: State
    reason: str
    blocked: bool = False

    def line(self) -> str:
        """Return one line for a terminal."""
        word = "BLOCKED" if self.blocked else {"done": "done", "waiting": "waits"}.get(self.state, self.state.upper())
        place = f"#{self.each.proposal_id}.{self.each.number}"
        return f"{word} {place} {self.each.draft.sentence()}: {for_terminal(self.reason)}"


@dataclass(frozen=True)
class ApplyReport:
    """What a run did, change by change, and the errors of platforms that kept it from more."""

    client_id: str
    applied: tuple[Applied, ...]
    errors: tuple[AibuyerError, ...] = ()

    @property
    def needs_a_look(self) -> bool:
        """Whether an approved change was not made, or may have been made in part."""
        return any(each.blocked or each.state not in ("done", "waiting") for each in self.applied)

    def summary(self) -> str:
        """Return a few lines for a terminal."""
        done = sum(each.state == "done" for each in self.applied)
        lines = [f"{self.client_id}: {done} of {len(self.applied)} approved changes done"]
        lines += [each.line() for each in self.applied]
        lines += [
            f"ALERT #{each.each.proposal_id}.{each.each.number}: it is not known whether it took effect; look at the"
            " object on the platform"
            for each in self.applied
            if each.state in ("doubt", "unknown")
        ]
        return "\n".join(lines)


def apply_approved(
    context: ClientContext,
    connectors: Sequence[Connector],
    settings: Settings,
    *,
    environment: Mapping[str, str] | None = None,
    on_step: OnStep = lambda _: None,
    only: int | None = None,
) -> ApplyReport:
    """Bring every approved change of a client to its end as far as the platform lets, and say what became of each.

    The oldest proposal first, or `only` the one with this number. Raises LedgerBusyError if another process is
    applying; NotFoundError, ApprovalError if that one is not approved; LedgerError, WarehouseError.
    """
    context.ledger.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(context.ledger / "apply.lock", timeout=0)
    try:
        with lock, Ledger(context.ledger) as ledger:
            on_step(Step.LOCKED)
            pictures = Pictures(context, ledger, environment)
            try:
                return _Run(ledger, connectors, settings, pictures, on_step).of(context.id, only)
            finally:
                pictures.close()
    except filelock.Timeout:
        raise LedgerBusyError(
            f"Another process is applying changes of {context.id!r}. Wait until it has ended, and run it again."
        ) from None


class _Run:
    """One run over all approved changes of a client."""

    def __init__(
        self, ledger: Ledger, connectors: Sequence[Connector], settings: Settings, pictures: Pictures, on_step: OnStep
    ) -> None:
        self._ledger = ledger
        self._connectors = {(each.platform, each.account_id): each for each in connectors}
        self._settings = settings.apply
        self._limits = limits_of(settings.guardrails)
        self._pictures = pictures
        self._on_step = on_step
        self._errors: list[AibuyerError] = []
        self._closed: dict[tuple[str, str], str] = {}
        self._looked_at: dict[tuple[int, str], Applied | None] = {}

    def of(self, client_id: str, only: int | None = None) -> ApplyReport:
        if only is not None and self._ledger.proposal(only).approval is None:
            raise ApprovalError(f"Proposal {only} is not approved. Approve it first: aibuyer approve {only}")
        applied = []
        for plan in self._ledger.to_apply():
            if only is not None and plan.proposal_id != only:
                continue
            for each in plan.changes:
                if each.outcome is None:
                    self._on_step(Step.TAKEN_UP)
                    applied.append(self._applied(plan, each))
        return ApplyReport(client_id, tuple(applied), tuple(self._errors))

    def _applied(self, plan: Proposal, each: ProposedChange) -> Applied:
        account = (each.change.platform, each.change.account_id)
        if not plan.is_approved:
            return Applied(each, "pending", "its rows are not those that were approved", blocked=True)
        connector = self._connectors.get(account)
        if connector is None:
            return self._of_no_account(plan, each)
        if reason := connector.why_not(each.change):
            now = connector.platform_time()
            return self._conclude(each, "failed", None, f"{reason} Nothing was sent.", now)
        if account in self._closed:
            return Applied(each, _state(each), self._closed[account], blocked=True)
        try:
            return self._of_bundle(plan, each, connector) or self._go_on(plan, each, connector)
        except (PlatformError, MoneyError, SettingsError) as error:
            self._errors.append(error)
            if isinstance(error, AuthorisationError | RateLimitError):
                self._closed[account] = str(error)
            return Applied(each, _state(self._again(plan, each)), str(error), blocked=True)

    def _of_no_account(self, plan: Proposal, each: ProposedChange) -> Applied:
        """Return what becomes of a change whose account is not read any more: overdue, it fails without a call."""
        reason = f"{each.change.account_id} is not an account of this client"
        now = max((each.platform_time() for each in self._connectors.values()), default=None)
        if now is not None and now >= plan.expires_at and not each.in_doubt:
            return self._conclude(each, "failed", None, f"{reason}, and it expired", now)
        return Applied(each, _state(each), reason, blocked=True)

    def _of_bundle(self, plan: Proposal, each: ProposedChange, connector: Connector) -> Applied | None:
        """Return what the rest of its bundle keeps it from; None where it may go on, or belongs to none."""
        if not each.draft.bundle or each.in_doubt or connector.platform_time() >= plan.expires_at:
            return None
        members = self._ledger.proposal(plan.proposal_id).bundled_with(each)
        if not any(one.attempts or one.outcome for one in members) and (
            kept := self._bundle_fits(plan, each, members, connector)
        ):
            return kept
        cuts = [one for one in members if not one.change.raises_spend]
        for one in cuts if each.change.raises_spend else members:
            if one.outcome and one.outcome.verdict != "done":
                return self._rest_undone(each, one, connector)
        if each.change.raises_spend and not all(one.outcome for one in cuts):
            return Applied(each, "waiting", "until what lowers the budgets of its bundle is done")
        return None

    def _rest_undone(self, each: ProposedChange, other: ProposedChange, connector: Connector) -> Applied:
        said = f"the rest of its bundle was not done: {other.draft.sentence()}"
        return self._conclude(each, "failed", None, f"{said}. Nothing was sent.", connector.platform_time())

    def _bundle_fits(
        self, plan: Proposal, each: ProposedChange, members: Sequence[ProposedChange], connector: Connector
    ) -> Applied | None:
        """Return why a bundle of which nothing was begun cannot be made whole now; looked at once in a run."""
        key = (plan.proposal_id, each.draft.bundle)
        if key not in self._looked_at:
            found = (self._unfit(plan, one, connector) for one in members)
            self._looked_at[key] = next(filter(None, found), None)
        kept = self._looked_at[key]
        if kept is None:
            return None
        is_own = kept.each.change_id == each.change_id
        if kept.state == "conflict":
            return None if is_own else self._rest_undone(each, kept.each, connector)
        of = "" if is_own else f"{kept.each.draft.sentence()}: "
        return Applied(each, _state(each) if kept.blocked else kept.state, f"{of}{kept.reason}", kept.blocked)

    def _unfit(self, plan: Proposal, one: ProposedChange, connector: Connector) -> Applied | None:
        """Return what keeps one change from being made now; nothing is written down."""
        current = connector.read_value(one.change.object_id, one.change.field)
        if current != one.change.before:
            return Applied(one, "conflict", "")
        return self._kept(plan, one, current, connector.platform_time())

    def _go_on(self, plan: Proposal, each: ProposedChange, connector: Connector) -> Applied:
        """Take a change from wherever it stands to its end, or to where it has to wait."""
        while True:
            now = connector.platform_time()
            if now >= plan.expires_at and not each.in_doubt:
                return self._conclude(each, "failed", None, "it expired before the platform took it", now)
            if each.held_until and now < each.held_until:
                return Applied(each, "waiting", _until(each.held_until, each.attempts[-1].held_reason))
            current = connector.read_value(each.change.object_id, each.change.field)
            now = connector.platform_time()
            self._on_step(Step.READ)
            if ended := self._ended(plan, each, current, now):
                return ended
            if each.in_doubt:
                # A call that is still on its way would come after the one that is sent now.
                connector.clock.sleep(self._settings.settle_seconds)
                current = connector.read_value(each.change.object_id, each.change.field)
                now = connector.platform_time()
                if ended := self._ended(plan, each, current, now):
                    return ended
            if kept := self._kept(plan, each, current, now):
                return kept
            self._on_step(Step.CHECKED)
            if told := self._send(each, connector, now):
                return told
            each = self._again(plan, each)

    def _ended(self, plan: Proposal, each: ProposedChange, current: Value | None, now: datetime) -> Applied | None:
        """Return how it ended, as the value tells; None if it may be sent (once more)."""
        change = each.change
        if current == change.after and each.doubts:
            return self._conclude(each, "done", current, "read back", now)
        if current != change.before:
            said = f"it was decided on {shown(change.before)}, and the platform has {shown(current)}: left alone"
            return self._conclude(each, "conflict", current, said, now)
        if each.doubts >= self._settings.most_tries:
            said = f"sent {each.doubts} times, and the platform still has {shown(current)}"
            return self._conclude(each, "unknown", current, said, now)
        if now >= plan.expires_at:
            return self._conclude(each, "failed", current, "it expired before the platform took it", now)
        return None

    def _kept(self, plan: Proposal, each: ProposedChange, current: Value | None, now: datetime) -> Applied | None:
        """Return what the guardrails say against it; None if they let it through."""
        picture = self._pictures.of(
            each.change,
            now=now,
            current=current,
            data_known_at=plan.data_known_at,
            decided_on_data=not plan.by_person,
            restores=plan.undoes is not None,
            change_id=each.change_id,
        )
        found = refusals(each.change, picture, self._limits)
        if not found:
            return None
        reason = "; ".join(f"{finding.guardrail}: {finding.reason}" for finding in found)
        untils = [finding.wait_until for finding in found]
        if all(untils):
            return Applied(each, "waiting", _until(max(filter(None, untils)), reason))
        return Applied(each, _state(each), reason, blocked=True)

    def _send(self, each: ProposedChange, connector: Connector, now: datetime) -> Applied | None:
        """Send it once and read it back; return what became of it, None if it may be sent once more."""
        self._ledger.begin(each.change_id, now=now)
        self._on_step(Step.BEGUN)
        refusal = ""
        try:
            connector.change(each.change)
        except RateLimitError as error:
            now = connector.platform_time()
            until = now + timedelta(seconds=error.wait_seconds)
            self._ledger.put_off(each.change_id, now=now, until=until, reason=str(error))
            return Applied(each, "waiting", _until(until, str(error)))
        except AuthorisationError as error:
            # It had no effect, and is none of the change's fault: it goes on once the token is good.
            now = connector.platform_time()
            self._ledger.put_off(each.change_id, now=now, until=now, reason=str(error))
            raise
        except (RefusedError, MoneyError) as error:
            refusal = str(error)
        except PlatformError:
            pass  # It may have taken effect; the value tells.
        self._on_step(Step.SENT)
        current = connector.read_value(each.change.object_id, each.change.field)
        now = connector.platform_time()
        self._on_step(Step.READ_BACK)
        if current == each.change.after:
            return self._conclude(each, "done", current, "read back", now)
        if current != each.change.before:
            said = f"it was sent, and the platform has {shown(current)}, which is neither the value before nor after"
            return self._conclude(each, "conflict", current, said, now)
        return self._conclude(each, "failed", current, refusal, now) if refusal else None

    def _conclude(
        self, each: ProposedChange, verdict: Verdict, read_back: Value | None, reason: str, now: datetime
    ) -> Applied:
        self._ledger.conclude(each.change_id, verdict, read_back=read_back, reason=reason, now=now)
        self._on_step(Step.CONCLUDED)
        return Applied(each, verdict, reason)

    def _again(self, plan: Proposal, each: ProposedChange) -> ProposedChange:
        """Return the change with all that has been written of it since."""
        changes = self._ledger.proposal(plan.proposal_id).changes
        return next(one for one in changes if one.change_id == each.change_id)


def _state(each: ProposedChange) -> State:
    if each.in_doubt:
        return "doubt"
    return "waiting" if each.attempts else "approved"


def _until(moment: datetime, reason: str) -> str:
    return f"until {moment:%Y-%m-%d %H:%M:%S} UTC: {reason}"
