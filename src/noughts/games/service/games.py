"""What people may do with games, and the near side of the `Games` port."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Final

import msgspec
from msgspec import UNSET

from noughts.games.model import games
from noughts.games.model.games import Game, GameId, Wish
from noughts.games.model.moves import Attempt, played
from noughts.games.model.snapshots import Snapshot, held, snapshot
from noughts.games.service.cards import Cards
from noughts.games.service.computer import Computer
from noughts.games.service.invites import Invites
from noughts.games.service.public import Public
from noughts.games.store import GameStore, KeyUsed, Overtaken, Shelf
from noughts.kit import ids, sealing
from noughts.kit.broadcast import Broadcast
from noughts.kit.errors import Problem, Unavailable
from noughts.kit.idempotency import Idempotency, Once
from noughts.kit.logging import log
from noughts.kit.tokens import Principal, UserId
from noughts.kit.workers import Work, every
from noughts.ports.games import HELD_AT_ONCE, HeldGame, Record, Waiting
from noughts.ports.users import Users

_TRIES: Final = 16
_AT_ONCE: Final = 100
_OVERDUE: Final = timedelta(seconds=2)
_SWEPT_S: Final = 5.0
_BUSY: Final = "Too much happens here at once."


class Listed(msgspec.Struct, frozen=True):
    """Some games, newest first, and after which one there are more."""

    games: list[Snapshot]
    last: GameId | None


class GameService:
    """The use cases of games. Besides the problems its methods name they raise Unavailable."""

    def __init__(
        self,
        store: GameStore,
        users: Users,
        *,
        idempotency: Idempotency,
        broadcast: Broadcast,
        invites: Invites,
        chance: Random,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._idempotency = idempotency
        self._invites = invites
        self._chance = chance
        self._now = now
        self._cards = Cards(users, broadcast, now)
        self._computer = Computer(store, chance, now)
        self._public = Public(store, now)
        self._matching = asyncio.Lock()

    async def create(self, wish: Wish, by: Principal, key: str | None = None) -> Snapshot:
        """Return a new game, or the fitting one that has waited longest for anyone, joined.

        The same game again, as it stands then, for the same Idempotency-Key and wish; raises IdempotencyKeyReused,
        IdempotencyInProgress.
        """
        once = None if key is None else self._idempotency.once(by.user_id, "POST /games", key, wish)
        with self._idempotency.running(once):
            game = await self._made(once)
            if game is None:
                try:
                    game = await self._begin(wish, by.user_id, once)
                except KeyUsed:  # in another process, a moment ago
                    game = games.require_visible(await self._made(once), by.user_id)
        return await self._shown(game, by.user_id)

    async def join(self, game_id: GameId, invite: str | None, by: Principal) -> Snapshot:
        """Return the game with the caller in the free seat, unchanged for who sits in it already.

        `invite` is the secret of a game that is not open to anyone. Raises NotFound, SeatTaken, GameOver.
        """
        digest = None if invite is None else sealing.digest(invite)

        def decide(game: Game | None) -> Game:
            return games.joined(games.require_invited(game, by.user_id, digest), by.user_id, self._now())

        return await self._shown(await self._change(game_id, decide, self._store.join), by.user_id)

    async def play(self, game_id: GameId, attempt: Attempt, by: Principal) -> Snapshot:
        """Return the game after a move, once it is stored; marked as replayed when that move was there before.

        Raises NotFound, Forbidden, and what `moves.played` raises with the game as it stands as member `game`.
        """
        # What is remembered saves the reading where the move comes next (storing it finds out whether it does); it is
        # never a reason to refuse or to call the move repeated: that is decided again on the game as it is stored.
        found, remembered = self._store.recent(game_id), True
        for _ in range(_TRIES):
            if found is None:
                found, remembered = await self._store.get(game_id), False
            before = games.require_visible(found, by.user_id)
            mark = games.require_player(before, by.user_id)
            # Asked first: an answer that fails for want of cards must not follow a move that was stored.
            cards = await self._cards.of((before.user_id, before.opponent_id))
            found = None
            try:
                after = played(before, mark, attempt, self._now())
            except Problem as refused:
                if remembered:
                    continue
                refused.members["game"] = snapshot(before, cards)
                raise
            if after is before:
                if remembered:
                    continue
                return snapshot(before, cards, replayed=True)
            with suppress(Overtaken):
                await self._store.play(before, after)
                self._computer.reply_soon(after)
                return snapshot(after, cards)
        raise Unavailable(_BUSY)

    async def resign(self, game_id: GameId, by: Principal) -> Snapshot:
        """Return the game given up, or called off while nobody has joined; raises NotFound, Forbidden. May be repeated."""
        after = await self._change(game_id, self._giving_up(by.user_id), self._store.play)
        return await self._shown(after, by.user_id)

    async def game(self, game_id: GameId, by: Principal) -> Snapshot:
        """Return a game as it stands; raises NotFound."""
        return await self._shown(games.require_visible(await self._store.get(game_id), by.user_id), by.user_id)

    async def shelf(self, wanted: Shelf) -> Listed:
        """Return a player's games as far as the viewer may see them."""
        found = await self._store.shelf(msgspec.structs.replace(wanted, limit=wanted.limit + 1))
        shown = found[: wanted.limit]
        await self._cards.of([user_id for game in shown for user_id in (game.user_id, game.opponent_id)])
        last = shown[-1].id if len(found) > len(shown) else None
        return Listed([await self._shown(game, wanted.viewer) for game in shown], last)

    async def close_deleted(self, user_id: UserId) -> None:
        """Resign or call off every unfinished game of a person who is being deleted. May be repeated."""
        while unfinished := await self._store.unfinished_of(user_id, _AT_ONCE):
            for game in unfinished:
                await self._change(game.id, self._giving_up(user_id), self._store.play)

    async def played_humans(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who finished a game with another person. May be repeated."""
        return await self._store.played_humans(user_ids) if user_ids else set()

    async def held(self, user_id: UserId, after: str | None) -> list[HeldGame]:
        """Return at most 200 games of a person, the newest first, from the one after `after` on. May be repeated."""
        last = None if after is None else GameId(after)
        wanted = Shelf(player=user_id, viewer=user_id, after=last, limit=HELD_AT_ONCE)
        return [held(game, user_id) for game in await self._store.shelf(wanted)]

    async def record(self, user_id: UserId) -> Record:
        """Return how somebody's finished games ended, as far as everybody may know. May be repeated."""
        return await self._public.record(user_id)

    async def latest(self, user_id: UserId) -> list[HeldGame]:
        """Return the 10 latest finished games of a person that everybody may see, the newest first. May be repeated."""
        return await self._public.latest(user_id)

    async def waiting(self) -> Waiting:
        """Return who waits for anyone, and how much is played, as it was up to a second ago. May be repeated."""
        return await self._public.waiting()

    async def answer_pending(self, older_than: timedelta = _OVERDUE) -> None:
        """Make the computer reply wherever it has owed a move for that long. May be repeated."""
        await self._computer.answer_pending(older_than)

    def workers(self) -> list[Work]:
        """Return the work that comes round again."""
        return [every(_SWEPT_S, self.answer_pending)]

    async def close(self) -> None:
        """Finish the computer's replies under way."""
        await self._computer.close()

    async def _made(self, once: Once | None) -> Game | None:
        """Return what the very same call created before."""
        made = None if once is None else await self._idempotency.earlier(once)
        return None if made is None else await self._store.get(GameId(made))

    async def _begin(self, wish: Wish, user_id: UserId, once: Once | None) -> Game:
        if wish.seat == "anyone":
            async with self._matching:  # so that within a process nobody who could meet is left waiting
                return await self._meet(wish, user_id, once)
        game = self._new(wish, user_id)
        await self._store.add(game, *self._idempotency.rows(once, game.id, user_id))
        log.info("game_begun", game=game.id, user=user_id, seat=game.seat)
        self._computer.reply_soon(game)
        return game

    async def _meet(self, wish: Wish, user_id: UserId, once: Once | None) -> Game:
        """Return the game joined, or the one that waits now; others may take it or come first, then look again."""
        unwanted = None if wish.mark == "random" else wish.mark
        for _ in range(_TRIES):
            waiting = await self._store.oldest_fitting(wish.variant, unwanted, user_id)
            game = self._new(wish, user_id) if waiting is None else games.joined(waiting, user_id, self._now())
            rows = self._idempotency.rows(once, game.id, user_id)
            with suppress(Overtaken):
                if waiting is None:
                    await self._store.add_if_alone(game, unwanted, *rows)
                else:
                    await self._store.join(waiting, game, *rows)
                log.info("game_begun" if waiting is None else "game_joined", game=game.id, user=user_id, seat=game.seat)
                return game
        raise Unavailable(_BUSY)

    def _new(self, wish: Wish, user_id: UserId) -> Game:
        game_id = GameId(ids.new())
        invite = self._invites.digest(game_id) if wish.seat == "invite" else None
        mark = self._chance.choice(games.MARKS) if wish.mark == "random" else wish.mark
        return games.begun(game_id, wish, by=user_id, mark=mark, invite=invite, at=self._now())

    def _giving_up(self, user_id: UserId) -> Callable[[Game | None], Game]:
        def decide(game: Game | None) -> Game:
            visible = games.require_visible(game, user_id)
            return games.resigned(visible, games.require_player(visible, user_id), self._now())

        return decide

    async def _change(
        self, game_id: GameId, decide: Callable[[Game | None], Game], write: Callable[[Game, Game], Awaitable[None]]
    ) -> Game:
        """Return the game as decided, once it is stored; decides again when something else happened first."""
        for _ in range(_TRIES):
            before = await self._store.get(game_id)
            after = decide(before)
            if before is None or after is before:
                return after
            with suppress(Overtaken):
                await write(before, after)
                return after
        raise Unavailable(_BUSY)

    async def _shown(self, game: Game, viewer: UserId) -> Snapshot:
        """Return a game as one viewer sees it: who may hand on the invitation gets it."""
        cards = await self._cards.of((game.user_id, game.opponent_id))
        inviting = game.seat == "invite" and game.status == "open" and game.user_id == viewer
        return snapshot(game, cards, invite_url=self._invites.url(game.id) if inviting else UNSET)
