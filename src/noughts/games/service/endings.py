"""Ending a game otherwise than on the board, and what players offer each other."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from noughts.games.model import games, lives, matches, offers
from noughts.games.model.games import Game, GameId
from noughts.games.model.offers import Kind, Offer
from noughts.games.service.matches import Matches
from noughts.games.service.table import Table
from noughts.games.store import Overtaken
from noughts.kit import ids
from noughts.kit.errors import Forbidden, Unavailable
from noughts.kit.tokens import UserId

IsThere = Callable[[GameId, UserId], bool]
_TRIES: Final = 16


class Endings:
    """The use cases of players beside moving. Besides the problems their methods name they raise NotFound, Forbidden, Unavailable."""

    def __init__(self, table: Table, matches: Matches, is_there: IsThere, now: Callable[[], datetime]) -> None:
        self._table = table
        self._matches = matches
        self._is_there = is_there
        self._now = now

    async def resign(self, game_id: GameId, by: UserId) -> Game:
        """Return the game given up, or called off while nobody has joined. May be repeated."""
        return await self._table.change(game_id, self.giving_up(by))

    async def abort(self, game_id: GameId, by: UserId) -> Game:
        """Return the game called off before both have moved. May be repeated; raises GameOver, TooLateToAbort."""

        def decide(game: Game | None) -> Game:
            visible, _ = games.require_player(game, by)
            return lives.aborted(visible, self._now())

        return await self._table.change(game_id, decide)

    async def claim(self, game_id: GameId, by: UserId) -> Game:
        """Return the game won of an opponent who is gone. May be repeated; raises NothingToClaim."""

        def decide(game: Game | None) -> Game:
            visible, mark = games.require_player(game, by)
            other = visible.opponent_id if visible.user_id == by else visible.user_id
            there = other is not None and self._is_there(game_id, other)
            return lives.claimed(visible, mark, self._now(), opponent_is_there=there)

        return await self._table.change(game_id, decide)

    async def offer(self, game_id: GameId, kind: Kind, by: UserId) -> Game:
        """Return the game with an offer in it, or after it was taken: what the other offers, too, and what the computer is asked.

        Raises what `offers.made` does, PlayedEnough for another rated match too many.
        """

        def decide(game: Game | None) -> Game:
            visible, mark = games.require_player(game, by)
            theirs = next((one for one in offers.standing(visible) if one.kind == kind and one.by != mark), None)
            if theirs is not None:
                return self._taken(visible, theirs)
            after = offers.made(visible, mark, kind, self._now())
            if visible.level is None or after is visible:
                return after
            if kind == "draw":
                raise Forbidden("The computer plays on.")
            return self._taken(visible, Offer("", kind, mark))

        return await self._decided(game_id, decide, another=kind == "rematch")

    async def accept(self, game_id: GameId, offer_id: str, by: UserId) -> Game:
        """Return the game after an offer was taken: drawn, moves taken back, or followed by another one; raises PlayedEnough."""

        def decide(game: Game | None) -> Game:
            visible, mark = games.require_player(game, by)
            return self._taken(visible, offers.found(visible, offer_id, mark))

        return await self._decided(game_id, decide)

    async def decline(self, game_id: GameId, offer_id: str, by: UserId) -> Game:
        """Return the game without an offer."""

        def decide(game: Game | None) -> Game:
            visible, mark = games.require_player(game, by)
            return offers.declined(visible, offers.found(visible, offer_id, mark), self._now())

        return await self._table.change(game_id, decide)

    def giving_up(self, user_id: UserId) -> Callable[[Game | None], Game]:
        """Return what decides that somebody gives up."""

        def decide(game: Game | None) -> Game:
            visible, mark = games.require_player(game, user_id)
            return lives.resigned(visible, mark, self._now())

        return decide

    def _taken(self, game: Game, offer: Offer) -> Game:
        match offer.kind:
            case "draw":
                return offers.drawn(game, self._now())
            case "takeback":
                return offers.taken_back(game, offer.by, self._now())
            case "rematch":
                return offers.followed(game, GameId(ids.new()), self._now())

    async def _decided(self, game_id: GameId, decide: Callable[[Game | None], Game], *, another: bool = False) -> Game:
        """Return the game as decided, once it is stored; with it the rematch, where that is what was decided."""
        for _ in range(_TRIES):
            before = await self._table.get(game_id)
            after = decide(before)
            if before is None or after is before:
                return self._table.repeated(after)
            if another:  # said to who offers it, not to who says yes
                await self._require_another(before)
            rematch = after.next_id is not None and after.next_id != before.next_id
            with suppress(Overtaken):
                return await (self._table.rematch if rematch else self._table.put)(before, after)
        raise Unavailable("Too much happens here at once.")

    async def _require_another(self, game: Game) -> None:
        """Raise PlayedEnough where a rematch would begin one rated match too many."""
        if game.user_id is not None and game.opponent_id is not None:
            new = lives.follows(game, game.id, self._now())
            if matches.begins(new):
                await self._matches.require_another(game.user_id, game.opponent_id, game.variant)
