"""Opening an installation: its directory, its secret, its database, and the house on them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final

from noughts.compose.house import House
from noughts.compose.settings import PARTS, Part, Settings, require_apart
from noughts.kit import directory
from noughts.kit.database import Database, rights, schema
from noughts.kit.errors import Refusal
from noughts.kit.settings import Server

_OWN: Final[dict[Part, str]] = {"users": "users", "auth": "sessions", "games": "games"}
"""A table of each service that it alone writes."""


@asynccontextmanager
async def opened(
    chosen: Settings, migrate: Callable[[Server], Awaitable[None]], parts: Collection[Part] = PARTS
) -> AsyncIterator[House]:
    """Open the database, and put the house on it, with the services that run here; raises Refusal, Unavailable.

    A database of our own, in the data directory, is brought up to date by `migrate`; a given one never is.
    """
    server = chosen.server
    if set(parts) == {"gateway"}:
        require_apart(chosen, parts)
        house = House(chosen, None, bytes.fromhex(server.secret), parts=parts)
        yield house
        await house.close()
        return
    if len(parts) < len(PARTS):
        require_apart(chosen, parts)
    if not (server.database and server.secret):
        directory.prepare(server.directory)
    secret = bytes.fromhex(server.secret) if server.secret else directory.secret(server.directory)
    database = await _connect(server)
    try:
        if await schema.is_behind(database):
            if server.database:
                raise Refusal("The database is behind this version of Noughts: run `noughts db migrate`.")
            await migrate(server)
        if server.database:
            for part in filter(_OWN.__contains__, parts):
                await rights.require(database, part, _OWN[part])
        house = House(chosen, database, secret, parts=parts)
        yield house
        await house.close()
    finally:
        await database.close()


async def _connect(server: Server) -> Database:
    """Return the database the settings name; each driver is loaded only where it is used."""
    if server.database:
        from noughts.kit.database.postgres import Postgres

        return await Postgres.open(server.database)
    from noughts.kit.database.sqlite import Sqlite

    return Sqlite(server.directory / "noughts.db")
