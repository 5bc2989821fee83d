"""More that is remembered: who organises a series, in which zone X3 was read"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("link", sa.Column("organized_by", KEY, nullable=False, server_default=""))
    op.add_column("sync_user", sa.Column("x3_zone", KEY, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("sync_user", "x3_zone")
    op.drop_column("link", "organized_by")
