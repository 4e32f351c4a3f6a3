"""Let events be about subscribers, and entries of feeds be found by their last change"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.alter_column("article_seq", existing_type=sa.BigInteger(), nullable=True)
        batch_op.add_column(sa.Column("target_id", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("number", sa.BigInteger(), nullable=True))
        batch_op.create_index(
            "event_of_readers",
            ["id"],
            unique=False,
            sqlite_where=sa.text("name IN ('ArticlePublished', 'NoticePosted')"),
            postgresql_where=sa.text("name IN ('ArticlePublished', 'NoticePosted')"),
        )
    with op.batch_alter_table("feed_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seq", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.create_index("feed_entry_by_change", ["slice", "seq", "article_seq"], unique=False)
