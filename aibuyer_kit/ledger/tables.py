"""The tables of the ledger. Rows are only ever added: what state something is in follows from the rows there are."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept as ISO text in UTC: it sorts as time does, in every database."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone.")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else datetime.fromisoformat(value)


metadata = MetaData()

# One row per proposal. `plan_hash` binds its number, its expiry and its changes; an undo points at what it undoes.
proposal = Table(
    "proposal",
    metadata,
    Column("proposal_id", Integer, primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("proposed_by", Text, nullable=False),  # a person's name, or what proposed it, such as rules
    Column("by_person", Boolean, nullable=False),
    Column("load_id", BigInteger),  # the warehouse's load that it was decided on
    Column("data_known_at", Moment),  # the platform's clock at that load
    Column("undoes", Integer, ForeignKey("proposal.proposal_id")),
    Column("findings", Text, nullable=False),  # JSON: what guardrails and rules kept out of it
    Column("plan_hash", String(64), nullable=False),
)

# One row per change of a proposal: an absolute target, and the value that it was decided on.
proposed_change = Table(
    "proposed_change",
    metadata,
    Column("change_id", Integer, primary_key=True),
    Column("proposal_id", Integer, ForeignKey("proposal.proposal_id"), nullable=False),
    Column("number", Integer, nullable=False),  # within the proposal, from 1
    Column("platform", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("object_name", Text, nullable=False),  # as people named it: untrusted text
    Column("field", Text, nullable=False),
    Column("before_value", Text, nullable=False),  # micros, or a status
    Column("after_value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rule_id", Text),
    Column("rule_version", Text),
    Column("trace", Text),  # JSON
    Column("undoes_change", Integer, ForeignKey("proposed_change.change_id")),
    Column("bundle", Text),  # changes that belong together: no raise before all cuts are done
    UniqueConstraint("proposal_id", "number"),
    Index("changed_object", "account_id", "object_id", "field"),
)

# One row per approval; it holds for exactly the plan whose hash it names.
approval = Table(
    "approval",
    metadata,
    Column("approval_id", Integer, primary_key=True),
    Column("proposal_id", Integer, ForeignKey("proposal.proposal_id"), nullable=False, unique=True),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", Moment, nullable=False),
    Column("plan_hash", String(64), nullable=False),
)

# One row per change that was begun, committed before the platform is called; none is ever begun twice.
intent = Table(
    "intent",
    metadata,
    Column("intent_id", Integer, primary_key=True),
    Column("change_id", Integer, ForeignKey("proposed_change.change_id"), nullable=False, unique=True),
    Column("idempotency_key", String(64), nullable=False, unique=True),
    Column("intended_at", Moment, nullable=False),
)

# One row per call that changes something, committed before it: as long as no outcome follows, it may have taken effect.
attempt = Table(
    "attempt",
    metadata,
    Column("attempt_id", Integer, primary_key=True),
    Column("intent_id", Integer, ForeignKey("intent.intent_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("begun_at", Moment, nullable=False),
    UniqueConstraint("intent_id", "number"),
)

# One row per attempt that the platform put off: nothing is sent before `until`.
hold = Table(
    "hold",
    metadata,
    Column("hold_id", Integer, primary_key=True),
    Column("attempt_id", Integer, ForeignKey("attempt.attempt_id"), nullable=False, unique=True),
    Column("told_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("reason", Text, nullable=False),
)

# One row per intent that came to its end: done, failed, conflict or unknown, and what was read back.
outcome = Table(
    "outcome",
    metadata,
    Column("outcome_id", Integer, primary_key=True),
    Column("intent_id", Integer, ForeignKey("intent.intent_id"), nullable=False, unique=True),
    Column("verdict", String(16), nullable=False),
    Column("read_back", Text),  # micros, or a status; missing: nothing could be read, or there is no such value
    Column("reason", Text, nullable=False),
    Column("concluded_at", Moment, nullable=False),
)

# One row per proposal that a person turned down; nothing of it had been begun.
rejection = Table(
    "rejection",
    metadata,
    Column("rejection_id", Integer, primary_key=True),
    Column("proposal_id", Integer, ForeignKey("proposal.proposal_id"), nullable=False, unique=True),
    Column("rejected_by", Text, nullable=False),
    Column("rejected_at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
)

# One row per text that evaluations refer to by its SHA-256: rules, targets, curves, settings. Each is kept once.
kept_text = Table(
    "kept_text",
    metadata,
    Column("kept_text_id", Integer, primary_key=True),
    Column("text_hash", String(64), nullable=False, unique=True),
    Column("content", Text, nullable=False),  # canonical JSON
)

# One row per run over rules, with all that it was decided on: enough to decide the same once more.
evaluation = Table(
    "evaluation",
    metadata,
    Column("evaluation_id", Integer, primary_key=True),
    Column("evaluated_at", Moment, nullable=False),
    Column("scheduled", Boolean, nullable=False),
    Column("load_id", BigInteger, nullable=False),
    Column("data_known_at", Moment, nullable=False),  # the platform's clock at that load
    Column("rules", Text, nullable=False),  # JSON: [id, revision, hash of the text] of each
    Column("targets_hash", String(64), nullable=False),
    Column("curves_hash", String(64), nullable=False),
    Column("settings_hash", String(64), nullable=False),  # what counts as a result, limits of guardrails, kill switch
    Column("gaps", Text, nullable=False),  # JSON: what was not known
    Column("proposal_id", Integer, ForeignKey("proposal.proposal_id")),
    Column("duration_us", BigInteger, nullable=False),
)

# One row per run, rule and account: how many objects it looked at, and what came of it.
finding = Table(
    "finding",
    metadata,
    Column("finding_id", Integer, primary_key=True),
    Column("evaluation_id", Integer, ForeignKey("evaluation.evaluation_id"), nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("slot", Text),  # the appointment of its schedule; missing where nobody asked for it
    Column("whole", Boolean, nullable=False),  # no gap made a figure of the rule unknown in the account
    Column("local_day", String(10), nullable=False),  # the account's day
    Column("evaluated", BigInteger, nullable=False),
    Column("matched", BigInteger, nullable=False),
    Column("suppressed", Text, nullable=False),  # JSON: effects by what kept them back
    Column("proposed", BigInteger, nullable=False),
    Column("latency_us", BigInteger, nullable=False),
    UniqueConstraint("evaluation_id", "rule_id", "platform", "account_id"),
    Index("finding_slot", "slot", "rule_id"),
)

# One row per object on which a rule was true, with the whole trace.
firing = Table(
    "firing",
    metadata,
    Column("firing_id", Integer, primary_key=True),
    Column("finding_id", Integer, ForeignKey("finding.finding_id"), nullable=False),
    Column("object_id", Text, nullable=False),
    Column("object_name", Text, nullable=False),  # as people named it: untrusted text
    Column("trace", Text, nullable=False),  # JSON
    UniqueConstraint("finding_id", "object_id"),
)

# One row per action of a firing: a change, a notice, a call, or why there is nothing; and what kept it back.
effect = Table(
    "effect",
    metadata,
    Column("effect_id", Integer, primary_key=True),
    Column("firing_id", Integer, ForeignKey("firing.firing_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("content", Text, nullable=False),  # JSON
    Column("change_id", Integer, ForeignKey("proposed_change.change_id")),
    Column("held_by", Text),
    Column("held_reason", Text),
    UniqueConstraint("firing_id", "number"),
    Index("effect_change", "change_id"),
)

# One row per outgoing call, committed before it is made; none is ever made twice.
outgoing_call = Table(
    "outgoing_call",
    metadata,
    Column("outgoing_call_id", Integer, primary_key=True),
    Column("effect_id", Integer, ForeignKey("effect.effect_id"), nullable=False, unique=True),
    Column("begun_at", Moment, nullable=False),
)

# One row per outgoing call that came to its end: sent, refused (nothing was sent) or failed.
call_outcome = Table(
    "call_outcome",
    metadata,
    Column("call_outcome_id", Integer, primary_key=True),
    Column("outgoing_call_id", Integer, ForeignKey("outgoing_call.outgoing_call_id"), nullable=False, unique=True),
    Column("verdict", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("concluded_at", Moment, nullable=False),
)
