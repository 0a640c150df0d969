"""Who is who: the near side of the `Users` port."""

import asyncio
import os
from collections.abc import Sequence
from typing import Final

from noughts.kit.errors import NotFound
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.times import rfc3339
from noughts.kit.tokens import UserId
from noughts.ports.users import Card, Identified, PublicUser, User
from noughts.users.model import accounts, addresses, names
from noughts.users.model.accounts import Account
from noughts.users.store import AccountStore

_GUEST_NAME_BYTES: Final = 8
_STARTED_S: Final = 1.0
_LONGEST_SPELLING: Final = 4 * names.LONGEST


class Directory:
    """What the other services ask about people. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, store: AccountStore, fittings: Fittings) -> None:
        self._store = store
        self._now = fittings.now

    async def warm(self) -> None:
        """Load the tables of characters and addresses (a quarter of a second), so that nobody's first sign-up waits."""
        await asyncio.sleep(_STARTED_S)
        await asyncio.to_thread(names.check, "warm-up")
        await asyncio.to_thread(lambda: addresses.key(addresses.check("warm@example.com")))

    async def create_guest(self, user_id: UserId) -> User:
        """Return the guest of that id, made unless they are there; raises NotFound where it is somebody else's."""
        wanted = accounts.guest(user_id, os.urandom(_GUEST_NAME_BYTES), self._now())
        account = await self._store.add_once(wanted)
        if account.kind != "guest":
            raise NotFound
        log.info("guest_created", user=account.id)
        return view(account)

    async def user(self, user_id: UserId) -> User:
        """Return an account as its owner sees it; raises NotFound."""
        return view(accounts.require_visible(await self._store.get(user_id)))

    async def identify(self, identifier: str) -> Identified:
        """Return whose username or email this is, if it is anybody's."""
        if "@" in identifier:
            key = _askable(addresses.key(identifier))
            return Identified(key, await self._store.identify(username_key=None, email_key=key))
        key = _askable(names.fold(identifier) or identifier)
        return Identified(key, await self._store.identify(username_key=key, email_key=None))

    async def named(self, username: str) -> PublicUser:
        """Return who has this username, however it is written; raises NotFound."""
        key = names.fold(username) if len(username) <= _LONGEST_SPELLING else None
        return public_view(accounts.require_visible(None if key is None else await self._store.by_username_key(key)))

    async def cards(self, user_ids: Sequence[UserId]) -> dict[UserId, Card]:
        """Return the cards of those among at most 128 people who exist."""
        rows = await self._store.cards(user_ids) if user_ids else ()
        return {row.id: Card(id=row.id, username=row.username, kind=row.kind) for row in rows}


def _askable(key: str) -> str:
    """Return the key without NUL, which stands in nobody's, and about which PostgreSQL cannot even be asked."""
    return key.replace("\0", "\N{REPLACEMENT CHARACTER}")


def public_view(account: Account) -> PublicUser:
    """Return an account as everybody may see it."""
    return PublicUser(
        id=account.id, username=account.username, kind=account.kind, created_at=rfc3339(account.created_at)
    )


def view(account: Account) -> User:
    """Return an account as its owner and administrators see it."""
    return User(
        id=account.id,
        username=account.username,
        email=account.email,
        email_verified=account.email_verified_at is not None,
        pending_email=account.pending_email,
        kind=account.kind,
        role=account.role,
        status=account.status,
        created_at=rfc3339(account.created_at),
        updated_at=rfc3339(account.updated_at),
        version=account.version,
    )
