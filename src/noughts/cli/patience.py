"""Waiting for a database that others start, and bring up to date."""

import asyncio
import time
from typing import Final

from noughts.kit.database import schema
from noughts.kit.errors import Refusal, Unavailable
from noughts.kit.logging import log
from noughts.kit.settings import Server

_AGAIN_S: Final = 0.5


async def until_prepared(server: Server) -> None:
    """Return when the given database answers and is up to date, or `wait_s` is over: opening it then says what is wrong."""
    told, until = "", time.monotonic() + server.wait_s
    while server.database and time.monotonic() < until and (missing := await _missing(server.database)):
        if told != (told := missing):
            log.warning("waiting_for_the_database", reason=missing)
        await asyncio.sleep(_AGAIN_S)


async def _missing(address: str) -> str:
    """Return what keeps the database from being used; nothing, where nothing does."""
    from noughts.kit.database.postgres import Postgres

    try:
        database = await Postgres.open(address)
    except (Refusal, Unavailable) as error:
        return str(error)
    try:
        return "The schema is behind." if await schema.is_behind(database) else ""
    except (Refusal, Unavailable) as error:
        return str(error)
    finally:
        await database.close()
