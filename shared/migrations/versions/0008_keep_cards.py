"""Keep cards"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "card",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("article_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_seq"], ["article.seq"]),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index(op.f("ix_card_article_seq"), "card", ["article_seq"])
