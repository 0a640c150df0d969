"""The far side of the `Users` port: the User Service over HTTP."""

from collections.abc import Sequence
from typing import Final

import msgspec

from noughts.kit.remote import Remote
from noughts.kit.tokens import UserId
from noughts.ports.users import Card, Identified, PublicUser, User

_READ: Final = "users:read"


class _Cards(msgspec.Struct, frozen=True):
    cards: list[Card]


class UsersClient:
    """Keeps the promises of `ports.users.Users` by asking another process."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def create_guest(self, user_id: UserId) -> User:
        """Return the guest of that id, made unless they are there."""
        return await self._remote.ask("POST", f"/internal/users/{user_id}/guest", User, scope="users:guests")

    async def user(self, user_id: UserId) -> User:
        """Return an account as its owner sees it; raises NotFound."""
        return await self._remote.ask("GET", f"/internal/users/{user_id}", User, scope=_READ)

    async def identify(self, identifier: str) -> Identified:
        """Return whose username or email this is, if it is anybody's."""
        body = {"identifier": identifier}
        return await self._remote.ask("POST", "/internal/users/identify", Identified, scope=_READ, body=body)

    async def named(self, username: str) -> PublicUser:
        """Return who has this username, however it is written; raises NotFound."""
        body = {"username": username}
        return await self._remote.ask("POST", "/internal/users/named", PublicUser, scope=_READ, body=body)

    async def cards(self, user_ids: Sequence[UserId]) -> dict[UserId, Card]:
        """Return the cards of those among at most 128 people who exist."""
        if not user_ids:
            return {}
        body = {"user_ids": list(user_ids)}
        found = await self._remote.ask("POST", "/internal/users/cards", _Cards, scope=_READ, body=body)
        return {card.id: card for card in found.cards}
