"""What positions and moves are worth."""

from typing import Final

from noughts.games.model.analyses import GameAnalysis, Position, StillPlaying
from noughts.games.model.games import GameId
from noughts.games.service import GameService
from noughts.kit.edge import Answer, Ask, Limit, NoQuery, Route, Who

POSITIONS: Final = Limit("positions", 20, 1)
ANALYSES: Final = Limit("analyses", 5, 1, per_user=True)
_FOR_EVER: Final = "public, max-age=31536000, immutable"


async def get_position(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    found = await games.analyst.position(ask.path["variant"], ask.path["moves"])
    return Answer(found, caching=_FOR_EVER)


async def analyse_game(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.analysis(GameId(ask.path["game_id"]), ask.caller), caching="private, no-cache")


ROUTES: Final = (
    Route("GET", "/games/{game_id}/analysis", analyse_game, "What each move was worth; for its players once it is over.",
          answer=GameAnalysis, errors=(StillPlaying,), limit=ANALYSES),
    Route("GET", "/positions/{variant}/{moves}", get_position,
          "What a position is worth: `moves` are the cells in order, joined by `-`, or `start`.", who=Who.ANYONE,
          answer=Position, limit=POSITIONS),
)  # fmt: skip
