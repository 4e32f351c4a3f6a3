"""Link posts, and sum up reactions"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("discussed", sa.JSON(), server_default="[]", nullable=False))
    whole = sa.text("digest_id IS NULL")
    op.create_index(
        "social_post_reactions",
        "social_post",
        ["account_id", "state", "id", "likes", "reposts", "replies"],
        unique=False,
        sqlite_where=whole,
        postgresql_where=whole,
    )
