"""What the other services ask: behind no door of the gateway."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from noughts.auth.service import AuthService
from noughts.kit.edge import Answer, Ask, NoQuery, Route, Who
from noughts.kit.tokens import SessionId, UserId
from noughts.ports.auth import ASKED_AT_ONCE, HeldProofs

_READ: Final = "auth:read"


class PeopleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is asked about, at most 100."""

    user_ids: Annotated[list[UserId], Meta(max_length=ASKED_AT_ONCE)]


class AfterBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which one the list goes on after."""

    after: SessionId | None = None


async def signed_in(auth: AuthService, ask: Ask[PeopleBody, NoQuery]) -> Answer:
    return Answer(sorted(await auth.records.signed_in(ask.body.user_ids)))


async def held_sessions(auth: AuthService, ask: Ask[AfterBody, NoQuery]) -> Answer:
    return Answer(await auth.records.held_sessions(ask.user_id(), ask.body.after))


async def held_proofs(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await auth.records.held_proofs(ask.user_id()))


async def public_keys(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await auth.records.public_keys())


ROUTES: Final = (
    Route("POST", "/internal/auth/signed-in", signed_in, "Who of them is signed in anywhere.", body=PeopleBody,
          who=Who.SERVICE, scope=_READ),
    Route("POST", "/internal/auth/people/{user_id}/sessions", held_sessions, "The sessions kept of somebody.",
          body=AfterBody, who=Who.SERVICE, scope=_READ),
    Route("GET", "/internal/auth/people/{user_id}/proofs", held_proofs, "What else is kept of their sign-ins.",
          answer=HeldProofs, who=Who.SERVICE, scope=_READ),
    Route("GET", "/internal/auth/keys", public_keys, "The keys tokens are checked with.", who=Who.SERVICE, scope=_READ),
)  # fmt: skip
