"""What the other services ask: behind no door of the gateway."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from noughts.games.service import GameService
from noughts.kit.edge import Answer, Ask, NoQuery, Route, Who
from noughts.kit.tokens import UserId
from noughts.ports.games import ASKED_AT_ONCE, Record, Versus, Waiting

_READ: Final = "games:read"
_CLOSE: Final = "games:close-deleted"


class PeopleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is asked about, at most 100."""

    user_ids: Annotated[list[UserId], Meta(max_length=ASKED_AT_ONCE)]


class AfterBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which one the list goes on after."""

    after: str | None = None


async def close_deleted(games: GameService, ask: Ask[Any, NoQuery]) -> Answer:
    await games.close_deleted(ask.user_id())
    return Answer(status=204)


async def played_humans(games: GameService, ask: Ask[PeopleBody, NoQuery]) -> Answer:
    return Answer(sorted(await games.played_humans(ask.body.user_ids)))


async def held(games: GameService, ask: Ask[AfterBody, NoQuery]) -> Answer:
    return Answer(await games.held(ask.user_id(), ask.body.after))


async def record(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.record(ask.user_id()))


async def latest(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.latest(ask.user_id()))


async def versus(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.versus(ask.user_id(), UserId(ask.path["other_id"])))


async def standings(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.standings(ask.user_id()))


async def waiting(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.waiting())


ROUTES: Final = (
    Route("POST", "/internal/games/people/{user_id}/close", close_deleted, "Give up the games of somebody being deleted.",
          status=204, who=Who.SERVICE, scope=_CLOSE),
    Route("POST", "/internal/games/played-humans", played_humans, "Who of them finished a game with a person.",
          body=PeopleBody, who=Who.SERVICE, scope=_READ),
    Route("POST", "/internal/games/people/{user_id}/games", held, "The games kept of somebody.", body=AfterBody,
          who=Who.SERVICE, scope=_READ),
    Route("GET", "/internal/games/people/{user_id}/record", record, "How somebody's games ended.", answer=Record,
          who=Who.SERVICE, scope=_READ),
    Route("GET", "/internal/games/people/{user_id}/latest", latest, "Somebody's latest public games.", who=Who.SERVICE,
          scope=_READ),
    Route("GET", "/internal/games/people/{user_id}/versus/{other_id}", versus, "How somebody fared against another.",
          answer=Versus, who=Who.SERVICE, scope=_READ),
    Route("GET", "/internal/games/people/{user_id}/standings", standings, "Somebody's ratings.", who=Who.SERVICE,
          scope=_READ),
    Route("GET", "/internal/games/waiting", waiting, "Who waits for anyone, and how much is played.", answer=Waiting,
          who=Who.SERVICE, scope=_READ),
)  # fmt: skip
