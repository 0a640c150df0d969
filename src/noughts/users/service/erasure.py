"""Erasing people who asked for it: their games first, then the row; taken up again after any crash."""

import asyncio
from typing import Final

import structlog

from noughts.kit.errors import Unavailable
from noughts.ports.games import Games
from noughts.users.store import UserStore

log = structlog.get_logger()
_AT_ONCE: Final = 100
_EVERY_S: Final = 5.0


class Erasure:
    """The worker. The rows with status `deleting` are its list of work."""

    def __init__(self, store: UserStore, games: Games) -> None:
        self._store = store
        self._games = games
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Look at the list now."""
        self._wanted.set()

    async def sweep(self) -> int:
        """Erase everyone on the list; return how many. May be repeated and run twice at once."""
        waiting = await self._store.waiting_for_erasure(_AT_ONCE)
        for user_id in waiting:
            await self._games.close_deleted(user_id)
            await self._store.erase(user_id)
            log.info("user_erased", user=user_id)
        return len(waiting)

    async def work(self) -> None:
        """Sweep whenever woken, and every few seconds, for ever."""
        while True:
            self._wanted.clear()
            try:
                while await self.sweep() == _AT_ONCE:
                    pass
            except Unavailable as error:
                log.warning("erasure_waits", reason=error.detail)
            try:
                async with asyncio.timeout(_EVERY_S):
                    await self._wanted.wait()
            except TimeoutError:
                continue
