"""Coming to a game: beginning one, being matched, invited, challenged; and the wait's end."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from random import Random
from typing import Final

from noughts.games.model import games, lives, matching
from noughts.games.model.games import Game, GameId, Wish
from noughts.games.model.matches import PlayedEnough
from noughts.games.service.cards import Cards
from noughts.games.service.invites import Invites
from noughts.games.service.matches import Matches
from noughts.games.service.table import Table
from noughts.games.store import GameStore, KeyUsed, Overtaken, Search
from noughts.kit import ids, sealing
from noughts.kit.errors import Invalid, NotFound, Unavailable
from noughts.kit.fittings import Fittings
from noughts.kit.idempotency import Once
from noughts.kit.logging import log
from noughts.kit.tokens import UserId
from noughts.ports.messages import Challenged
from noughts.ports.users import Users

_TRIES: Final = 16
_AT_ONCE: Final = 200
_CHALLENGES: Final = 20


class Seats:
    """The use cases of who wants to play. Besides the problems their methods name they raise Unavailable."""

    def __init__(
        self,
        store: GameStore,
        table: Table,
        matches: Matches,
        users: Users,
        cards: Cards,
        invites: Invites,
        fittings: Fittings,
        chance: Random,
    ) -> None:
        self._store, self._table, self._users, self._cards = store, table, users, cards
        self._matches = matches
        self._idempotency, self._invites = fittings.idempotency, invites
        self._chance, self._now = chance, fittings.now
        self._matching = asyncio.Lock()

    async def create(self, wish: Wish, by: UserId, key: str | None = None) -> Game:
        """Return a new game, or the fitting one that has waited longest for anyone, joined.

        The same game again, as it stands then, for the same Idempotency-Key and wish; raises IdempotencyKeyReused,
        IdempotencyInProgress, Forbidden for guests who want a rating, Invalid, NotFound for whom nobody knows, PlayedEnough.
        """
        once = None if key is None else self._idempotency.once(by, "POST /games", key, wish)
        with self._idempotency.running(once):
            game = await self._made(once)
            if game is None:
                try:
                    game = await self._begin(wish, by, once)
                except KeyUsed:  # in another process, a moment ago
                    game = games.require_visible(await self._made(once), by)
        return game

    async def join(self, game_id: GameId, invite: str | None, by: UserId) -> Game:
        """Return the game with the caller in the free seat, unchanged for who sits in it already.

        `invite` is the secret of a game that is not open to anyone; who is challenged needs none. Raises NotFound,
        SeatTaken, GameOver, Forbidden, PlayedEnough.
        """
        digest = None if invite is None else sealing.digest(invite)
        rating = None

        def decide(game: Game | None) -> Game:
            visible = games.require_invited(game, by, digest)
            if visible.invited_id is not None and visible.mark_of(by) is None and visible.invited_id != by:
                raise NotFound("There is no such game.")
            return lives.joined(visible, by, self._now(), rating)

        found = await self._store.get(game_id)
        if found is not None and found.rated and found.status == "open":
            await self._require_ratable(
                Wish(seat=found.seat, rated=True, variant=found.variant, opponent=found.invited_id), by
            )
            rating = (await self._table.rating(by, found.variant)).shown
        return await self._table.change(game_id, decide, joins=True)

    async def decline(self, game_id: GameId, by: UserId) -> Game:
        """Return a challenge turned down. May be repeated; raises NotFound, Forbidden, GameOver."""
        return await self._table.change(
            game_id, lambda game: lives.declined(games.require_visible(game, by), by, self._now())
        )

    async def challenges(self, by: UserId) -> list[Challenged]:
        """Return the challenges to somebody that wait for an answer, as they are told live, the oldest first. May be repeated."""
        waiting = await self._store.challenges(by, None, _CHALLENGES)
        return [Challenged(game=game.id, by=game.user_id, status=game.status) for game in waiting]

    async def whom(self, username: str, by: UserId) -> UserId:
        """Return who is meant by a challenge; raises NotFound, Invalid for oneself and the computer."""
        person = await self._users.named(username)
        if person.id == by:
            raise Invalid.field("#/username", "oneself", "Nobody plays against themselves.")
        if person.kind == "computer":
            raise Invalid.field("#/username", "computer", "Choose the computer as opponent, and a level.")
        return person.id

    async def wait(self, game_id: GameId) -> None:
        """Let the owner of a game who is connected wait for a while yet. May be repeated."""
        await self._store.wait(game_id, self._now() + matching.WAITS)

    async def match(self) -> None:
        """Bring together those who wait and would do for each other by now. May be repeated and run twice at once."""
        at = self._now()
        waiting = [
            game for game in await self._store.waiting(_AT_ONCE) if game.waits_until is None or game.waits_until > at
        ]
        while waiting:
            one = waiting.pop(0)
            other = await self._opponent(one, waiting, at)
            if other is not None:
                waiting.remove(other)
                kept, gone = matching.meet(one, other)
                with suppress(Overtaken, PlayedEnough):
                    await self._table.bring_together(kept, gone, at)
                    log.info("waiting_matched", game=kept.id, instead=gone.id)

    async def _opponent(self, one: Game, waiting: Sequence[Game], at: datetime) -> Game | None:
        """Return the first game whose owner would do for that of another."""
        for game in waiting:
            if matching.fit(one, game, at) and await self._matches.may_meet(one, game):
                return game
        return None

    async def give_up(self) -> None:
        """Call off the games of those who wait no more. May be repeated."""
        for game in await self._store.given_up(self._now(), _AT_ONCE):
            with suppress(Overtaken):
                await self._table.put(game, lives.called_off(game, self._now()))

    async def _made(self, once: Once | None) -> Game | None:
        """Return what the very same call created before."""
        made = None if once is None else await self._idempotency.earlier(once)
        return None if made is None else await self._store.get(GameId(made))

    async def _begin(self, wish: Wish, user_id: UserId, once: Once | None) -> Game:
        await self._require_ratable(wish, user_id)
        if wish.rated and wish.opponent is not None:
            await self._matches.require_another(user_id, wish.opponent, wish.variant)
        rating = (await self._table.rating(user_id, wish.variant)).shown if wish.level is None else None
        if wish.seat == "anyone":
            async with self._matching:  # so that within a process nobody who could meet is left waiting
                return await self._meet(wish, user_id, rating, once)
        game = self._new(wish, user_id, rating)
        return await self._started(game, user_id, once)

    async def _meet(self, wish: Wish, user_id: UserId, rating: int | None, once: Once | None) -> Game:
        """Return the game joined, or the one that waits now; others may take it first, then look again."""
        for _ in range(_TRIES):
            at = self._now()
            wanted = _sought(wish, user_id, rating, at)
            waiting = await self._store.oldest_fitting(wanted)
            with suppress(Overtaken, PlayedEnough):  # the latter where they began their last match just now
                if waiting is None:
                    return await self._started(self._new(wish, user_id, rating), user_id, once, wanted)
                rows = self._idempotency.rows(once, waiting.id, user_id)
                game = lives.joined(waiting, user_id, at, rating)
                game = await self._table.put(waiting, game, *rows, joins=True)
                log.info("game_joined", game=game.id, user=user_id, seat=game.seat)
                return game
        raise Unavailable("Too much happens here at once.")

    async def _started(self, game: Game, user_id: UserId, once: Once | None, wanted: Search | None = None) -> Game:
        await self._table.begin(game, *self._idempotency.rows(once, game.id, user_id), unless=wanted)
        log.info("game_begun", game=game.id, user=user_id, seat=game.seat)
        return game

    def _new(self, wish: Wish, user_id: UserId, rating: int | None) -> Game:
        game_id = GameId(ids.new())
        invite = self._invites.digest(game_id) if wish.seat == "invite" and wish.opponent is None else None
        mark = self._chance.choice(games.MARKS) if wish.mark == "random" else wish.mark
        return lives.begun(game_id, wish, by=user_id, mark=mark, invite=invite, at=self._now(), rating=rating)

    async def _require_ratable(self, wish: Wish, user_id: UserId) -> None:
        if wish.rated:
            matching.require_ratable(wish, (await self._cards.of([user_id]))[user_id].kind)


def _sought(wish: Wish, user_id: UserId, rating: int | None, at: datetime) -> Search:
    """Return what somebody who comes now looks for."""
    return Search(
        variant=wish.variant,
        time=wish.time,
        rated=wish.rated,
        user_id=user_id,
        unwanted=matching.unwanted(wish),
        rating=rating,
        within=matching.within(at, at),
        at=at,
    )
