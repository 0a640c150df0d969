"""The table of links and codes that work once, and every statement about it."""

from datetime import datetime
from typing import Final

import msgspec

from noughts.kit.database import Database, Missed, Query, Sql, Write, columns
from noughts.kit.errors import NotFound
from noughts.kit.tokens import UserId
from noughts.users.model.one_time import OneTimeToken, Purpose

_PLACES: Final = ", ".join(f"${n}" for n in range(1, len(OneTimeToken.__struct_fields__) + 1))
_INSERT: Final = Sql(f"INSERT INTO one_time_tokens ({columns(OneTimeToken)}) VALUES ({_PLACES})")
_BY_ID: Final = Query(f"SELECT {columns(OneTimeToken)} FROM one_time_tokens WHERE id = $1", OneTimeToken)
_BY_DIGEST: Final = Query(f"SELECT {columns(OneTimeToken)} FROM one_time_tokens WHERE digest = $1", OneTimeToken)
_BY_ADDRESS: Final = Query(
    f"SELECT {columns(OneTimeToken)} FROM one_time_tokens WHERE email = $1 AND purpose = $2", OneTimeToken
)
# Whoever writes to a person waits for whoever else does: of two letters at once the first is over.
_LOCK: Final = Sql("UPDATE users SET version = version WHERE id = $1")
_TRY: Final = Sql("UPDATE one_time_tokens SET tries = tries + 1 WHERE id = $1 AND tries = $2")
_SPEND: Final = Sql("DELETE FROM one_time_tokens WHERE id = $1")
_VOID: Final = Sql("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2")
_VOID_SINCE: Final = Sql("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND id > $3")
_PURGE: Final = Sql("DELETE FROM one_time_tokens WHERE expires_at <= $1")
_NO_ID: Final = "00000000-0000-0000-0000-000000000000"


class OneTimeStore:
    """Links and codes in the database: their digests, never themselves. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stands(self, token: OneTimeToken) -> bool:
        """Return whether it has neither been used nor replaced."""
        return await self._database.fetch(_BY_ID, token.id) is not None

    async def by_digest(self, digest: str) -> OneTimeToken | None:
        """Return what a link stands for."""
        return await self._database.fetch(_BY_DIGEST, digest)

    async def sent_to(self, email_key: str, purpose: Purpose) -> list[OneTimeToken]:
        """Return everything sent to an address for a purpose: of each person the newest."""
        return await self._database.scan(_BY_ADDRESS, email_key, purpose)

    async def tried(self, tokens: list[OneTimeToken], *rows: Write) -> bool:
        """Count a code tried against each of these, in the state they were read in; return whether nobody came between.

        With none it does the same work on no row.
        """
        counted = [Write(_TRY, (token.id, token.tries)) for token in tokens]
        try:
            await self._database.write(*(counted or [Write(_TRY, (_NO_ID, 0), rows=0)]), *rows)
        except Missed:
            return False
        return True

    async def send(self, *rows: Write) -> None:
        """Write to somebody where nothing else changes; raises NotFound when they were erased meanwhile."""
        try:
            await self._database.write(*rows)
        except Missed:
            raise NotFound("There is no such user.") from None

    async def note(self, *rows: Write) -> None:
        """Write down what happened where nothing else changed."""
        await self._database.write(*rows)

    async def purge(self, at: datetime) -> None:
        """Remove what has expired."""
        await self._database.write(Write(_PURGE, (at,), rows=None))

    @staticmethod
    def added(token: OneTimeToken) -> tuple[Write, ...]:
        """Return the writes that store a new one; the one before it is over, but every way back stays open."""
        insert = Write(_INSERT, msgspec.structs.astuple(token))
        if token.purpose == "undo":
            return (insert,)
        return (Write(_LOCK, (token.user_id,)), *OneTimeStore.voided(token.user_id, token.purpose), insert)

    @staticmethod
    def spent(token: OneTimeToken) -> tuple[Write, ...]:
        """Return the writes that use one up; a way back closes those that were opened later."""
        used = Write(_SPEND, (token.id,))
        if token.purpose != "undo":
            return (used,)
        return (used, Write(_VOID_SINCE, (token.user_id, token.purpose, token.id), rows=None))

    @staticmethod
    def voided(user_id: UserId, *purposes: Purpose) -> tuple[Write, ...]:
        """Return the writes after which nothing sent to a person for these purposes works any more."""
        return tuple(Write(_VOID, (user_id, purpose), rows=None) for purpose in purposes)
