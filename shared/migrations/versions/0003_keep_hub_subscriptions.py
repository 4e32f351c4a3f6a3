"""Keep hub subscriptions"""

import sqlalchemy as sa
from alembic import op

import shared.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SLICE_KEY = sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("slice", SLICE_KEY, nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("callback_host", sa.String(length=255), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("signature_method", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.Column("delivered_seq", sa.BigInteger(), nullable=False),
        sa.Column("delivered_hash", sa.String(length=64), nullable=False),
        sa.Column("given_up_seq", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.Float(), nullable=True),
        sa.Column("last_answer", sa.Text(), nullable=False),
        sa.Column("created_at", shared.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        for column in ("callback_host", "lease_until", "slice"):
            batch_op.create_index(batch_op.f(f"ix_subscription_{column}"), [column], unique=False)

    op.create_table(
        "verification",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("callback_host", sa.String(length=255), nullable=False),
        sa.Column("asks_challenge", sa.Boolean(), nullable=False),
        sa.Column("lease_seconds", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("signature_method", sa.String(length=10), nullable=False),
        sa.Column("client", sa.String(length=50), nullable=False),
        sa.Column("requested_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("verification", schema=None) as batch_op:
        for column in ("callback_host", "client", "ended_at"):
            batch_op.create_index(batch_op.f(f"ix_verification_{column}"), [column], unique=False)
