"""All that happens to one player, as one stream: challenges, matches, and every game they play in, from its first moment on."""

import asyncio
from typing import Final

import msgspec

from noughts.games.model.games import GameId
from noughts.games.service.live import Live
from noughts.games.service.news import ForSomebody, News
from noughts.games.store import GameStore
from noughts.kit.errors import Forbidden, NotFound
from noughts.kit.logging import log
from noughts.ports.messages import Challenged

MOST: Final = 100
"""Games told of at once: those that are over make room for the next."""


class _Snapshot(msgspec.Struct, frozen=True):
    """A game as it stands, as far as it matters here."""

    status: str
    next: GameId | None


class _Said(msgspec.Struct, frozen=True):
    """What a message says of a game, as far as it matters here: whether it is over, and which one follows it."""

    game: GameId
    status: str | None = None
    next: GameId | None = None
    snapshot: _Snapshot | None = None


_READ: Final = msgspec.json.Decoder(_Said).decode


class Following:
    """One player's stream. `live` tells of the games that are followed; what it tells of them passes through `passed`."""

    most: Final = MOST

    def __init__(self, store: GameStore, news: News) -> None:
        self._store = store
        self._news = news
        self._live: Live | None = None
        self._followed: dict[GameId, bool] = {}  # and whether it is over
        self._wanted: asyncio.Queue[GameId | None] = asyncio.Queue()

    async def run(self, live: Live) -> None:
        """Tell what there is, and what happens from then on, until cancelled; raises Unavailable."""
        self._live, user_id = live, live.by.user_id
        self._news.listen(user_id, self._for_me, self._missed)
        self._missed()
        try:
            while True:
                wanted = await self._wanted.get()
                await (self._look() if wanted is None else self._follow(wanted))
        finally:
            self._news.unlisten(user_id, self._for_me, self._missed)

    def passed(self, text: bytes) -> None:
        """Take note of what is told about a game: whether it is over, and which one follows."""
        said = _READ(text)
        known = said.snapshot or said
        self._followed[said.game] = known.status in ("finished", "aborted") or self._followed.get(said.game, False)
        if known.next is not None:
            self._want(known.next)

    async def _look(self) -> None:
        """Follow what is being played, and tell of the challenges that wait."""
        live = self._live
        if live is None:
            return
        for game in await self._store.unfinished_of(live.by.user_id, MOST):
            await self._follow(game.id)
        await live.tell_challenges()

    async def _follow(self, game_id: GameId) -> None:
        if game_id in self._followed or self._live is None:
            return
        if len(self._followed) >= MOST:
            over = next((one for one, is_over in self._followed.items() if is_over), None)
            if over is None:
                log.info("stream_full", user=self._live.by.user_id, game=game_id)
                return
            self._live.leave(over)
            del self._followed[over]
        try:
            self._followed[game_id] = False
            await self._live.watch(game_id, None)
        except (NotFound, Forbidden) as problem:
            log.info("stream_game_unreadable", game=game_id, problem=problem.slug())
            self._followed.pop(game_id, None)

    def _for_me(self, found: ForSomebody) -> None:
        told = found.told
        if not isinstance(told, Challenged) or told.status == "playing":
            self._want(GameId(told.game))

    def _missed(self) -> None:
        self._wanted.put_nowait(None)

    def _want(self, game_id: GameId) -> None:
        if game_id not in self._followed:
            self._wanted.put_nowait(game_id)
