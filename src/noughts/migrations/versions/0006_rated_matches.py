"""Which rated matches the same two began in the last day, and how the matches stand.

Code of the earlier schemas lives on: matches that begin under it are not counted, and their score is not told.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

ID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
TIME = sa.String(24).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Add the column and make the table."""
    op.add_column("games", sa.Column("series_points", sa.SmallInteger))
    op.create_table(
        "rated_matches",
        sa.Column("low_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("high_id", ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("variant", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("game_id", ID, nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sqlite_with_rowid=False,
    )
    # Of a foreign key the referring side is looked through whenever a person is deleted.
    op.create_index("rated_matches_high", "rated_matches", ["high_id"])
