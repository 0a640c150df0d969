"""A game as one live connection knows it: read, told of, and read again where something is missing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import msgspec

from noughts.games.model import games
from noughts.games.model.games import Game, GameId
from noughts.games.model.snapshots import Snapshot
from noughts.games.service.news import GameChanged
from noughts.kit.errors import Problem, Unavailable
from noughts.kit.logging import log
from noughts.kit.tokens import UserId
from noughts.kit.workers import Work
from noughts.ports.messages import Presence, Shown

_ENCODE: Final = msgspec.json.Encoder().encode
_AGAIN_S: Final = 0.3

Send = Callable[[bytes, int | None], None]
"""Takes an encoded message and, where it is one, the `seq` it brings a game to; never waits."""
Get = Callable[[GameId], Awaitable[Game | None]]
Show = Callable[[Game, UserId], Awaitable[Snapshot]]
Start = Callable[[Work], object]


class Viewer(NamedTuple):
    """Who looks: what is told to them, how games are read, how one and who looks at it is shown, what does something beside the rest."""

    user_id: UserId
    send: Send
    get: Get
    show: Show
    presence: Callable[[Game], Presence]
    start: Start


class Seen:
    """Up to which `seq` a game is known, whether its viewer is counted among those who look, and whether it was left.

    And whether it is being read just now, and is to be read once more since: what is told meanwhile may not be in it.
    Up to the first reading `seq` is what the client says it knows.
    """

    __slots__ = ("_again", "_is_reading", "_viewer", "game", "is_counted", "is_left", "seq")

    def __init__(self, viewer: Viewer, game: Game, seq: int) -> None:
        self._viewer = viewer
        self.game, self.seq = game, seq
        self.is_counted = self.is_left = self._is_reading = self._again = False

    def changed(self, changed: GameChanged, text: bytes) -> None:
        """Pass on what comes next, at once: a move is told before it is `done`. Read the game again where something is missing."""
        if text and changed.seq == self.seq + 1 and self.is_counted:
            self.seq = changed.seq
            self._viewer.send(text, changed.seq)
        elif self._is_reading:
            self._again = True
        elif changed.seq > self.seq:
            self.show_again()

    def looked(self) -> None:
        """Tell who looks now."""
        self._viewer.send(_ENCODE(self._viewer.presence(self.game)), None)

    def catch_up(self, seq: int) -> None:
        """Show what nobody told of, where the game is known to have come so far."""
        if seq > self.seq and not self._is_reading:
            log.warning("live_news_missed", game=self.game.id, seq=seq, known=self.seq)
            self.show_again()

    async def show(self) -> None:
        """Read a game, and show it unless it is as it was known; again where something was told meanwhile.

        Raises NotFound, Unavailable.
        """
        self._is_reading = self._again = True
        try:
            while self._again:
                self._again = False
                await self._show_once()
        finally:
            self._is_reading = False

    def show_again(self) -> None:
        """Read a game and show it, soon."""
        if self._is_reading:
            self._again = True
            return
        self._is_reading = True
        self._viewer.start(self._show_again())

    async def _show_once(self) -> None:
        viewer, known = self._viewer, self.seq
        game = games.require_visible(await viewer.get(self.game.id), viewer.user_id)
        shown = await viewer.show(game, viewer.user_id)
        if self.is_left:  # meanwhile; it may be looked at anew
            return
        self.game = game
        if game.seq > self.seq or game.seq < known:  # else it was read before what was told meanwhile
            self.seq = game.seq
            viewer.send(_ENCODE(Shown(game=game.id, seq=game.seq, snapshot=msgspec.Raw(_ENCODE(shown)))), game.seq)

    async def _show_again(self) -> None:
        while not self.is_left:
            try:
                await self.show()
            except Unavailable:  # what was missed is still missing
                self._is_reading = True  # by this task alone: a second one could show what is older
                await asyncio.sleep(_AGAIN_S)
                continue
            except Problem as problem:
                log.info("live_game_unreadable", game=self.game.id, problem=problem.slug())
            return
