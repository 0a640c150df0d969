"""How many rated matches the same two begin: asked before they meet, noted as they do."""

from collections.abc import Callable
from datetime import datetime

from noughts.games.model import matches
from noughts.games.model.games import Game, Variant
from noughts.games.model.matches import PlayedEnough
from noughts.games.store import MatchStore
from noughts.games.store.matches import noted, struck
from noughts.kit.database import Write
from noughts.kit.tokens import UserId


class Matches:
    """The rated matches of the last day. Every method that asks raises Unavailable."""

    def __init__(self, store: MatchStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def require_another(self, one: UserId, other: UserId, variant: Variant) -> None:
        """Raise PlayedEnough where two have had their rated matches of the day."""
        matches.require_another(await self._store.latest(one, other, variant), variant, self._now())

    async def may_meet(self, one: Game, other: Game) -> bool:
        """Return whether the owners of two games alike that wait may play each other."""
        if not one.rated or one.user_id is None or other.user_id is None:
            return True
        try:
            await self.require_another(one.user_id, other.user_id, one.variant)
        except PlayedEnough:
            return False
        return True

    async def rows(self, before: Game | None, after: Game) -> tuple[Write, ...]:
        """Return what is to be stored with a game: that a match begins with it, or began and does not count.

        Raises PlayedEnough. Storing it misses where another match of the same two began first.
        """
        one, other = after.user_id, after.opponent_id
        if one is None or other is None or not matches.begins(after):
            return ()
        if after.status == "playing" and (before is None or before.status == "open"):
            match = matches.begun(after, await self._store.latest(one, other, after.variant), self._now())
            return () if match is None else (noted(match),)
        if after.status == "aborted" and before is not None and before.status == "playing":
            return (struck(one, other, after),)
        return ()

    async def purge(self) -> None:
        """Forget the matches that count no more."""
        await self._store.purge(self._now() - matches.DAY)
