"""Which schema a database has, beside the one this code is written for."""

import sqlite3
from typing import Final

import msgspec
import sqlalchemy as sa

from noughts.kit.database import schema

_QUERY: Final = "SELECT v.version_num, f.oldest_code FROM alembic_version v, schema_floor f"
VERSION: Final = sa.text(_QUERY)
"""What finds it on PostgreSQL."""


class Version(msgspec.Struct, frozen=True):
    """The schema of a database, and the oldest code that can live with it."""

    schema: str
    oldest_code: str

    @property
    def is_behind(self) -> bool:
        """Whether it must be brought up to date."""
        return self.schema < schema.HEAD

    @property
    def is_too_new(self) -> bool:
        """Whether this code could do harm to it."""
        return self.oldest_code > schema.HEAD


def version_of(connection: sqlite3.Connection) -> Version:
    """Return the version of a SQLite file; raises sqlite3.Error or ValueError when it has none."""
    [found] = connection.execute(_QUERY).fetchall()
    return Version(*found)
