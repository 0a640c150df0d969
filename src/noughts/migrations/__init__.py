"""The schema: one history of changes, and the question whether this code can live with what it finds."""

import asyncio
from pathlib import Path
from typing import Any, Final

import msgspec

from noughts.kit.database import Database, Query
from noughts.kit.errors import Refusal, Unprepared

HEAD: Final = "0001"
"""The schema this code is written for."""
_HERE: Final = Path(__file__).parent


class _Version(msgspec.Struct, frozen=True, array_like=True):
    version: str
    oldest_code: str


_VERSION: Final = Query("SELECT v.version_num, f.oldest_code FROM alembic_version v, schema_floor f", _Version)


async def behind(database: Database) -> bool:
    """Return whether the schema must be brought up; raises Refusal when it is too new for this code."""
    try:
        version = await database.fetch(_VERSION)
    except Unprepared:
        return True
    if version is None:
        return True
    if version.oldest_code > HEAD:
        raise Refusal(f"The database has schema {version.version}, too new for this version of Noughts: update it.")
    return version.version < HEAD


async def upgrade(address: str) -> None:
    """Bring the schema of a `sqlite:///` or `postgresql://` address up to `HEAD`. May be repeated."""
    await asyncio.to_thread(_run, address)


def _run(address: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["address"] = address
    command.upgrade(config, "head")


def heads() -> list[Any]:
    """Return the newest revisions of the history: exactly `HEAD`."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    return list(ScriptDirectory.from_config(config).get_heads())
