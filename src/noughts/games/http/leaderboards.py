"""Who is best, for anyone to see."""

import hashlib
from typing import Final

import msgspec

from noughts.games.http.games import require_known
from noughts.games.model.leaderboards import Leaderboard
from noughts.games.service import GameService
from noughts.kit.edge import Answer, Ask, Limit, Route, Who
from noughts.ports.games import Against

LOOKS: Final = Limit("looks", 20, 1)
_CACHING: Final = "public, max-age=1"
_TAG_BYTES: Final = 9


class BoardQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether ratings against people are meant, or those against the computer."""

    against: Against = "people"


async def get_leaderboard(games: GameService, ask: Ask[None, BoardQuery]) -> Answer:
    variant = ask.path["variant"]
    require_known(variant)
    body = msgspec.json.encode(await games.leaderboard(variant, ask.query.against))
    tag = f'"{hashlib.blake2s(body, digest_size=_TAG_BYTES).hexdigest()}"'
    held = ask.has(tag)
    return Answer(None if held else body, 304 if held else 200, tag, caching=_CACHING)


ROUTES: Final = (
    Route("GET", "/leaderboards/{variant}", get_leaderboard, "Who is best at a variant.", who=Who.ANYONE, query=BoardQuery,
          answer=Leaderboard, also=(304,), conditional=True, limit=LOOKS),
)  # fmt: skip
