"""Which schema this code is written for, and whether it can live with the one it finds."""

from typing import Final

import msgspec

from noughts.kit.database.statements import Database, Query
from noughts.kit.errors import Refusal, Unprepared

HEAD: Final = "0006"
"""The newest revision in `noughts.migrations` (a test holds the two together)."""


class _Version(msgspec.Struct, frozen=True, array_like=True):
    version: str
    oldest_code: str


_VERSION: Final = Query("SELECT v.version_num, f.oldest_code FROM alembic_version v, schema_floor f", _Version)


async def is_behind(database: Database) -> bool:
    """Return whether the schema must be brought up to date; raises Refusal when it is too new for this code.

    Each schema says what the oldest code is that can live with it, so that old replicas survive a migration that only
    adds.
    """
    try:
        found = await database.fetch(_VERSION)
    except Unprepared:
        return True
    if found is None:
        return True
    if found.oldest_code > HEAD:
        raise Refusal(f"The database has schema {found.version}, too new for this version of Noughts: update it.")
    return found.version < HEAD
