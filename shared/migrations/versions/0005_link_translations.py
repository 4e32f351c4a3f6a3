"""Link translations"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("enrichment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("original", sa.String(length=530), nullable=True))
        batch_op.create_index("enrichment_by_original", ["original", "article_seq"], unique=False)
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("original", sa.String(length=530), nullable=True))
