"""Tell subscribers since their request"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What is asked for when this is applied is told of the feed as it is then.
    op.add_column("verification", sa.Column("since_seq", sa.BigInteger(), server_default="0", nullable=False))
