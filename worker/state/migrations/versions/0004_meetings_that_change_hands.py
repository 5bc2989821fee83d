"""Meetings that change hands: whose the meeting is, and claims that are nobody's any more"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("link", "attempt"):
        op.add_column(table, sa.Column("invited", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index("ix_link_ical", table_name="link")
    op.create_index("ix_link_ical", "link", ["ical_uid", "user_id"])
    with op.batch_alter_table("claim") as claim:
        claim.alter_column("user_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM claim WHERE user_id IS NULL")
    with op.batch_alter_table("claim") as claim:
        claim.alter_column("user_id", existing_type=sa.Integer(), nullable=False)
    op.drop_index("ix_link_ical", table_name="link")
    op.create_index("ix_link_ical", "link", ["user_id", "ical_uid"])
    for table in ("attempt", "link"):
        op.drop_column(table, "invited")
