"""One live connection: what its person says, done; what happens in the games they look at, told in order and without a gap."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

import msgspec

from noughts.games.model import games, matching
from noughts.games.model.games import Game, GameId
from noughts.games.model.moves import Attempt
from noughts.games.service.moves import Moves
from noughts.games.service.news import Begun, ForSomebody, News
from noughts.games.service.pace import Pace
from noughts.games.service.seen import Seen, Send, Show, Viewer
from noughts.games.service.table import Table
from noughts.kit import problems
from noughts.kit.errors import BadRequest, InternalError, Invalid, Problem, TooManyRequests, Unavailable
from noughts.kit.ids import is_id
from noughts.kit.logging import log
from noughts.kit.tokens import Principal, UserId
from noughts.kit.workers import Tasks
from noughts.ports.messages import Challenged, Done, Ping, Play, Pong, Refused, Said, Sub, Told, Unsub

MOST: Final = 64
"""Games one connection may look at at once."""
_DECODE: Final = msgspec.json.Decoder(Said).decode
_ENCODE: Final = msgspec.json.Encoder().encode
_AGAIN_S: Final = 0.3
_PONG: Final = _ENCODE(Pong())
_DECIDING: Final = Tasks()
"""Moves that are decided again, to the end, though who made them is gone meanwhile."""


class Watching(NamedTuple):
    """What a connection asks: the games, how to move in them, what happens, and how a game is shown to somebody, how often they may speak, how they go on waiting, how far games have come, and who challenges somebody."""

    table: Table
    moves: Moves
    news: News
    show: Show
    pace: Pace
    wait: Callable[[GameId], Awaitable[None]]
    how_far: Callable[[Sequence[GameId]], Awaitable[dict[GameId, int]]]
    challenges: Callable[[UserId], Awaitable[list[Challenged]]]


class Live:
    """A connection of somebody who proved who they are. What is said is done in the order it comes."""

    def __init__(self, watching: Watching, by: Principal, send: Send, most: int = MOST) -> None:
        self._watching, self._most = watching, most
        self.by = by
        self._send = send
        self._seen: dict[GameId, Seen] = {}
        self._challenged: set[str] = set()
        self._doing = Tasks()
        self._context = contextvars.copy_context()
        self._start = partial(self._doing.start, context=self._context)
        self._under_way = 0  # moves that are being stored, with nobody waiting
        self._quiet: asyncio.Future[None] | None = None
        self._viewer = Viewer(by.user_id, send, watching.table.get, watching.show, watching.news.presence, self._start)
        watching.news.listen(by.user_id, self._for_me, self._missed)

    def may_speak(self) -> bool:
        """Count that something is said, and return whether it may be."""
        return self._watching.pace.may_speak(self.by.user_id)

    def hear_at_once(self, text: bytes) -> bool:
        """Do what nobody need be woken for: a move that comes next in a game this process remembers, and does not end it.

        Returns whether it did; where not, it is to be heard in its turn.
        """
        try:
            said = _DECODE(text)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if not isinstance(said, Play) or said.game not in self._seen:
            return False
        by, pace = self.by.user_id, self._watching.pace
        found = self._watching.moves.coming_next(GameId(said.game), _attempt(said), by)
        if found is None or found[1].is_over or not pace.may_speak(by) or not pace.may_move(by):
            return False
        self._under_way += 1
        self._watching.table.go_on(*found, partial(self._went_on, said, found[1]))
        return True

    async def hear(self, text: bytes) -> None:
        """Do what is said, after what was said before, and answer it, whatever comes of it."""
        if self._under_way:
            self._quiet = asyncio.get_running_loop().create_future()
            await self._quiet
        try:
            said = _DECODE(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._refuse(None, BadRequest(f"This says nothing that is known here: {error}."))
            return
        await self._do(said)

    async def _do(self, said: Said) -> None:
        try:
            match said:
                case Play():
                    await self._play(said)
                case Sub():
                    await self.watch(_id(said.game), said.since)
                case Unsub():
                    self.leave(GameId(said.game))
                case Ping():
                    self._send(_PONG, None)
        except Problem as problem:
            self._refuse(getattr(said, "n", None), problem)
        except Exception:  # noqa: BLE001 - who said it is told, and heard when they say something else
            log.exception("live_broke", user=self.by.user_id)
            self._refuse(getattr(said, "n", None), InternalError())

    def close(self) -> None:
        """Stop listening. May be repeated."""
        for seen in self._seen.values():
            self._leave(seen)
        self._seen.clear()
        for task in self._doing:
            task.cancel()
        self._watching.news.unlisten(self.by.user_id, self._for_me, self._missed)

    async def watch(self, game_id: GameId, since: int | None) -> None:
        """Tell what happens in a game from now on, first of all what happened after `since`; raises NotFound, TooManyRequests."""
        if game_id in self._seen:
            self._leave(self._seen.pop(game_id))
        if len(self._seen) >= self._most:
            raise TooManyRequests(f"At most {self._most} games at once.")
        game = games.require_visible(await self._watching.table.get(game_id), self.by.user_id)
        seen = self._seen[game_id] = Seen(self._viewer, game, -1 if since is None else since)
        self._watching.news.watch(game_id, seen.changed)
        # Again, now that nothing can be missed: what happened between is in it.
        await seen.show()
        seen.is_counted = True
        plays = seen.game.mark_of(self.by.user_id) is not None
        self._watching.news.come(game_id, self.by.user_id, seen.looked, plays=plays)
        if matching.waits(seen.game, self.by.user_id):
            await self._watching.wait(game_id)

    async def tell_challenges(self) -> None:
        """Tell of the challenges that wait for this person and were not told of; later, where nobody knows just now."""
        try:
            await self._tell_challenges()
        except Unavailable:
            self._start(self._tell_challenges_again())

    def looks_at(self) -> list[GameId]:
        """Return the games looked at."""
        return list(self._seen)

    def catch_up(self, how_far: Mapping[GameId, int]) -> None:
        """Show what nobody told of, of how far games had come so long ago that news of it is not under way any more."""
        for game_id, seen in self._seen.items():
            seen.catch_up(how_far.get(game_id, -1))

    def waits(self) -> list[GameId]:
        """Return the games looked at in which this person waits for anyone."""
        return [seen.game.id for seen in self._seen.values() if matching.waits(seen.game, self.by.user_id)]

    def leave(self, game_id: GameId) -> None:
        """Tell of a game no more. May be repeated."""
        if (seen := self._seen.pop(game_id, None)) is not None:
            self._leave(seen)

    async def _play(self, said: Play) -> None:
        self._watching.pace.require_move(self.by.user_id)
        game, _ = await self._watching.moves.play(_id(said.game), _attempt(said), self.by.user_id)
        self._played(said, game)

    def _played(self, said: Play, game: Game) -> None:
        if said.n is not None:
            self._tell(Done(n=said.n, game=said.game, seq=game.seq))

    def _went_on(self, said: Play, game: Game, is_stored: bool) -> None:  # noqa: FBT001 - told by the table
        """Say that a move is done; where it is not, something else happened first, or the store could not write: ask again."""
        if is_stored:
            self._played(said, game)
            self._less_under_way()
        else:
            _DECIDING.start(self._do(said), self._context).add_done_callback(self._less_under_way)

    def _less_under_way(self, *_: object) -> None:
        self._under_way -= 1
        if not self._under_way and self._quiet is not None and not self._quiet.done():
            self._quiet.set_result(None)

    async def _tell_challenges(self) -> None:
        for challenge in await self._watching.challenges(self.by.user_id):
            self._tell_challenge(challenge)

    async def _tell_challenges_again(self) -> None:
        while True:
            await asyncio.sleep(_AGAIN_S)
            with suppress(Unavailable):
                return await self._tell_challenges()

    def _for_me(self, found: ForSomebody) -> None:
        if isinstance(found.told, Challenged):
            self._tell_challenge(found.told)
        elif not isinstance(found.told, Begun):  # whoever began it knows
            self._tell(found.told)

    def _missed(self) -> None:
        for seen in self._seen.values():
            seen.show_again()
        self._start(self.tell_challenges())

    def _leave(self, seen: Seen) -> None:
        seen.is_left = True
        self._watching.news.unwatch(seen.game.id, seen.changed)
        if seen.is_counted:
            self._watching.news.go(seen.game.id, self.by.user_id, seen.looked)

    def _tell_challenge(self, told: Challenged) -> None:
        """Tell how a challenge stands; that it waits, once, though it may be read and be told of as well."""
        if told.status != "open":
            self._challenged.discard(told.game)
        elif told.game in self._challenged:
            return
        else:
            self._challenged.add(told.game)
        self._tell(told)

    def _refuse(self, n: int | None, problem: Problem) -> None:
        self._tell(Refused(n=n, problem=msgspec.Raw(problems.encode(problem, ""))))

    def _tell(self, told: Told) -> None:
        self._send(_ENCODE(told), None)


def _attempt(said: Play) -> Attempt:
    return Attempt(
        None if said.ply is msgspec.UNSET else said.ply, said.cell, None if said.pos is msgspec.UNSET else said.pos
    )


def _id(named: str) -> GameId:
    """Return the id of a game; raises Invalid."""
    if not is_id(named):
        raise Invalid.field("#/game", "id", "This is not the id of a game.")
    return GameId(named)
