"""Evaluations of rules with all that they were decided on, outgoing calls, rejections, bundles of changes.

Rows are only ever added.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = ("rejection", "kept_text", "evaluation", "finding", "firing", "effect", "outgoing_call", "call_outcome")


def upgrade() -> None:
    op.create_table(
        "rejection",
        sa.Column("rejection_id", sa.Integer, primary_key=True),
        sa.Column("proposal_id", sa.Integer, sa.ForeignKey("proposal.proposal_id"), nullable=False, unique=True),
        sa.Column("rejected_by", sa.Text, nullable=False),
        sa.Column("rejected_at", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "kept_text",
        sa.Column("kept_text_id", sa.Integer, primary_key=True),
        sa.Column("text_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "evaluation",
        sa.Column("evaluation_id", sa.Integer, primary_key=True),
        sa.Column("evaluated_at", sa.String(32), nullable=False),
        sa.Column("scheduled", sa.Boolean, nullable=False),
        sa.Column("load_id", sa.BigInteger, nullable=False),
        sa.Column("data_known_at", sa.String(32), nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("targets_hash", sa.String(64), nullable=False),
        sa.Column("curves_hash", sa.String(64), nullable=False),
        sa.Column("settings_hash", sa.String(64), nullable=False),
        sa.Column("gaps", sa.Text, nullable=False),
        sa.Column("proposal_id", sa.Integer, sa.ForeignKey("proposal.proposal_id")),
        sa.Column("duration_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "finding",
        sa.Column("finding_id", sa.Integer, primary_key=True),
        sa.Column("evaluation_id", sa.Integer, sa.ForeignKey("evaluation.evaluation_id"), nullable=False),
        sa.Column("rule_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("slot", sa.Text),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("local_day", sa.String(10), nullable=False),
        sa.Column("evaluated", sa.BigInteger, nullable=False),
        sa.Column("matched", sa.BigInteger, nullable=False),
        sa.Column("suppressed", sa.Text, nullable=False),
        sa.Column("proposed", sa.BigInteger, nullable=False),
        sa.Column("latency_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("evaluation_id", "rule_id", "platform", "account_id"),
    )
    op.create_index("finding_slot", "finding", ["slot", "rule_id"])
    op.create_table(
        "firing",
        sa.Column("firing_id", sa.Integer, primary_key=True),
        sa.Column("finding_id", sa.Integer, sa.ForeignKey("finding.finding_id"), nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("object_name", sa.Text, nullable=False),
        sa.Column("trace", sa.Text, nullable=False),
        sa.UniqueConstraint("finding_id", "object_id"),
    )
    op.create_table(
        "effect",
        sa.Column("effect_id", sa.Integer, primary_key=True),
        sa.Column("firing_id", sa.Integer, sa.ForeignKey("firing.firing_id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("change_id", sa.Integer, sa.ForeignKey("proposed_change.change_id")),
        sa.Column("held_by", sa.Text),
        sa.Column("held_reason", sa.Text),
        sa.UniqueConstraint("firing_id", "number"),
    )
    op.create_index("effect_change", "effect", ["change_id"])
    op.create_table(
        "outgoing_call",
        sa.Column("outgoing_call_id", sa.Integer, primary_key=True),
        sa.Column("effect_id", sa.Integer, sa.ForeignKey("effect.effect_id"), nullable=False, unique=True),
        sa.Column("begun_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "call_outcome",
        sa.Column("call_outcome_id", sa.Integer, primary_key=True),
        sa.Column(
            "outgoing_call_id", sa.Integer, sa.ForeignKey("outgoing_call.outgoing_call_id"), nullable=False, unique=True
        ),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("concluded_at", sa.String(32), nullable=False),
    )
    op.add_column("proposed_change", sa.Column("bundle", sa.Text))
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
