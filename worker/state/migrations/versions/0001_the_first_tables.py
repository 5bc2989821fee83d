"""The first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# Keys compare by their bytes, whatever the locale of the server.
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "cursor",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stream", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "stream", name=op.f("pk_cursor")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("installation_id", KEY, nullable=False),
        sa.Column("fp", KEY, nullable=False),
        sa.Column("public_url", sa.Text(), nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "sync_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("x3_user", KEY, nullable=False),
        sa.Column("representative", KEY, nullable=False),
        sa.Column("mailbox", KEY, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("display", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("paused_why", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("first_pass_done", sa.Boolean(), nullable=False),
        sa.Column("last_pass_at", INSTANT, nullable=True),
        sa.Column("last_full_at", INSTANT, nullable=True),
        sa.Column("created", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_user")),
        sa.UniqueConstraint("x3_user", name=op.f("uq_sync_user_x3_user")),
    )
    op.create_index(
        "uq_sync_user_mailbox",
        "sync_user",
        ["mailbox"],
        unique=True,
        sqlite_where=sa.text("state != 'removed'"),
        postgresql_where=sa.text("state != 'removed'"),
    )
    op.create_table(
        "x3_lock",
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        sa.Column("until", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("type", "key", name=op.f("pk_x3_lock")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("source_key", KEY, nullable=False),
        sa.Column("token", KEY, nullable=False),
        sa.Column("sync_id", KEY, nullable=False),
        sa.Column("marker", KEY, nullable=False),
        sa.Column("folder", KEY, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_attempt_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("user_id", "side", "type", "source_key", name=op.f("uq_attempt_user_id_side_type_source_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fp", KEY, nullable=False),
        sa.Column("ical_uid", KEY, nullable=False),
        sa.Column("original_start", KEY, nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("x3_key", KEY, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("taken", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_claim_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("fp", "ical_uid", "original_start", name=op.f("uq_claim_fp_ical_uid_original_start")),
    )
    op.create_index("ix_claim_x3_key", "claim", ["fp", "x3_key"], unique=False)
    op.create_table(
        "dirty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("stream", KEY, nullable=False),
        sa.Column("item", KEY, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("causes", sa.Text(), nullable=False),
        sa.Column("stamp", KEY, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_dirty_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dirty")),
        sa.UniqueConstraint("user_id", "stream", "item", name=op.f("uq_dirty_user_id_stream_item")),
    )
    op.create_index(op.f("ix_dirty_since"), "dirty", ["since"], unique=False)
    op.create_table(
        "folder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("folder_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("last_answered", INSTANT, nullable=True),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_folder_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folder")),
        sa.UniqueConstraint("user_id", "kind", "folder_id", name=op.f("uq_folder_user_id_kind_folder_id")),
    )
    op.create_index(
        "uq_folder_default",
        "folder",
        ["user_id", "kind"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "held",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("x3_key", KEY, nullable=False),
        sa.Column("outlook_key", KEY, nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("would_mail", sa.Integer(), nullable=False),
        sa.Column("x3_fingerprint", KEY, nullable=False),
        sa.Column("outlook_fingerprint", KEY, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_held_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held")),
        sa.UniqueConstraint(
            "user_id", "type", "x3_key", "outlook_key", name=op.f("uq_held_user_id_type_x3_key_outlook_key")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_held_outlook", "held", ["user_id", "outlook_key"], unique=False)
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("pass_id", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("x3_key", KEY, nullable=False),
        sa.Column("outlook_key", KEY, nullable=False),
        sa.Column("series_id", KEY, nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("x3_before", sa.Text(), nullable=True),
        sa.Column("x3_after", sa.Text(), nullable=True),
        sa.Column("outlook_before", sa.Text(), nullable=True),
        sa.Column("outlook_after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_journal_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_journal_at"), "journal", ["at"], unique=False)
    op.create_index("ix_journal_item", "journal", ["user_id", "type", "x3_key"], unique=False)
    op.create_index("ix_journal_ledger", "journal", ["side", "action", "at"], unique=False)
    op.create_index("ix_journal_outlook", "journal", ["user_id", "outlook_key"], unique=False)
    op.create_index(op.f("ix_journal_pass_id"), "journal", ["pass_id"], unique=False)
    op.create_table(
        "lease",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        sa.Column("until", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_lease_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_lease")),
    )
    op.create_table(
        "link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("x3_key", KEY, nullable=False),
        sa.Column("auuid", KEY, nullable=False),
        sa.Column("outlook_key", KEY, nullable=False),
        sa.Column("folder", KEY, nullable=False),
        sa.Column("born", sa.String(length=16), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.Column("x3_content", sa.Text(), nullable=True),
        sa.Column("x3_version", KEY, nullable=False),
        sa.Column("x3_written_at", INSTANT, nullable=True),
        sa.Column("outlook_content", sa.Text(), nullable=True),
        sa.Column("outlook_version", KEY, nullable=False),
        sa.Column("outlook_written_at", INSTANT, nullable=True),
        sa.Column("ical_uid", KEY, nullable=False),
        sa.Column("original_start", KEY, nullable=False),
        sa.Column("series_id", KEY, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("emails", sa.Text(), nullable=False),
        sa.Column("partner", KEY, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_link_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("user_id", "type", "x3_key", "auuid", name=op.f("uq_link_user_id_type_x3_key_auuid")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_link_ical", "link", ["user_id", "ical_uid"], unique=False)
    op.create_index("ix_link_series", "link", ["user_id", "series_id"], unique=False)
    op.create_index(
        "uq_link_outlook",
        "link",
        ["user_id", "kind", "outlook_key"],
        unique=True,
        sqlite_where=sa.text("outlook_key != ''"),
        postgresql_where=sa.text("outlook_key != ''"),
    )
    op.create_table(
        "pass_run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("full", sa.Boolean(), nullable=False),
        sa.Column("started", INSTANT, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_pass_run_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pass_run")),
    )
    op.create_index("ix_pass_run_user", "pass_run", ["user_id", "started"], unique=False)
    op.create_table(
        "problem",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("x3_key", KEY, nullable=False),
        sa.Column("outlook_key", KEY, nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("x3", sa.Text(), nullable=False),
        sa.Column("outlook", sa.Text(), nullable=False),
        sa.Column("log_code", sa.Text(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fingerprint", KEY, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_problem_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem")),
        sa.UniqueConstraint(
            "user_id",
            "type",
            "x3_key",
            "outlook_key",
            "field",
            name=op.f("uq_problem_user_id_type_x3_key_outlook_key_field"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_problem_outlook", "problem", ["user_id", "outlook_key"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("resource", KEY, nullable=False),
        sa.Column("expires", INSTANT, nullable=False),
        sa.Column("client_state", KEY, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sync_user.id"], name=op.f("fk_subscription_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index(op.f("ix_subscription_expires"), "subscription", ["expires"], unique=False)


def downgrade() -> None:
    for table in (
        "subscription",
        "problem",
        "pass_run",
        "link",
        "lease",
        "journal",
        "held",
        "folder",
        "dirty",
        "claim",
        "attempt",
        "x3_lock",
        "sync_user",
        "installation",
        "cursor",
    ):
        op.drop_table(table)
