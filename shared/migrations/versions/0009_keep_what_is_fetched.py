"""Keep what outside posters fetch"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("social_account", sa.Column("address_hash", sa.String(length=64), nullable=True))
    op.create_index("social_account_address", "social_account", ["address_hash"], unique=True)
    op.add_column("social_post", sa.Column("offered_at", sa.Float(), nullable=True))
    offered = sa.text("offered_at IS NOT NULL")
    op.create_index(
        "social_post_offered",
        "social_post",
        ["account_id", "offered_at"],
        sqlite_where=offered,
        postgresql_where=offered,
    )
