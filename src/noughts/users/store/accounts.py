"""The `users` table, and every statement about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from noughts.kit.database import Database, Missed, Query, Sql, Taken, Write, among, columns, padded
from noughts.kit.errors import PreconditionFailed
from noughts.kit.idempotency import UNIQUE_KEY
from noughts.kit.tokens import UserId
from noughts.ports.users import CARDS_AT_ONCE, Kind
from noughts.users.model.accounts import Account, LastAdministrator
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.names import UsernameTaken


class CardRow(msgspec.Struct, frozen=True, array_like=True):
    """What everybody may see of an account."""

    id: UserId
    username: str
    kind: Kind


class Found(msgspec.Struct, frozen=True, array_like=True):
    """An id alone."""

    id: UserId


class Held(msgspec.Struct, frozen=True, array_like=True):
    """Which keys of an account another one holds."""

    username_key: bool
    username_skeleton: bool
    email_key: bool | None


class KeyUsed(Exception):
    """The creation's Idempotency-Key has been used before; nothing was written."""


_COLUMNS: Final = Account.__struct_fields__
_BY_ID: Final = Query(f"SELECT {columns(Account)} FROM users WHERE id = $1", Account)
_BY_KEY: Final = Query(f"SELECT {columns(Account)} FROM users WHERE username_key = $1", Account)
_ID_BY_USERNAME: Final = Query("SELECT id FROM users WHERE username_key = $1", Found)
_ID_BY_EMAIL: Final = Query("SELECT id FROM users WHERE email_key = $1", Found)
_HELD: Final = Query(
    "SELECT username_key = $2, username_skeleton = $3, email_key = $4 FROM users"
    " WHERE id <> $1 AND (username_key = $2 OR username_skeleton = $3 OR email_key = $4)",
    Held,
)
_LIST: Final = Query(f"SELECT {columns(Account)} FROM users WHERE id > $1 ORDER BY id LIMIT $2", Account)
_GUESTS: Final = Query(
    f"SELECT {columns(Account)} FROM users WHERE kind = 'guest' AND id > $1 ORDER BY id LIMIT $2", Account
)
_FIRST: Final = "00000000-0000-0000-0000-000000000000"
_DELETING: Final = Query(
    "SELECT id FROM users WHERE status = 'deleting' AND updated_at <= $1 ORDER BY id LIMIT $2", Found
)
_INSERT: Final = Sql(
    f"INSERT INTO users ({columns(Account)}) VALUES ({', '.join(f'${n}' for n in range(1, len(_COLUMNS) + 1))})"
)
_REPLACE: Final = Sql(
    f"UPDATE users SET {', '.join(f'{name} = ${n}' for n, name in enumerate(_COLUMNS, 1) if name != 'id')}"
    f" WHERE id = $1 AND version = ${len(_COLUMNS) + 1}"
)
_RELEASE: Final = Sql("UPDATE users SET email_key = NULL WHERE email_key IS NOT NULL AND email_verified_at IS NULL")
_DISPLACE: Final = Sql(
    "UPDATE users SET email = NULL, email_key = NULL, version = version + 1"
    " WHERE email_key = $1 AND id <> $2 AND email_verified_at IS NULL"
)
# Locked first and looked at afterwards: two administrators who demote each other find out which of them is the last.
_LOCK_ADMINISTRATORS: Final = Sql("UPDATE users SET role = role WHERE role = 'admin' AND status = 'active'")
_REPLACE_UNLESS_LAST: Final = Sql(
    f"{_REPLACE.postgres} AND EXISTS"
    " (SELECT 1 FROM users AS other WHERE other.id <> $1 AND other.role = 'admin' AND other.status = 'active')"
)
_ERASE: Final = Sql("DELETE FROM users WHERE id = $1 AND status = 'deleting'")
_CARDS: Final = {
    size: Query(f"SELECT {columns(CardRow)} FROM users WHERE status <> 'deleting' AND id IN {among(1, size)}", CardRow)
    for size in (2, 8, 32, CARDS_AT_ONCE)
}


class AccountStore:
    """Accounts in the database. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: UserId) -> Account | None:
        """Return an account, whatever its status."""
        return await self._database.fetch(_BY_ID, user_id)

    async def by_username_key(self, key: str) -> Account | None:
        """Return the account that has this username."""
        return await self._database.fetch(_BY_KEY, key)

    async def identify(self, *, username_key: str | None, email_key: str | None) -> UserId | None:
        """Return whose key this is."""
        if username_key is not None and (found := await self._database.fetch(_ID_BY_USERNAME, username_key)):
            return found.id
        if email_key is not None and (found := await self._database.fetch(_ID_BY_EMAIL, email_key)):
            return found.id
        return None

    async def cards(self, user_ids: Sequence[UserId]) -> list[CardRow]:
        """Return what everybody may see of these people (at most 128), in any order."""
        size = next(size for size in _CARDS if size >= len(user_ids))
        return await self._database.scan(_CARDS[size], *padded(user_ids, size))

    async def page(self, after: str | None, limit: int) -> list[Account]:
        """Return accounts by id, from the one after `after`, or the first, on."""
        return await self._database.scan(_LIST, after or _FIRST, limit)

    async def guests(self, after: str | None, limit: int) -> list[Account]:
        """Return guests by age, from the one after `after`, or the first, on."""
        return await self._database.scan(_GUESTS, after or _FIRST, limit)

    async def waiting_for_erasure(self, since: datetime, limit: int) -> list[UserId]:
        """Return people who asked to be deleted at that time or before and still are here."""
        return [found.id for found in await self._database.scan(_DELETING, since, limit)]

    async def add(self, account: Account, *rows: Write) -> None:
        """Store a new account; raises UsernameTaken, EmailTaken or KeyUsed."""
        await self._write(account, Write(_INSERT, _values(account)), *rows)

    async def require_free(self, account: Account) -> None:
        """Raise UsernameTaken or EmailTaken where somebody else has the names of a new account."""
        held = await self._held(account)
        if problem := _taken(held):
            raise problem

    async def add_once(self, account: Account) -> Account:
        """Store a new account unless one of that id is there; return the one that is."""
        try:
            await self._database.write(Write(_INSERT, _values(account)))
        except Taken:
            found = await self.get(account.id)
            if found is None:
                raise
            return found
        return account

    async def replace(self, before: Account, after: Account, *rows: Write) -> None:
        """Store a change made to `before`, and what belongs to it.

        Raises PreconditionFailed when another came first, UsernameTaken, EmailTaken.
        """
        await self._write(after, Write(_REPLACE, (*_values(after), before.version)), *rows)

    async def restore(self, before: Account, after: Account, *rows: Write) -> None:
        """Store a change that gives somebody back an address they have proved to be theirs.

        Whoever claimed it meanwhile without verifying it loses it. Raises PreconditionFailed, EmailTaken.
        """
        displace = Write(_DISPLACE, (after.email_key, after.id), rows=None)
        await self._write(after, displace, Write(_REPLACE, (*_values(after), before.version)), *rows)

    async def replace_administrator(self, before: Account, after: Account, *rows: Write) -> None:
        """Store that an administrator no longer is one, or may not act as one.

        Raises PreconditionFailed when another change came first, LastAdministrator where no other would be left.
        """
        replace = Write(_REPLACE_UNLESS_LAST, (*_values(after), before.version))
        try:
            await self._write(after, Write(_LOCK_ADMINISTRATORS, (), rows=None), replace, *rows)
        except PreconditionFailed:
            found = await self.get(before.id)
            if found is not None and found.version == before.version:
                raise LastAdministrator("Make somebody else an administrator first.") from None
            raise

    async def release(self) -> None:
        """Give up every claim to an address nobody verified, from when addresses were not concealed. May be repeated."""
        await self._database.write(Write(_RELEASE, (), rows=None))

    async def erase(self, user_id: UserId, *rows: Write) -> None:
        """Remove the row of a person who is being deleted, and with it all that hangs on it. May be repeated."""
        await self._database.write(Write(_ERASE, (user_id,), rows=None), *rows)

    async def _write(self, account: Account, *statements: Write) -> None:
        try:
            await self._database.write(*statements)
        except Missed:
            raise PreconditionFailed("Read it again, then repeat your change.") from None
        except Taken as taken:
            if taken.key == UNIQUE_KEY:
                raise KeyUsed from None
            raise await self._meaning(taken, account) from None

    async def _meaning(self, taken: Taken, account: Account) -> Exception:
        """Return what it means that a key is held by another row.

        Of several keys each database names another one, so it is looked up which are held: the name comes first.
        """
        named = Held(
            taken.key == "users_username_key", taken.key == "users_username_skeleton", taken.key == "users_email_key"
        )
        return _taken([*await self._held(account), named]) or taken

    async def _held(self, account: Account) -> list[Held]:
        keys = account.username_key, account.username_skeleton, account.email_key
        return await self._database.scan(_HELD, account.id, *keys)


def _taken(held: Sequence[Held]) -> Exception | None:
    """Return what it means that others hold these keys of an account: the name comes first."""
    if any(row.username_key for row in held):
        return UsernameTaken.at("taken")
    if any(row.username_skeleton for row in held):
        return UsernameTaken.at("confusable")
    return EmailTaken.here() if any(row.email_key for row in held) else None


def _values(account: Account) -> tuple[str | int | datetime | None, ...]:
    return msgspec.structs.astuple(account)
