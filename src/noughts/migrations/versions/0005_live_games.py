"""Clocks, offers, challenges, series and ratings; and tickets to live connections.

Code of the earlier schemas lives on: what is new has defaults, and games without any of it are what they were.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

ID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
TIME = sa.String(24).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
_COMPACT = {"sqlite_with_rowid": False}


def upgrade() -> None:
    """Add the columns and make the tables."""
    for column in (
        sa.Column("time", sa.Text),
        sa.Column("x_ms", sa.BigInteger),
        sa.Column("o_ms", sa.BigInteger),
        sa.Column("deadline", TIME),
        sa.Column("rated", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("offers", sa.Text, nullable=False, server_default=""),
        sa.Column("takebacks", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_id", ID),
        sa.Column("series_id", ID),
        sa.Column("series_no", sa.SmallInteger),
        sa.Column("user_rating", sa.Integer),
        sa.Column("opponent_rating", sa.Integer),
        sa.Column("waits_until", TIME),
        sa.Column("drawn", sa.Boolean, nullable=False, server_default=sa.false()),
    ):
        op.add_column("games", column)
    # Together with its reference: SQLite knows no other way.
    kind = "uuid" if op.get_bind().dialect.name == "postgresql" else "varchar(36)"
    op.execute(f"ALTER TABLE games ADD COLUMN invited_id {kind} REFERENCES users (id) ON DELETE SET NULL")
    _some_games("games_between", ["user_id", "opponent_id", "id"], "opponent_id IS NOT NULL")
    _some_games("games_timed", ["id"], "status = 'playing' AND time IS NOT NULL")
    _some_games("games_challenges", ["invited_id", "id"], "invited_id IS NOT NULL AND status = 'open'")
    _ratings()
    _tickets()


def _tickets() -> None:
    op.create_table(
        "live_tickets",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("session_id", ID, nullable=False),
        sa.Column("auth_time", TIME, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        **_COMPACT,
    )


def _ratings() -> None:
    op.create_table(
        "ratings",
        sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("variant", sa.Text, primary_key=True),
        sa.Column("against", sa.Text, primary_key=True),
        sa.Column("rating", sa.Float, nullable=False),
        sa.Column("deviation", sa.Float, nullable=False),
        sa.Column("volatility", sa.Float, nullable=False),
        sa.Column("games", sa.Integer, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        **_COMPACT,
    )
    op.create_index("ratings_best", "ratings", ["variant", "against", "rating"])
    op.create_table(
        "rated_games",
        sa.Column("user_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("variant", sa.Text, primary_key=True),
        sa.Column("against", sa.Text, primary_key=True),
        sa.Column("game_id", ID, sa.ForeignKey("games.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("rating", sa.Integer, nullable=False),
        sa.Column("change", sa.Integer, nullable=False),
        sa.Column("at", TIME, nullable=False),
        **_COMPACT,
    )


def _some_games(name: str, by: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "games", by, sqlite_where=condition, postgresql_where=condition)
