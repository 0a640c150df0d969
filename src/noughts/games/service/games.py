"""The Game Service: what people may do with games, one object for each use case, and the near side of the `Games` port."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Final

import msgspec
from msgspec import UNSET

from noughts.games.model import games
from noughts.games.model.analyses import GameAnalysis
from noughts.games.model.games import Game, GameId, Variant, Wish
from noughts.games.model.leaderboards import Leaderboard, ranked
from noughts.games.model.moves import Attempt
from noughts.games.model.offers import Kind
from noughts.games.model.settings import GameSettings
from noughts.games.model.snapshots import Snapshot, held, snapshot
from noughts.games.service.analyst import Analyst
from noughts.games.service.cards import Cards
from noughts.games.service.computer import Computer
from noughts.games.service.endings import Endings
from noughts.games.service.history import History
from noughts.games.service.invites import Invites
from noughts.games.service.live import Watching
from noughts.games.service.lives import Lives
from noughts.games.service.matches import Matches
from noughts.games.service.moves import Moves
from noughts.games.service.news import News
from noughts.games.service.pace import Pace
from noughts.games.service.public import Public
from noughts.games.service.seats import Seats
from noughts.games.service.stream import Following
from noughts.games.service.sweeper import Sweeper
from noughts.games.service.table import Table
from noughts.games.service.tickets import Tickets
from noughts.games.store import GamesStore, Shelf
from noughts.kit.fittings import Fittings
from noughts.kit.tokens import Principal, UserId
from noughts.kit.workers import HOUR, Work, every
from noughts.ports.games import HELD_AT_ONCE, Against, HeldGame, Record, Standing, Versus, Waiting
from noughts.ports.users import Users

_AT_ONCE: Final = 100
_OVERDUE: Final = timedelta(seconds=2)
_SWEPT_S: Final = 5.0
_TIMED_S: Final = 1.0
_SAID_S: Final = 10.0


class Listed(msgspec.Struct, frozen=True):
    """Some games, newest first, and after which one there are more."""

    games: list[Snapshot]
    last: GameId | None


class GameService:
    """The use cases of games. Besides the problems its methods name they raise Unavailable."""

    def __init__(
        self,
        store: GamesStore,
        users: Users,
        invites: Invites,
        fittings: Fittings,
        chance: Random,
        settings: GameSettings,
    ) -> None:
        now = fittings.now
        self._store = store.games
        self._invites = invites
        self.tickets = Tickets(store.tickets, fittings.revocations.check, now)
        self.cards = Cards(users, fittings.broadcast, now)
        self.news = News(fittings.broadcast)
        self.matches = Matches(store.matches, now)
        self.table = table = Table(store.games, store.ratings, self.matches, self.news, now)
        self._computer = Computer(store.games, table, chance, now, pauses=settings.computer_pause == "on")
        table.computer_to_move = self._computer.reply_soon
        self._moves = Moves(store.games, table, self.cards, now)
        self.endings = Endings(table, self.matches, self.news.is_there, now)
        self.seats = Seats(store.games, table, self.matches, users, self.cards, invites, fittings, chance)
        self._sweeper = Sweeper(store.games, table, now)
        self.public = Public(store, now)
        self.history = History(store.games, table, self.cards, users)
        self.analyst = Analyst()
        pace = Pace(limited=fittings.limited)
        watching = Watching(
            table, self._moves, self.news, self.shown, pace, self.seats.wait, store.games.how_far, self.seats.challenges
        )
        self.lives = Lives(watching, self.tickets, fittings.broadcast)

    # What people do.

    async def create(self, wish: Wish, by: Principal, key: str | None = None) -> Snapshot:
        """Return a new game, or the one joined; raises what `Seats.create` does."""
        return await self.shown(await self.seats.create(wish, by.user_id, key), by.user_id)

    async def join(self, game_id: GameId, invite: str | None, by: Principal) -> Snapshot:
        """Return the game with the caller in the free seat; raises what `Seats.join` does."""
        return await self.shown(await self.seats.join(game_id, invite, by.user_id), by.user_id)

    async def play(self, game_id: GameId, attempt: Attempt, by: Principal) -> Snapshot:
        """Return the game after a move, marked as replayed when it was there before; raises what `Moves.play` does."""
        game, again = await self._moves.play(game_id, attempt, by.user_id, shown=True)
        cards = await self.cards.of((game.user_id, game.opponent_id))
        return snapshot(game, cards, replayed=True if again else UNSET)

    async def resign(self, game_id: GameId, by: Principal) -> Snapshot:
        """Return the game given up, or called off while nobody has joined; raises NotFound, Forbidden. May be repeated."""
        return await self.shown(await self.endings.resign(game_id, by.user_id), by.user_id)

    async def abort(self, game_id: GameId, by: Principal) -> Snapshot:
        """Return the game called off; raises what `Endings.abort` does."""
        return await self.shown(await self.endings.abort(game_id, by.user_id), by.user_id)

    async def claim(self, game_id: GameId, by: Principal) -> Snapshot:
        """Return the game won of who is gone; raises what `Endings.claim` does."""
        return await self.shown(await self.endings.claim(game_id, by.user_id), by.user_id)

    async def offer(self, game_id: GameId, kind: Kind, by: Principal) -> Snapshot:
        """Return the game with an offer in it, or after it was taken; raises what `Endings.offer` does."""
        return await self.shown(await self.endings.offer(game_id, kind, by.user_id), by.user_id)

    async def answer(self, game_id: GameId, offer_id: str, by: Principal, *, accept: bool) -> Snapshot:
        """Return the game after an offer was taken or declined; raises what `Endings` does."""
        answered = self.endings.accept if accept else self.endings.decline
        return await self.shown(await answered(game_id, offer_id, by.user_id), by.user_id)

    async def decline(self, game_id: GameId, by: Principal) -> Snapshot:
        """Return a challenge turned down; raises what `Seats.decline` does."""
        return await self.shown(await self.seats.decline(game_id, by.user_id), by.user_id)

    async def game(self, game_id: GameId, by: Principal) -> Snapshot:
        """Return a game as it stands; raises NotFound."""
        return await self.shown(games.require_visible(await self.table.get(game_id), by.user_id), by.user_id)

    async def shelf(self, wanted: Shelf) -> Listed:
        """Return a player's games as far as the viewer may see them."""
        found = await self._store.shelf(msgspec.structs.replace(wanted, limit=wanted.limit + 1))
        kept = [await self.table.settled(game) for game in found[: wanted.limit]]
        await self.cards.of([user_id for game in kept for user_id in (game.user_id, game.opponent_id)])
        last = kept[-1].id if len(found) > len(kept) else None
        return Listed([await self.shown(game, wanted.viewer) for game in kept], last)

    async def shown(self, game: Game, viewer: UserId) -> Snapshot:
        """Return a game as one viewer sees it: who may hand on the invitation gets it."""
        cards = await self.cards.of((game.user_id, game.opponent_id))
        inviting = game.invite is not None and game.status == "open" and game.user_id == viewer
        return snapshot(game, cards, invite_url=self._invites.url(game.id) if inviting else UNSET)

    async def leaderboard(self, variant: Variant, against: Against) -> Leaderboard:
        """Return who is best at a variant, as it was up to a second ago."""
        best = await self.public.best(variant, against)
        cards = await self.cards.of([one.user_id for one in best])
        return Leaderboard(variant=variant, against=against, items=ranked(best, cards))

    async def analysis(self, game_id: GameId, by: Principal) -> GameAnalysis:
        """Return what each move of a game was worth; raises NotFound, StillPlaying for its players until it is over."""
        game = games.require_visible(await self.table.get(game_id), by.user_id)
        return await self.analyst.game(game, by.user_id)

    def following(self) -> Following:
        """Return what follows all that happens to one player."""
        return Following(self._store, self.news)

    # What the other services ask.

    async def close_deleted(self, user_id: UserId) -> None:
        """Resign or call off every unfinished game of a person who is being deleted. May be repeated."""
        while unfinished := await self._store.unfinished_of(user_id, _AT_ONCE):
            for game in unfinished:
                await self.table.change(game.id, self.endings.giving_up(user_id))

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
        return await self.public.record(user_id)

    async def latest(self, user_id: UserId) -> list[HeldGame]:
        """Return the 10 latest finished games of a person that everybody may see, the newest first. May be repeated."""
        return await self.public.latest(user_id)

    async def versus(self, one: UserId, other: UserId) -> Versus:
        """Return how somebody fared against another, and their 10 latest public games, the newest first. May be repeated."""
        return await self.public.versus(one, other)

    async def standings(self, user_id: UserId) -> list[Standing]:
        """Return somebody's 20 latest ratings, that of the latest rated game first. May be repeated."""
        return await self.public.standings(user_id)

    async def waiting(self) -> Waiting:
        """Return who waits for anyone, and how much is played, as it was up to a second ago. May be repeated."""
        return await self.public.waiting()

    # What comes round again.

    async def answer_pending(self, older_than: timedelta = _OVERDUE) -> None:
        """Make the computer reply wherever it has owed a move for that long. May be repeated."""
        await self._computer.answer_pending(older_than)

    def workers(self) -> list[Work]:
        """Return the work that comes round again."""
        return [
            every(_SWEPT_S, self.answer_pending),
            every(_TIMED_S, self._sweeper.finish_overdue),
            every(_TIMED_S, self.seats.match),
            every(_SWEPT_S, self.seats.give_up),
            every(_TIMED_S, self.lives.check),
            every(_SWEPT_S, self.lives.catch_up),
            every(_SAID_S, self.news.say_again),
            every(_SAID_S, self.lives.wait),
            every(HOUR, self.tickets.purge),
            every(HOUR, self.matches.purge),
        ]

    async def close(self) -> None:
        """Finish the computer's replies under way."""
        await self._computer.close()
        await self.analyst.close()
