"""What happens in games, told to whoever looks at them, in every process; and who looks.

News may be lost on the way; the store is the truth. Whoever finds a gap in `seq` reads the game again, and everybody is told
to when something may have been missed. Only what a process stored and died before it told anybody nobody hears of: that is told
when it is asked for again, and looked for now and then (`Lives.catch_up`).
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from noughts.games.model import events
from noughts.games.model.games import Game, GameId
from noughts.kit import ids
from noughts.kit.broadcast import Broadcast, Topic
from noughts.kit.tokens import UserId
from noughts.ports.messages import Challenged, Finished, Matched, Moved, Offered, Presence

_ENCODE: Final = msgspec.json.Encoder().encode
_BELIEVED_S: Final = 25.0
_NAMED: Final = 100
"""More do not fit into one message."""
_MANY: Final = 20
"""So many who look are told who looks once a second: each of them each time would be ever so much."""
_MANY_S: Final = 1.0


class GameChanged(msgspec.Struct, frozen=True, gc=False):
    """A game is at another `seq` now; `told` leads there from the one before, where one event can."""

    game: GameId
    seq: int
    told: Moved | Offered | Finished | None = None


class Begun(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="begun"):
    """A game is somebody's by what they did themselves: they made it, or joined it."""

    game: str


class ForSomebody(msgspec.Struct, frozen=True):
    """Something for one person, wherever they are connected."""

    user_id: UserId
    told: Matched | Challenged | Begun


class Looking(msgspec.Struct, frozen=True):
    """Who looks at a game through one process: its players and some of the others; and how many more."""

    process: str
    game: GameId
    people: tuple[UserId, ...]
    more: int = 0


GAMES: Final = Topic("games", GameChanged)
PEOPLE: Final = Topic("people", ForSomebody)
LOOKING: Final = Topic("looking", Looking)

Key = TypeVar("Key")
One = TypeVar("One")
Watcher = Callable[[GameChanged, bytes], None]
"""Hears of a change, and of what tells it, encoded once for all who hear it; nothing where one event cannot."""
Listener = Callable[[ForSomebody], None]


class News:
    """The listeners of this process, and what all processes say of who looks."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self._me = ids.new()
        self._watchers: dict[GameId, set[Watcher]] = {}
        self._listeners: dict[UserId, set[Listener]] = {}
        self._missing: set[Callable[[], None]] = set()
        self._here: dict[GameId, dict[UserId, int]] = {}
        self._there: dict[GameId, dict[str, tuple[Looking, float]]] = {}
        self._presence: dict[GameId, set[Callable[[], None]]] = {}
        self._soon: set[GameId] = set()
        broadcast.subscribe(GAMES, self._changed, missed=self._missed)
        broadcast.subscribe(PEOPLE, self._for_somebody)
        broadcast.subscribe(LOOKING, self._looked)

    # Telling.

    def tell(self, before: Game, after: Game) -> None:
        """Tell of a change that is stored."""
        self._broadcast.publish(GAMES, GameChanged(after.id, after.seq, events.told(before, after)))
        if before.status == "open":
            self._tell_who_waited(before, after)

    def tell_again(self, game: Game) -> None:
        """Tell how far a game has come, where whoever stored that may have died before it was told."""
        self._broadcast.publish(GAMES, GameChanged(game.id, game.seq))

    def begun(self, game: Game) -> None:
        """Tell of a game that is new."""
        if game.invited_id is not None and game.status == "open":
            self._tell(game.invited_id, Challenged(game=game.id, by=game.user_id, status="open"))
        if game.user_id is not None:
            self._tell(game.user_id, Begun(game=game.id))

    def instead(self, game: Game, other: Game) -> None:
        """Tell somebody who waited in `other` that they sit in `game` now."""
        if other.user_id is not None:
            self._tell(other.user_id, Matched(game=game.id, instead=other.id))
        self._broadcast.publish(GAMES, GameChanged(other.id, other.seq + 1))

    def _tell_who_waited(self, before: Game, after: Game) -> None:
        if before.user_id is None:
            return
        if before.invited_id is not None:
            told = Challenged(game=after.id, by=before.user_id, status=after.status)
            self._tell(before.user_id, told)
            self._tell(before.invited_id, told)
        elif after.status == "playing":
            self._tell(before.user_id, Matched(game=after.id))
            if after.opponent_id is not None:
                self._tell(after.opponent_id, Begun(game=after.id))

    def _tell(self, user_id: UserId, told: Matched | Challenged | Begun) -> None:
        self._broadcast.publish(PEOPLE, ForSomebody(user_id, told))

    # Hearing.

    def watch(self, game_id: GameId, watcher: Watcher) -> None:
        """Call somebody with every change of a game from now on."""
        self._watchers.setdefault(game_id, set()).add(watcher)

    def unwatch(self, game_id: GameId, watcher: Watcher) -> None:
        """Call them no more. May be repeated."""
        _dropped(self._watchers, game_id, watcher)

    def listen(self, user_id: UserId, listener: Listener, missed: Callable[[], None]) -> None:
        """Call somebody with what is for a person, and `missed` when anything at all may have been lost."""
        self._listeners.setdefault(user_id, set()).add(listener)
        self._missing.add(missed)

    def unlisten(self, user_id: UserId, listener: Listener, missed: Callable[[], None]) -> None:
        """Call them no more. May be repeated."""
        _dropped(self._listeners, user_id, listener)
        self._missing.discard(missed)

    def _changed(self, changed: GameChanged) -> None:
        if watchers := self._watchers.get(changed.game):
            text = b"" if changed.told is None else _ENCODE(changed.told)
            for watcher in tuple(watchers):
                watcher(changed, text)

    def _for_somebody(self, found: ForSomebody) -> None:
        for listener in tuple(self._listeners.get(found.user_id, ())):
            listener(found)

    def _missed(self) -> None:
        for missed in tuple(self._missing):
            missed()

    # Who looks.

    def come(self, game_id: GameId, user_id: UserId, changed: Callable[[], None], *, plays: bool) -> None:
        """Count somebody who looks at a game here, and call `changed` when those who look are others."""
        here = self._here.get(game_id, {})
        count = here.pop(user_id, 0) + 1
        # Players come first: of very many the first ones are named.
        self._here[game_id] = {user_id: count, **here} if plays else {**here, user_id: count}
        self._presence.setdefault(game_id, set()).add(changed)
        self._say(game_id)
        # To the others that is no news, or not at once; but they who come know nothing yet.
        if count > 1 or len(self._presence[game_id]) > _MANY:
            changed()

    def go(self, game_id: GameId, user_id: UserId, changed: Callable[[], None]) -> None:
        """Count them no more."""
        here = self._here.get(game_id, {})
        here[user_id] = here.get(user_id, 1) - 1
        if here[user_id] < 1:
            del here[user_id]
        _dropped(self._presence, game_id, changed)
        self._say(game_id)
        if not here:
            self._here.pop(game_id, None)

    def is_there(self, game_id: GameId, user_id: UserId) -> bool:
        """Return whether somebody looks at a game just now, through whichever process."""
        return user_id in self._looking(game_id)[0]

    def presence(self, game: Game) -> Presence:
        """Return who looks at a game just now."""
        looking, more = self._looking(game.id)
        owner, other = game.user_id in looking, game.opponent_id in looking
        return Presence(
            game=game.id,
            X=owner if game.mark == "X" else other,
            O=other if game.mark == "X" else owner,
            watching=len(looking - {game.user_id, game.opponent_id}) + more,
        )

    async def say_again(self) -> None:
        """Tell the other processes who looks here, and forget those who said nothing for long. To be called each 10 s."""
        for game_id in tuple(self._here):
            self._say(game_id)
        late = time.monotonic() - _BELIEVED_S
        for game_id, said in tuple(self._there.items()):
            for process in [process for process, (_, at) in said.items() if at < late]:
                self._forget(game_id, process)
                self._tell_presence(game_id)

    def _say(self, game_id: GameId) -> None:
        people = tuple(self._here.get(game_id, ()))
        self._broadcast.publish(LOOKING, Looking(self._me, game_id, people[:_NAMED], max(0, len(people) - _NAMED)))

    def _looked(self, found: Looking) -> None:
        before = self._there.get(found.game, {}).get(found.process)
        if found.people:
            self._there.setdefault(found.game, {})[found.process] = found, time.monotonic()
        else:
            self._forget(found.game, found.process)
        if before is None or (set(before[0].people), before[0].more) != (set(found.people), found.more):
            self._tell_presence(found.game)

    def _forget(self, game_id: GameId, process: str) -> None:
        said = self._there.get(game_id, {})
        said.pop(process, None)
        if not said:
            self._there.pop(game_id, None)

    def _tell_presence(self, game_id: GameId) -> None:
        """Tell those who look here who looks: at once, or a little later where they are many."""
        looking = self._presence.get(game_id, set())
        if len(looking) <= _MANY:
            for changed in tuple(looking):
                changed()
        elif game_id not in self._soon:
            self._soon.add(game_id)
            asyncio.get_running_loop().call_later(_MANY_S, self._tell_many, game_id)

    def _tell_many(self, game_id: GameId) -> None:
        self._soon.discard(game_id)
        for changed in tuple(self._presence.get(game_id, ())):
            changed()

    def _looking(self, game_id: GameId) -> tuple[set[UserId], int]:
        """Return who looks at a game, and how many more."""
        said = [looking for looking, _ in self._there.get(game_id, {}).values()]
        return {user for looking in said for user in looking.people}, sum(looking.more for looking in said)


def _dropped(found: dict[Key, set[One]], key: Key, one: One) -> None:
    kept = found.get(key)
    if kept is not None:
        kept.discard(one)
        if not kept:
            del found[key]
