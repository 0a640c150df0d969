"""What the other services ask: behind no door of the gateway."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from noughts.kit.edge import Answer, Ask, NoQuery, Route, Who
from noughts.kit.tokens import UserId
from noughts.ports.users import CARDS_AT_ONCE, Card, Identified, PublicUser, User
from noughts.users.service import UserService

_READ: Final = "users:read"


class IdentifyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody calls themselves when signing in."""

    identifier: str


class NamedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody is called by others."""

    username: str


class CardsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose cards are wanted, at most 128."""

    user_ids: Annotated[list[UserId], Meta(max_length=CARDS_AT_ONCE)]


class Cards(msgspec.Struct, frozen=True):
    """The cards of those who exist."""

    cards: list[Card]


async def create_guest_account(users: UserService, ask: Ask[Any, NoQuery]) -> Answer:
    return Answer(await users.directory.create_guest(ask.user_id()), 201)


async def account_of(users: UserService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await users.directory.user(UserId(ask.path["user_id"])))


async def identify(users: UserService, ask: Ask[IdentifyBody, NoQuery]) -> Answer:
    return Answer(await users.directory.identify(ask.body.identifier))


async def named(users: UserService, ask: Ask[NamedBody, NoQuery]) -> Answer:
    return Answer(await users.directory.named(ask.body.username))


async def cards(users: UserService, ask: Ask[CardsBody, NoQuery]) -> Answer:
    return Answer(Cards(list((await users.directory.cards(ask.body.user_ids)).values())))


ROUTES: Final = (
    Route("POST", "/internal/users/{user_id}/guest", create_guest_account, "Make a guest, unless they are there.", answer=User,
          status=201, who=Who.SERVICE, scope="users:guests"),
    Route("GET", "/internal/users/{user_id}", account_of, "Read an account in full.", answer=User, who=Who.SERVICE, scope=_READ),
    Route("POST", "/internal/users/identify", identify, "Whose username or email this is.", body=IdentifyBody,
          answer=Identified, who=Who.SERVICE, scope=_READ),
    Route("POST", "/internal/users/named", named, "Who has this username.", body=NamedBody, answer=PublicUser,
          who=Who.SERVICE, scope=_READ),
    Route("POST", "/internal/users/cards", cards, "Many cards at once.", body=CardsBody, answer=Cards, who=Who.SERVICE, scope=_READ),
)  # fmt: skip
