"""Where a game is changed: decided on as it stands now, stored with all that follows from it, and told."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec

from noughts.games.model import clocks, lives, ratings
from noughts.games.model.games import Game, GameId
from noughts.games.model.ratings import Change, Rating
from noughts.games.service.matches import Matches
from noughts.games.service.news import News
from noughts.games.store import GameStore, Overtaken, RatingStore, Search
from noughts.games.store.games import added, ended
from noughts.games.store.ratings import changed
from noughts.kit import ids
from noughts.kit.database import Write
from noughts.kit.errors import Unavailable
from noughts.kit.tokens import UserId
from noughts.ports.games import Against

_TRIES: Final = 16
_BUSY: Final = "Too much happens here at once."


class Table:
    """The one way games change. Whoever's time is over has lost, whoever asks first. Raises Unavailable."""

    def __init__(
        self, store: GameStore, standing: RatingStore, matches: Matches, news: News, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._ratings = standing
        self._matches = matches
        self._news = news
        self._now = now
        self.computer_to_move: Callable[[Game], None] = lambda _: None

    async def get(self, game_id: GameId) -> Game | None:
        """Return a game as it stands now: where time is over, it is over."""
        for _ in range(_TRIES):
            game = await self._store.get(game_id)
            if game is None or (over := clocks.flagged(game, self._now())) is game:
                return game
            with suppress(Overtaken):
                return await self.put(game, over)
        raise Unavailable(_BUSY)

    async def settled(self, game: Game) -> Game:
        """Return a game that was just read as it stands now."""
        return game if clocks.flagged(game, self._now()) is game else await self.get(game.id) or game

    async def change(self, game_id: GameId, decide: Callable[[Game | None], Game], *, joins: bool = False) -> Game:
        """Return the game as decided, once it is stored; decides again when something else happened first."""
        for _ in range(_TRIES):
            before = await self.get(game_id)
            after = decide(before)
            if before is None or after is before:
                return self.repeated(after)
            with suppress(Overtaken):
                return await self.put(before, after, joins=joins)
        raise Unavailable(_BUSY)

    def repeated(self, game: Game) -> Game:
        """Return a game in which what was asked is done already: asked again, perhaps, because whoever did it died."""
        self._news.tell_again(game)
        return game

    async def put(self, before: Game, after: Game, *rows: Write, joins: bool = False) -> Game:
        """Return the game once it is stored, the game that follows it beside it; raises Overtaken.

        Raises PlayedEnough where it begins one rated match of the same two too many.
        """
        following: Game | None = None
        if after.status != before.status:
            rows = (*rows, *await self._matches.rows(before, after))
        if after.status == "finished" and before.status != "finished":
            if lives.goes_on(after):
                following = lives.follows(after, GameId(ids.new()), self._now())
                after = msgspec.structs.replace(after, next_id=following.id)
            changes = await self._changes(after)
            rows = (*rows, *(write for change in changes for write in changed(after.id, change)))
            if following is not None:
                shown = {change.after.user_id: change.after.shown for change in changes}
                following = ratings.seated(following, shown)
                rows = (*rows, added(following))
        await (self._store.join if joins else self._store.play)(before, after, *rows)
        self._news.tell(before, after)
        self.computer_to_move(after)
        if following is not None:
            self.computer_to_move(following)
        return after

    def go_on(self, before: Game, after: Game, then: Callable[[bool], None]) -> None:
        """Store a move after which a game goes on, and tell of it, while nobody waits; `then` hears whether it was stored."""

        def written(failed: BaseException | None) -> None:
            if failed is None:
                self._store.remember(after)
                self._news.tell(before, after)
                self.computer_to_move(after)
            then(failed is None)

        self._store.go_on(before, after, written)

    async def begin(self, game: Game, *rows: Write, unless: Search | None = None) -> Game:
        """Return a new game once it is stored; raises KeyUsed, InvalidToken for somebody erased a moment ago.

        `unless` somebody waits who would do: raises Overtaken.
        """
        if unless is None:
            await self._store.add(game, *rows)
        else:
            await self._store.add_if_alone(game, unless, *rows)
        self._news.begun(game)
        self.computer_to_move(game)
        return game

    async def bring_together(self, one: Game, other: Game, at: datetime) -> None:
        """Seat who waits in one game in the other, and call theirs off: both, or neither; raises Overtaken, PlayedEnough."""
        if other.user_id is None:
            return
        gone = ended(other, lives.called_off(other, at))
        await self.put(one, lives.joined(one, other.user_id, at, other.user_rating), gone, joins=True)
        self._news.instead(one, other)

    async def rating(self, user_id: UserId, variant: str, against: Against = "people") -> Rating:
        """Return how somebody stands; what everybody begins with, of whoever played no rated game."""
        found = await self._ratings.of(user_id, variant, against)
        return found or ratings.first(user_id, variant, against, self._now())

    async def rematch(self, before: Game, after: Game) -> Game:
        """Return a finished game once it is stored, with the other game that follows it beside it; raises Overtaken, PlayedEnough."""
        if after.next_id is None:
            return after
        new = lives.follows(before, after.next_id, self._now())
        people = [user for user in (new.user_id, new.opponent_id) if user is not None and new.level is None]
        new = ratings.seated(new, {user: (await self.rating(user, new.variant)).shown for user in people})
        game = await self.put(before, after, added(new), *await self._matches.rows(None, new))
        self.computer_to_move(new)
        return game

    async def _changes(self, game: Game) -> list[Change]:
        """Return what a finished game does to its players' ratings; storing it misses where another game was first."""
        if not game.rated or game.result is None or game.user_id is None or game.opponent_id is None:
            return []
        if game.level is not None:
            before = await self.rating(game.user_id, game.variant, "computer")
            opponent = ratings.of_level(game.level)
            points = ratings.score(game, game.mark)
            return [Change(before, ratings.after(before, *opponent, points, self._now()))]
        owner = await self.rating(game.user_id, game.variant)
        other = await self.rating(game.opponent_id, game.variant)
        found = ratings.changes(game, owner, other, self._now())
        # In one order, so that two games of the same two never wait for each other.
        return sorted(found, key=lambda change: change.after.user_id)
