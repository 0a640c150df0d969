"""Accounts, sessions, games and what every service writes in the transaction of its own change.

The names of unique constraints are `table_column`, on both databases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

ID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
TIME = sa.String(24).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
# On SQLite a row is kept in the tree of its key: one look-up instead of two. On PostgreSQL this says nothing.
_COMPACT = {"sqlite_with_rowid": False}
_COMPUTER = "00000000-0000-7000-8000-{level:012d}"
_BORN = "2026-01-01T00:00:00.000Z"


def upgrade() -> None:
    """Make the tables."""
    _users()
    _sessions()
    _games()
    _shared()
    _computers()


def _partial_index(name: str, table: str, where: str) -> None:
    """Index the ids of the few rows of which something is still to be done."""
    condition = sa.text(where)
    op.create_index(name, table, ["id"], sqlite_where=condition, postgresql_where=condition)


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", ID, primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("username_key", sa.Text, nullable=False),
        sa.Column("username_skeleton", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text),
        sa.Column("email_verified_at", TIME),
        sa.Column("pending_email", sa.Text),
        sa.Column("password", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("spared_session_id", ID),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.UniqueConstraint("username_key", name="users_username_key"),
        sa.UniqueConstraint("username_skeleton", name="users_username_skeleton"),
        sa.UniqueConstraint("email_key", name="users_email_key"),
        sa.CheckConstraint("kind IN ('guest', 'member', 'computer')", name="users_kind"),
        sa.CheckConstraint("role IN ('player', 'admin')", name="users_role"),
        sa.CheckConstraint("status IN ('active', 'disabled', 'deleting')", name="users_status"),
        **_COMPACT,
    )
    _partial_index("users_deleting", "users", "status = 'deleting'")


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", ID, primary_key=True),
        sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("auth_time", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        **_COMPACT,
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("session_id", ID, sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("successor", sa.LargeBinary),
        **_COMPACT,
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", ID, primary_key=True),
        sa.Column("algorithm", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        **_COMPACT,
    )


def _games() -> None:
    op.create_table(
        "games",
        sa.Column("id", ID, primary_key=True),
        sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("opponent_id", ID, sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("seat", sa.Text, nullable=False),
        sa.Column("level", sa.SmallInteger),
        sa.Column("invite", sa.Text),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("moves", sa.Text, nullable=False),
        sa.Column("ply", sa.Integer, nullable=False),
        sa.Column("pos", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("turn", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.CheckConstraint("mark IN ('X', 'O')", name="games_mark"),
        sa.CheckConstraint("seat IN ('anyone', 'invite', 'computer')", name="games_seat"),
        sa.CheckConstraint("status IN ('open', 'playing', 'finished', 'aborted')", name="games_status"),
        **_COMPACT,
    )
    op.create_index("games_of_user", "games", ["user_id", "id"])
    op.create_index("games_of_opponent", "games", ["opponent_id", "id"])
    _partial_index("games_waiting", "games", "status = 'open' AND seat = 'anyone'")
    _partial_index("games_with_computer", "games", "status = 'playing' AND seat = 'computer'")


def _shared() -> None:
    op.create_table(
        "revocations",
        sa.Column("id", ID, primary_key=True),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("session_id", ID),
        sa.Column("epoch", sa.Integer),
        sa.Column("except_session_id", ID),
        sa.Column("created_at", TIME, nullable=False, index=True),
        **_COMPACT,
    )
    op.create_table(
        "idempotency",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("resource_id", ID, nullable=False),
        sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", TIME, nullable=False, index=True),
        sa.PrimaryKeyConstraint("subject", "route", "key", name="idempotency_subject_route_key"),
        **_COMPACT,
    )
    op.create_table("schema_floor", sa.Column("oldest_code", sa.Text, nullable=False))
    op.execute(sa.text("INSERT INTO schema_floor (oldest_code) VALUES ('0001')"))


def _computers() -> None:
    """The accounts the seven levels of the computer play under; nobody can sign in as them."""
    insert = (
        "INSERT INTO users (id, username, username_key, username_skeleton, kind, role, status, epoch, version,"
        " created_at, updated_at) VALUES ('{id}', '{name}', '{name}', '{name}', 'computer', 'player', 'active', 1, 1,"
        " '{born}', '{born}')"
    )
    for level in range(1, 8):
        name = f"computer-{level}"
        op.execute(sa.text(insert.format(id=_COMPUTER.format(level=level), name=name, born=_BORN).replace(":", r"\:")))
