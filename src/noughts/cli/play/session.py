"""One person who plays at a terminal: what is typed, done; what is told, shown."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

import httpx
import msgspec

from noughts.cli.play import drawing
from noughts.cli.play.account import Account, Refused
from noughts.cli.play.game import Game, after
from noughts.cli.play.hand import Hand
from noughts.cli.play.terminal import ENDED, Lines, Screen
from noughts.cli.play.wire import Wire
from noughts.cli.play.wish import Wish
from noughts.kit.errors import Refusal
from noughts.ports.games import Mark
from noughts.ports.messages import Finished, Matched, Moved, Offered, Play, Restarting, Said, Shown, Sub, Told
from noughts.ports.messages import Refused as NotDone

_OFFERS: Final = {"d": "draw", "t": "takeback", "n": "rematch"}
_TICK_S: Final = 0.5
_LOST: Final = "The connection is lost; trying again."


class Session:
    """A person, a terminal, and one game after the other."""

    def __init__(self, wish: Wish, terminal: Lines | Screen) -> None:
        self._wish, self._terminal = wish, terminal
        self._account = Account(wish.server)
        self._wire = Wire(self._account, hear=self._told, opened=self._resume, lost=self._lose)
        self._hand = Hand()
        self._game_id = wish.game
        self._game: Game | None = None
        self._move: Play | None = None
        self._notice = ""
        self._sure = ""
        self._is_drawing = False
        self._left = asyncio.Event()
        self._doing: set[asyncio.Task[None]] = set()

    async def run(self, username: str, password: str) -> None:
        """Sign in, come to the game, and play until one leaves; raises Refusal where that cannot be."""
        try:
            await self._sign_in(username, password)
            await self._come()
        except Refused as refused:
            raise Refusal(str(refused)) from None
        except httpx.TransportError:
            raise Refusal(f"Nobody answers at {self._wish.server}.") from None
        self._terminal.hear(self._heard)
        work = [asyncio.create_task(one) for one in (self._wire.run(), self._left.wait(), self._tick())]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for task in (*work, *self._doing):
                task.cancel()
            await asyncio.gather(*work, *self._doing, return_exceptions=True)
            await self._account.leave()

    async def _sign_in(self, username: str, password: str) -> None:
        if not username:
            await self._account.guest()
        elif token := await self._account.login(username, password):
            await self._account.login_with_code(token, self._terminal.ask("Code of your second factor: "))

    async def _come(self) -> None:
        """Begin a game, or take the seat that is meant; whoever finds none watches."""
        if not self._game_id:
            self._show(await self._account.call("POST", self._wish.path, self._wish.body))
            return
        body = {"invite": self._wish.invite} if self._wish.invite else {}
        try:
            self._show(await self._account.call("POST", f"/games/{self._game_id}/join", body))
        except Refused as refused:
            if refused.slug not in ("seat-taken", "game-over"):
                raise
            self._show(await self._account.call("GET", f"/games/{self._game_id}"))

    # What is told.

    def _resume(self) -> Said:
        """Say what is to be heard of; a move that may be lost is said again once the game is known."""
        self._notice = "" if self._notice == _LOST else self._notice
        return Sub(game=self._game_id)

    def _told(self, told: Told) -> None:
        match told:
            case Shown() if told.game == self._game_id:
                self._show(msgspec.json.decode(told.snapshot))
            case Moved() | Offered() | Finished() if told.game == self._game_id and self._game is not None:
                self._follow(after(self._game, told))
            case Matched() if told.instead == self._game_id:
                self._go_to(told.game)
            case NotDone():
                problem = msgspec.json.decode(told.problem)
                self._move, self._notice = None, problem.get("detail") or problem.get("title", "")
                self._draw()
            case Restarting():
                self._lose()

    def _show(self, snapshot: Any) -> None:  # noqa: ANN401 - decoded JSON
        game = msgspec.convert(snapshot, Game)
        if self._game is not None and self._game.id == game.id and not game.invite_url:
            game = msgspec.structs.replace(game, invite_url=self._game.invite_url)
        self._game_id = game.id
        self._follow(game)

    def _follow(self, game: Game | None) -> None:
        """Take over how the game stands; nothing means that something is missing."""
        if game is None:
            self._do(self._wire.say(Sub(game=self._game_id)))
            return
        before, self._game = self._game, game
        if before is None or before.ply != game.ply:
            self._notice = ""
        if self._move is not None:
            if game.ply > (self._move.ply or 0) or game.is_over:
                self._move = None
            else:  # it may be lost: sent twice it is played once
                self._do(self._wire.say(self._move))
        if game.next is not None and (before is None or before.next != game.next):
            self._go_to(game.next)
        self._draw()

    def _go_to(self, game_id: str) -> None:
        self._game_id, self._move = game_id, None
        self._do(self._wire.say(Sub(game=game_id)))

    def _lose(self) -> None:
        self._notice = _LOST
        self._draw()

    # What is typed.

    def _heard(self, typed: str) -> None:
        game, me = self._game, self._me
        if game is None or self._left.is_set():
            return
        if typed == ENDED:
            if me is None or (game.turn != me and not game.is_over):
                return
            self._left.set()
        cell = self._hand.typed(typed, game, at_once=self._terminal.is_screen)
        self._sure = self._sure if typed == self._sure else ""
        if cell is not None:
            self._play(game, cell)
        elif typed == "q":
            self._leave(game)
        elif me is not None:
            self._ask_for(typed, game, me)
        self._draw()

    def _play(self, game: Game, cell: int) -> None:
        if game.turn is None or game.turn != self._me:
            self._notice = "It is not your move."
        elif cell >= len(game.board) or game.board[cell] is not None:
            self._notice = (
                f"Nobody can play {cell + 1} any more." if cell < len(game.board) else "There is no such cell."
            )
        else:
            self._notice = ""
            self._move = Play(game=game.id, ply=game.ply, cell=cell, pos=game.pos, n=game.ply)
            self._do(self._wire.say(self._move))

    def _ask_for(self, typed: str, game: Game, me: Mark) -> None:
        """Do what a letter stands for; giving up is asked about once more."""
        place = f"/games/{game.id}"
        if typed in _OFFERS:
            self._do(self._called(f"{place}/offers", {"kind": _OFFERS[typed]}))
        elif typed == "x":
            for offer in game.offered(me):
                self._do(self._called(f"{place}/offers/{offer.id}/decline"))
        elif typed == "r" and not game.is_over:
            if self._sure == "r":
                self._do(self._called(f"{place}/resign"))
            else:
                self._sure, self._notice = "r", "r again: give up."

    def _leave(self, game: Game) -> None:
        plays = game.status == "playing" and self._me is not None
        if plays and self._sure != "q":
            comes_back = "a guest cannot come back" if self._account.is_guest else "the game goes on"
            self._sure, self._notice = "q", f"q again: leave; {comes_back}."
        else:
            self._left.set()

    # What follows.

    @property
    def _me(self) -> Mark | None:
        return None if self._game is None else self._game.mark_of(self._account.user_id)

    async def _called(self, path: str, body: dict[str, Any] | None = None) -> None:
        try:
            await self._account.call("POST", path, body)
        except Refused as refused:
            self._notice = str(refused)
        except httpx.TransportError:
            self._notice = "That did not arrive; try again."
        self._draw()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)

    async def _tick(self) -> None:
        """Let the clocks run where there is a screen."""
        while True:
            await asyncio.sleep(_TICK_S)
            if self._terminal.is_screen and self._game is not None and self._game.clocks is not None:
                self._draw()

    def _draw(self) -> None:
        """Show how it stands, soon: much that happens at once is shown once."""
        if not self._is_drawing:
            self._is_drawing = True
            asyncio.get_running_loop().call_soon(self._drawn)

    def _drawn(self) -> None:
        self._is_drawing = False
        if self._game is not None:
            cursor = self._hand.cursor if self._terminal.is_screen and self._me else None
            notice = self._notice or self._hand.shown
            with suppress(BlockingIOError):
                self._terminal.show(
                    drawing.drawn(self._game, self._me, self._account.now(), cursor=cursor, notice=notice)
                )
