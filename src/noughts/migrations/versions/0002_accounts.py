"""What complete accounts need: one-time tokens, second factors, key rotation, throttling, mail to send, what happened.

Everything is an addition, so code of the first schema lives on beside it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

ID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
TIME = sa.String(24).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
_COMPACT = {"sqlite_with_rowid": False}


def upgrade() -> None:
    """Make the tables."""
    _users()
    _sessions()
    _second_factor()
    _signing_keys()
    _throttling()
    _mail()
    _audit()


def _of_user(*, nullable: bool = False) -> sa.Column[str]:
    """Return the column of the person a row belongs to, and with whom it is erased."""
    return sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=nullable, index=True)


def _some_users(name: str, by: str, where: str) -> None:
    """Index the few people of whom something is to be done or looked for."""
    condition = sa.text(where)
    op.create_index(name, "users", [by], sqlite_where=condition, postgresql_where=condition)


def _users() -> None:
    if (
        op.get_bind().dialect.name == "postgresql"
    ):  # in the order of its bytes, as on SQLite: names are looked for by prefix
        op.execute(sa.text('ALTER TABLE users ALTER COLUMN username_key TYPE text COLLATE "C"'))
    _some_users("users_guests", "id", "kind = 'guest'")
    _some_users("users_administrators", "username_key", "role = 'admin'")
    _some_users("users_disabled", "username_key", "status = 'disabled'")
    op.create_table(
        "one_time_tokens",
        sa.Column("id", ID, primary_key=True),
        _of_user(),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False, index=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("code_mac", sa.Text),
        sa.Column("code_expires_at", TIME),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("expires_at", TIME, nullable=False, index=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint("digest", name="one_time_tokens_digest"),
        sa.CheckConstraint("purpose IN ('verify', 'undo', 'recover')", name="one_time_tokens_purpose"),
        **_COMPACT,
    )
    op.create_table(
        "recovery_requests",
        sa.Column("id", ID, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        **_COMPACT,
    )


def _sessions() -> None:
    op.add_column("sessions", sa.Column("device", sa.Text))
    op.add_column("sessions", sa.Column("address", sa.Text))


def _second_factor() -> None:
    op.create_table(
        "totp",
        sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("confirmed_at", TIME),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        **_COMPACT,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "digest", name="recovery_codes_user_id_digest"),
        **_COMPACT,
    )
    op.create_table(
        "mfa_tokens",
        sa.Column("digest", sa.Text, primary_key=True),
        _of_user(),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("expires_at", TIME, nullable=False, index=True),
        **_COMPACT,
    )


def _signing_keys() -> None:
    """A key signs from a moment on, until that of the next one; the generation lets only one process make it."""
    op.add_column("signing_keys", sa.Column("generation", sa.Integer))
    op.add_column("signing_keys", sa.Column("signs_from", TIME))
    op.execute(
        sa.text(
            "UPDATE signing_keys SET signs_from = created_at, generation = (SELECT count(*) FROM signing_keys k"
            " WHERE k.algorithm = signing_keys.algorithm AND k.created_at <= signing_keys.created_at)"
        )
    )
    op.create_index("signing_keys_algorithm_generation", "signing_keys", ["algorithm", "generation"], unique=True)


def _throttling() -> None:
    op.create_table(
        "attempts",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("free_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False, index=True),
        **_COMPACT,
    )
    op.create_table(
        "known_addresses",
        sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("last_at", TIME, nullable=False, index=True),
        sa.PrimaryKeyConstraint("user_id", "digest", name="known_addresses_user_id_digest"),
        **_COMPACT,
    )


def _mail() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", ID, primary_key=True),
        _of_user(nullable=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("due_at", TIME, nullable=False, index=True),
        sa.Column("created_at", TIME, nullable=False),
        **_COMPACT,
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, primary_key=True),
        sa.Column("user_id", ID),  # no foreign key: a sign-in refused to nobody costs what one refused to somebody does
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("actor_id", ID, index=True),
        sa.Column("session_id", ID),
        sa.Column("address", sa.Text),
        sa.Column("device", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("created_at", TIME, nullable=False, index=True),
        **_COMPACT,
    )
    op.create_index("audit_of_user", "audit", ["user_id", "id"])
