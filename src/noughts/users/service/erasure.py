"""Erasing people who asked for it: their games first, then the row; taken up again after any crash."""

from datetime import timedelta
from typing import Final

from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.ports.games import Games
from noughts.users.providers import Provider
from noughts.users.store import AccountStore

_AT_ONCE: Final = 100
_SETTLED: Final = timedelta(seconds=2)
"""After this, requests that were under way when somebody's tokens ended have been answered: no new game slips in."""


class Erasure:
    """The worker. The rows with status `deleting` are its list of work."""

    def __init__(self, store: AccountStore, games: Games, provider: Provider, fittings: Fittings) -> None:
        self._store = store
        self._games = games
        self._provider = provider
        self._audit = fittings.audit
        self._now = fittings.now

    async def sweep(self) -> None:
        """Erase everyone on the list. May be repeated and run twice at once."""
        while waiting := await self._store.waiting_for_erasure(self._now() - _SETTLED, _AT_ONCE):
            for user_id in waiting:
                await self._games.close_deleted(user_id)
                await self._provider.remove(user_id)
                await self._store.erase(user_id, *self._audit.erased(user_id))
                log.info("user_erased", user=user_id)
