"""Games that were played: listed page by page, and all of one's own as lines of JSON."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from noughts.games.http.games import VariantName
from noughts.games.model.games import GameId, Status
from noughts.games.model.snapshots import Exported, Snapshot
from noughts.games.service import GameService
from noughts.games.store import Shelf
from noughts.kit import ids
from noughts.kit.cursors import after, cursor
from noughts.kit.edge import Answer, Ask, Limit, Route
from noughts.kit.errors import Invalid
from noughts.kit.ids import is_id
from noughts.kit.tokens import UserId
from noughts.ports.games import Fared

EXPORTS: Final = Limit("game-exports", 10, 60, per_user=True)
NDJSON: Final = "application/x-ndjson"
_BOUND: Final = Meta(max_length=64, description="The id of a game, or a time (RFC 3339).")
_NAME: Final = Meta(max_length=64, description="A username, or the id of a user.")


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which games: begun at `since` or later and before `until`; `result` is how the player fared."""

    status: Status | None = None
    variant: VariantName | None = None
    opponent: Annotated[str, _NAME] | None = None
    rated: bool | None = None
    result: Fared | None = None
    since: Annotated[str, _BOUND] | None = None
    until: Annotated[str, _BOUND] | None = None


class ShelfQuery(Filters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose games are listed (one's own unless said), and which: begun at `since` or later and before `until`."""

    player: str | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class GameList(msgspec.Struct, frozen=True):
    """Some games, newest first, and the cursor of the next ones."""

    items: list[Snapshot]
    next: str | None


async def list_games(games: GameService, ask: Ask[None, ShelfQuery]) -> Answer:
    query, viewer = ask.query, ask.caller.user_id
    if query.player is not None and not is_id(query.player):
        raise Invalid.field("?player", "id", "This is not the id of a user.")
    player = viewer if query.player is None else UserId(query.player)
    wanted = msgspec.structs.replace(
        await _wanted(games, query, player, viewer),
        after=None if (last := after(query.cursor)) is None else GameId(last),
        limit=query.limit,
    )
    found = await games.shelf(wanted)
    return Answer(GameList(found.games, cursor(found.last)))


async def export_games(games: GameService, ask: Ask[None, Filters]) -> Answer:
    viewer = ask.caller.user_id
    pages = games.history.export(await _wanted(games, ask.query, viewer, viewer))
    # The first page is read before anything is said: what cannot be read at all is a problem document.
    first: list[Exported] = await anext(pages, [])
    return Answer(stream=_lines(first, pages), media_type=NDJSON)


async def _lines(first: list[Exported], pages: AsyncGenerator[list[Exported], None]) -> AsyncGenerator[bytes, None]:
    yield msgspec.json.Encoder().encode_lines(first)
    async for page in pages:
        yield msgspec.json.Encoder().encode_lines(page)


async def _wanted(games: GameService, query: Filters, player: UserId, viewer: UserId) -> Shelf:
    return Shelf(
        player=player,
        viewer=viewer,
        status=query.status,
        variant=query.variant,
        opponent=None if query.opponent is None else await games.history.opponent(query.opponent),
        rated=query.rated,
        result=query.result,
        since=_bound("?since", query.since),
        until=_bound("?until", query.until),
    )


def _bound(name: str, given: str | None) -> str | None:
    """Return the id games are compared with; raises Invalid for what is neither an id nor a time."""
    if given is None or is_id(given):
        return given
    try:
        moment = msgspec.convert(given, Annotated[datetime, Meta(tz=True)])
    except msgspec.ValidationError:
        raise Invalid.field(name, "value", "This is neither the id of a game nor a time (RFC 3339).") from None
    return ids.since(moment)


ROUTES: Final = (
    Route("GET", "/games", list_games, "List a player's games, one's own unless said, newest first.",
          query=ShelfQuery, answer=GameList),
    Route("GET", "/games/export", export_games, "All of one's own games, newest first, one JSON object a line.",
          query=Filters, answer=Exported, media_type=NDJSON, limit=EXPORTS),
)  # fmt: skip
