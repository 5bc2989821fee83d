"""Holds of forced passes"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("held", sa.Column("forced", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("held", sa.Column("versions", KEY, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("held", "versions")
    op.drop_column("held", "forced")
