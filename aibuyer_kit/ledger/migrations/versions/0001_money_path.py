"""The money path: proposals, changes, approvals, intents, attempts, holds, outcomes; rows are only ever added."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TABLES = ("proposal", "proposed_change", "approval", "intent", "attempt", "hold", "outcome")


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("proposal_id", sa.Integer, primary_key=True),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("by_person", sa.Boolean, nullable=False),
        sa.Column("load_id", sa.BigInteger),
        sa.Column("data_known_at", sa.String(32)),
        sa.Column("undoes", sa.Integer, sa.ForeignKey("proposal.proposal_id")),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("plan_hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "proposed_change",
        sa.Column("change_id", sa.Integer, primary_key=True),
        sa.Column("proposal_id", sa.Integer, sa.ForeignKey("proposal.proposal_id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("object_name", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("before_value", sa.Text, nullable=False),
        sa.Column("after_value", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("rule_id", sa.Text),
        sa.Column("rule_version", sa.Text),
        sa.Column("trace", sa.Text),
        sa.Column("undoes_change", sa.Integer, sa.ForeignKey("proposed_change.change_id")),
        sa.UniqueConstraint("proposal_id", "number"),
    )
    op.create_index("changed_object", "proposed_change", ["account_id", "object_id", "field"])
    op.create_table(
        "approval",
        sa.Column("approval_id", sa.Integer, primary_key=True),
        sa.Column("proposal_id", sa.Integer, sa.ForeignKey("proposal.proposal_id"), nullable=False, unique=True),
        sa.Column("approved_by", sa.Text, nullable=False),
        sa.Column("approved_at", sa.String(32), nullable=False),
        sa.Column("plan_hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "intent",
        sa.Column("intent_id", sa.Integer, primary_key=True),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("proposed_change.change_id"), nullable=False, unique=True),
        sa.Column("idempotency_key", sa.String(64), nullable=False, unique=True),
        sa.Column("intended_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "attempt",
        sa.Column("attempt_id", sa.Integer, primary_key=True),
        sa.Column("intent_id", sa.Integer, sa.ForeignKey("intent.intent_id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("begun_at", sa.String(32), nullable=False),
        sa.UniqueConstraint("intent_id", "number"),
    )
    op.create_table(
        "hold",
        sa.Column("hold_id", sa.Integer, primary_key=True),
        sa.Column("attempt_id", sa.Integer, sa.ForeignKey("attempt.attempt_id"), nullable=False, unique=True),
        sa.Column("told_at", sa.String(32), nullable=False),
        sa.Column("until", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "outcome",
        sa.Column("outcome_id", sa.Integer, primary_key=True),
        sa.Column("intent_id", sa.Integer, sa.ForeignKey("intent.intent_id"), nullable=False, unique=True),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("read_back", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("concluded_at", sa.String(32), nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        _only_add()


def _only_add() -> None:
    """Refuse whatever would change or remove a row; elsewhere the rights of the database's user do that."""
    for table in _TABLES:
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
            )
