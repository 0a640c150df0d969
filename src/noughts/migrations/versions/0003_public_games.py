"""What everybody may see of games is found without looking at all of them: indexes, and nothing else.

None holds a column that changes with a move: a row moves in them when a game begins, is joined or ends. Code of the
earlier schemas lives on beside them. On PostgreSQL moves wait while they are made (two to three seconds a million games).
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the indexes."""
    # All that a record counts stands in them, the status too: SQLite would look every game up for it.
    for side, person in (("user", "user_id"), ("opponent", "opponent_id")):
        _some_games(
            f"games_finished_of_{side}", [person, "seat", "id", "mark", "result", "status"], "status = 'finished'"
        )
    _some_games("games_playing", ["id"], "status = 'playing'")


def _some_games(name: str, by: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "games", by, sqlite_where=condition, postgresql_where=condition)
