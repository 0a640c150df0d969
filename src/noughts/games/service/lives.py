"""All live connections of this process: closed the moment their session is over."""

import contextlib
from collections.abc import Callable

from noughts.games.model.games import GameId
from noughts.games.service.live import MOST, Live, Watching
from noughts.games.service.seen import Send
from noughts.games.service.tickets import Tickets
from noughts.kit.broadcast import Broadcast
from noughts.kit.errors import InvalidToken, Unavailable
from noughts.kit.revocation import REVOCATIONS, Revocation
from noughts.kit.tokens import Principal
from noughts.ports.games import ASKED_AT_ONCE


class Lives:
    """Opens them, and ends those whose person is signed in no more."""

    def __init__(self, watching: Watching, tickets: Tickets, broadcast: Broadcast) -> None:
        self._watching = watching
        self._tickets = tickets
        self._open: dict[Live, Callable[[], None]] = {}
        self._addresses: dict[Live, str] = {}
        self._came: dict[GameId, int] = {}
        broadcast.subscribe(REVOCATIONS, self._ended)

    def require_room(self, by: Principal, address: str) -> None:
        """Raise TooManyRequests where somebody, or their address, has as many connections as they may."""
        self._watching.pace.require_room(by.user_id, address)

    def open(self, by: Principal, send: Send, end: Callable[[], None], *, address: str = "", most: int = MOST) -> Live:
        """Return a new connection's side here, for so many games; `end` is called when its session is over.

        Raises TooManyRequests.
        """
        self.require_room(by, address)
        live = Live(self._watching, by, send, most)
        self._open[live], self._addresses[live] = end, address
        self._watching.pace.come(by.user_id, address)
        return live

    def close(self, live: Live) -> None:
        """Forget a connection that is over. May be repeated."""
        live.close()
        if self._open.pop(live, None) is not None:
            self._watching.pace.go(live.by.user_id, self._addresses.pop(live))

    async def check(self) -> None:
        """End the connections of sessions that are over: news of that may be lost. To be called each second."""
        for live, end in tuple(self._open.items()):
            with contextlib.suppress(Unavailable):  # nobody knows just now: nothing new is let in, who is here may stay
                try:
                    self._tickets.require_signed_in(live.by)
                except InvalidToken:
                    end()

    async def catch_up(self) -> None:
        """Show what is stored since the last look at least and nobody told of, as where a process died between the two.

        To be called each five seconds; raises Unavailable.
        """
        for live in tuple(self._open):
            live.catch_up(self._came)
        games = sorted({game_id for live in self._open for game_id in live.looks_at()})
        how_far: dict[GameId, int] = {}
        for start in range(0, len(games), ASKED_AT_ONCE):
            how_far |= await self._watching.how_far(games[start : start + ASKED_AT_ONCE])
        self._came = how_far

    async def wait(self) -> None:
        """Let those wait on who wait for anyone and are connected. To be called each 10 s; raises Unavailable."""
        for game_id in {game_id for live in tuple(self._open) for game_id in live.waits()}:
            await self._watching.wait(game_id)

    def _ended(self, revocation: Revocation) -> None:
        for live, end in tuple(self._open.items()):
            if live.by.user_id == revocation.user_id and _ends(revocation, live.by):
                end()


def _ends(revocation: Revocation, by: Principal) -> bool:
    if revocation.session_id is not None:
        return revocation.session_id == by.session_id
    return by.epoch < (revocation.epoch or 0) and by.session_id != revocation.except_session_id
