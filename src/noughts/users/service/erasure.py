"""Erasing people who asked for it: their games first, then the row; taken up again after any crash."""

from typing import Final

import structlog

from noughts.ports.games import Games
from noughts.users.store import UserStore

log = structlog.get_logger()
_AT_ONCE: Final = 100


class Erasure:
    """The worker. The rows with status `deleting` are its list of work."""

    def __init__(self, store: UserStore, games: Games) -> None:
        self._store = store
        self._games = games

    async def sweep(self) -> None:
        """Erase everyone on the list. May be repeated and run twice at once."""
        while waiting := await self._store.waiting_for_erasure(_AT_ONCE):
            for user_id in waiting:
                await self._games.close_deleted(user_id)
                await self._store.erase(user_id)
                log.info("user_erased", user=user_id)
