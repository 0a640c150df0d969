"""Games that were played, found again: against whom, and all of them."""

from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from noughts.games.model.snapshots import Exported, exported
from noughts.games.service.cards import Cards
from noughts.games.service.table import Table
from noughts.games.store import GameStore, Shelf
from noughts.kit.errors import Invalid, NotFound
from noughts.kit.ids import is_id
from noughts.kit.tokens import UserId
from noughts.ports.users import Users

_AT_ONCE: Final = 200


class History:
    """The use cases of who looks back. Every method raises Unavailable."""

    def __init__(self, store: GameStore, table: Table, cards: Cards, users: Users) -> None:
        self._store = store
        self._table = table
        self._cards = cards
        self._users = users

    async def opponent(self, named: str) -> UserId:
        """Return who is meant by an id or a username; raises Invalid for whom nobody knows by that name."""
        if is_id(named):
            return UserId(named)
        try:
            return (await self._users.named(named)).id
        except NotFound:
            raise Invalid.field("?opponent", "unknown", "Nobody has that username.") from None

    async def export(self, wanted: Shelf) -> AsyncGenerator[list[Exported], None]:
        """Yield a player's games page by page, the newest first, as far as the viewer may see them."""
        wanted = msgspec.structs.replace(wanted, limit=_AT_ONCE)
        while page := [await self._table.settled(game) for game in await self._store.shelf(wanted)]:
            cards = await self._cards.of([user_id for game in page for user_id in (game.user_id, game.opponent_id)])
            yield [exported(game, cards) for game in page]
            if len(page) < _AT_ONCE:
                return
            wanted = msgspec.structs.replace(wanted, after=page[-1].id)
