"""What happens to oneself, as lines of JSON: what a bot listens to."""

import asyncio
import contextlib
from typing import Final

import msgspec

from noughts.games.http.live import Reader
from noughts.games.service import GameService
from noughts.games.service.stream import Following
from noughts.kit.edge import Answer, Ask, Feed, Limit, NoQuery, Route, lines
from noughts.kit.errors import Unavailable
from noughts.ports.messages import (
    Challenged,
    Closed,
    Finished,
    Matched,
    Moved,
    Offered,
    Presence,
    Restarting,
    Shown,
)

STREAMS: Final = Limit("streams", 5, 1, per_user=True)
_RESTARTING: Final = msgspec.json.encode(Restarting())
_CLOSED: Final = msgspec.json.encode(Closed())


async def follow_everything(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    reader, following = Reader(ask.caller, ask.address), games.following()
    games.lives.require_room(reader.by, reader.address)
    return lines(lambda feed: _fed(games, reader, following, feed))


async def _fed(games: GameService, reader: Reader, following: Following, feed: Feed) -> None:
    """Tell what happens to somebody until nobody listens any more."""

    def send(text: bytes, seq: int | None) -> None:
        feed.send(text)
        if seq is not None:
            following.passed(text)

    def over() -> None:
        feed.send(_CLOSED)
        feed.close()

    live = games.lives.open(reader.by, send, over, address=reader.address, most=following.most)
    feed.on_drain = lambda: feed.send(_RESTARTING)
    telling = asyncio.create_task(following.run(live))
    telling.add_done_callback(lambda _: feed.close())  # whoever comes again is told what stands then
    try:
        await feed.ended()
    finally:
        telling.cancel()
        games.lives.close(live)
        with contextlib.suppress(asyncio.CancelledError, Unavailable):
            await telling


TOLD: Final = (Shown, Moved, Offered, Finished, Matched, Challenged, Presence, Restarting, Closed)

ROUTES: Final = (
    Route("GET", "/stream", follow_everything,
          "What happens to oneself: challenges, matches, and one's games, one JSON object a line (docs/live.md).",
          answer=TOLD, live="lines", limit=STREAMS),
)  # fmt: skip
