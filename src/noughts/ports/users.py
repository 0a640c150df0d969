"""What the other services may ask of the User Service."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Protocol

import msgspec
from msgspec import Meta

from noughts.kit.tokens import Role, UserId

Kind = Literal["guest", "member", "computer"]
Status = Literal["active", "disabled", "deleting"]
Time = Annotated[
    str, Meta(description="RFC 3339, UTC, three decimals, `Z`.", extra_json_schema={"format": "date-time"})
]
CARDS_AT_ONCE: Final = 128


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account as its owner and administrators see it."""

    id: UserId
    username: str
    email: str | None
    email_verified: bool
    pending_email: str | None
    kind: Kind
    role: Role
    status: Status
    created_at: Time
    updated_at: Time
    version: int


class PublicUser(msgspec.Struct, frozen=True, kw_only=True):
    """An account as everybody may see it."""

    id: UserId
    username: str
    kind: Kind
    created_at: Time


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """An account as everybody may see it beside a board."""

    id: UserId
    username: str
    kind: Kind


class Identified(msgspec.Struct, frozen=True):
    """Whose username or email something is, and its key: the same for all that is taken for the same."""

    key: str
    user_id: UserId | None


def computer_id(level: int) -> UserId:
    """Return the account the computer plays under at a level; these accounts are made with the schema."""
    return UserId(f"00000000-0000-7000-8000-{level:012d}")


class Users(Protocol):
    """The User Service, near or far. Every method raises Unavailable when it cannot be asked."""

    async def create_guest(self, user_id: UserId) -> User:
        """Return the guest of that id, made unless they are there. May be repeated."""

    async def user(self, user_id: UserId) -> User:
        """Return an account as its owner sees it; raises NotFound. May be repeated."""

    async def identify(self, identifier: str) -> Identified:
        """Return whose username or email this is, if it is anybody's. May be repeated."""

    async def named(self, username: str) -> PublicUser:
        """Return who has this username, however it is written (`ADA` is `ada`); raises NotFound. May be repeated."""

    async def cards(self, user_ids: Sequence[UserId]) -> dict[UserId, Card]:
        """Return the cards of those among at most 128 people who exist. May be repeated."""
