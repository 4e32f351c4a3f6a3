"""Keep social accounts and posts"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "social_account",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("network", sa.String(length=30), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("choice", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renew_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_at", sa.Float(), nullable=True),
        sa.Column("paused_until", sa.Float(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reminded", sa.JSON(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=True),
        sa.Column("turn_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "staff_notice",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("todo", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["social_account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "social_post",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("article_seq", SERIAL, nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("wanted", sa.String(length=10), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=True),
        sa.Column("not_after", sa.Float(), nullable=False),
        sa.Column("breaking", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=True),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("digest_id", SERIAL, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("armed_at", sa.Float(), nullable=True),
        sa.Column("first_armed_at", sa.Float(), nullable=True),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=True),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("likes", sa.Integer(), nullable=True),
        sa.Column("reposts", sa.Integer(), nullable=True),
        sa.Column("replies", sa.Integer(), nullable=True),
        sa.Column("measure_at", sa.Float(), nullable=True),
        sa.Column("planned_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["social_account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["article_seq"],
            ["article.seq"],
        ),
        sa.ForeignKeyConstraint(
            ["digest_id"],
            ["social_post.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("article_seq", "account_id", "kind", name="one_post_per_article_account_and_kind"),
    )
    with op.batch_alter_table("social_post", schema=None) as batch_op:
        batch_op.create_index(
            "social_post_due",
            ["account_id", "due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "social_post_measured",
            ["account_id", "measure_at"],
            unique=False,
            sqlite_where=sa.text("measure_at IS NOT NULL"),
            postgresql_where=sa.text("measure_at IS NOT NULL"),
        )
        batch_op.create_index(
            "social_post_of_digest",
            ["digest_id"],
            unique=False,
            sqlite_where=sa.text("digest_id IS NOT NULL"),
            postgresql_where=sa.text("digest_id IS NOT NULL"),
        )
        batch_op.create_index("social_post_sent", ["account_id", "sent_at"], unique=False)
