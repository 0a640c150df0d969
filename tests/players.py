"""People who play live: connected again whenever they are not, in step with every game they look at."""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tests.follower import OVER, Gap, Message, State, applied

PATIENCE_S = 20.0
AGAIN_S = 0.02
SIGNED_OUT = 4401


class Refused(Exception):
    """What was asked is not done; its problem document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem)
        self.problem = problem

    @property
    def slug(self) -> str:
        """Which problem it is."""
        return str(self.problem["type"]).rpartition("/")[2]


class Player:
    """Somebody with a live connection to `http`'s server, or none just now."""

    def __init__(self, http: httpx.AsyncClient, grant: dict[str, Any]) -> None:
        self._http = http
        self.become(grant)
        self.games: dict[str, State | None] = {}
        self.left: dict[str, State] = {}
        self.told: list[Message] = []
        self.in_step_at: dict[str, float] = {}
        self.code: int | None = None
        self.gaps = self.connections = 0
        self._numbers = itertools.count(1)
        self._asked: dict[int, tuple[Message, asyncio.Future[Message]]] = {}
        self._news = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._staying: asyncio.Task[None] | None = None

    def become(self, grant: dict[str, Any]) -> None:
        """Use these tokens from now on."""
        self.id, self.token = str(grant["user"]["id"]), str(grant["access_token"])
        self.refresh_token = str(grant["refresh_token"])

    # Over HTTP.

    @property
    def signed(self) -> dict[str, str]:
        """The header that proves it."""
        return {"Authorization": f"Bearer {self.token}"}

    async def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Return the answer to a request, asked again while there is none: for what is harmless when repeated."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await self._http.request(method, path, json=body, headers=self.signed)
                if answer.status_code != 503:
                    return answer
            assert time.monotonic() < deadline, f"{method} {path} is not answered"
            await asyncio.sleep(AGAIN_S)

    async def got(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return what a request that succeeds is answered."""
        answer = await self.ask(method, path, body)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    # Live.

    def come(self) -> None:
        """Connect, and stay connected."""
        self._staying = asyncio.create_task(self._stay())

    async def go(self) -> None:
        """Hang up, and do not come again."""
        if self._staying is not None:
            self._staying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._staying

    def drop(self) -> None:
        """Lose the connection without a word."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def follow(self, game: str) -> State:
        """Return a game that is looked at from now on."""
        self.games.setdefault(game, None)
        await self._say({"t": "sub", "game": game})
        await self.until(lambda: game in self.in_step_at)
        return self.state(game)

    async def leave(self, game: str) -> None:
        """Look at a game no more; what it was then is in `left`."""
        self.left[game] = self.state(game)
        del self.games[game]
        await self._say({"t": "unsub", "game": game})

    def is_in_step(self) -> bool:
        """Whether everything is known again of the games looked at."""
        return self._socket is not None and self.games.keys() <= self.in_step_at.keys()

    def state(self, game: str) -> State:
        """Return a game as it is shown here."""
        found = self.games[game]
        assert found is not None
        return found

    def shows(self, game: str, seq: int) -> bool:
        """Whether a game is shown as it stood at that `seq`, or later."""
        return bool(self.state(game)["seq"] >= seq)

    def shows_the_end(self, game: str) -> bool:
        """Whether a game is shown as over."""
        return self.state(game)["status"] in OVER

    async def play(self, game: str, cell: int, **different: int) -> Message:
        """Play a cell, and return the answer; said again where the connection was lost meanwhile. Raises Refused."""
        state = self.state(game)
        return await self.say(
            {"t": "move", "game": game, "ply": state["ply"], "pos": state["pos"], "cell": cell} | different
        )

    async def say(self, message: Message) -> Message:
        """Say something that is answered, and return the answer. Raises Refused."""
        number = next(self._numbers)
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[number] = message | {"n": number}, answered
        await self._say(message | {"n": number})
        async with asyncio.timeout(PATIENCE_S):
            told = await answered
        if told["t"] == "refused":
            raise Refused(told["problem"])
        return told

    async def until(self, holds: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Return once something holds; it may begin to with anything that is told."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def until_told(self, kind: str, seconds: float = PATIENCE_S) -> Message:
        """Return the last message of a kind, once there is one."""
        await self.until(lambda: any(one["t"] == kind for one in self.told), seconds)
        return next(one for one in reversed(self.told) if one["t"] == kind)

    async def _stay(self) -> None:
        while self.code != SIGNED_OUT:
            try:
                async with await self._connected() as socket:
                    await self._listen(socket)
            except (OSError, WebSocketException, httpx.TransportError):
                pass
            finally:
                self._socket = None
                self.in_step_at.clear()
                self._news.set()
            await asyncio.sleep(AGAIN_S)

    async def _connected(self) -> ClientConnection:
        answer = await self._http.post("/live/tickets", headers=self.signed)
        if answer.status_code == 401:
            self.code = SIGNED_OUT
        if not answer.is_success:
            raise OSError(answer.status_code)
        return await opened(str(self._http.base_url), answer.json()["ticket"])

    async def _listen(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.connections += 1
        for game, state in self.games.items():
            await socket.send(json.dumps({"t": "sub", "game": game} | ({"since": state["seq"]} if state else {})))
        for message, _ in list(self._asked.values()):
            await socket.send(json.dumps(message))
        self._news.set()
        try:
            async for text in socket:
                await self._hear(json.loads(text))
                self._news.set()
        finally:
            self.code = socket.close_code
            self._news.set()

    async def _hear(self, told: Message) -> None:
        self.told.append(told)
        game = told.get("game", "")
        if told["t"] in ("move", "offer", "finished", "snapshot"):
            try:
                self.games[game] = applied(self.games.get(game), told)
            except Gap:
                self.gaps += 1
                await self._say({"t": "sub", "game": game, "since": (self.games[game] or {"seq": 0})["seq"]})
        elif told["t"] == "presence":  # it follows what was missing
            self.in_step_at.setdefault(game, time.monotonic())
        elif told.get("n") in self._asked:
            _, answered = self._asked.pop(told["n"])
            if not answered.done():
                answered.set_result(told)

    async def _say(self, message: Message) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(json.dumps(message))


async def opened(base: str, ticket: str, **headers: str) -> ClientConnection:
    """Return a live connection; raises InvalidStatus where none is let in."""
    address = base.rstrip("/").replace("http", "ws", 1) + f"/live?ticket={ticket}"
    return await connect(address, proxy=None, ping_interval=None, additional_headers=headers, max_size=2**20)


async def refused(base: str, ticket: str, **headers: str) -> int:
    """Return the status with which a connection is not let in; 0 for one that is."""
    try:
        socket = await opened(base, ticket, **headers)
    except InvalidStatus as answer:
        return answer.response.status_code
    await socket.close()
    return 0


async def guest(http: httpx.AsyncClient) -> Player:
    """Return a new guest, not connected yet."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = await http.post("/guests", json={})
        if answer.status_code != 503 or time.monotonic() > deadline:
            assert answer.status_code == 201, answer.text
            return Player(http, answer.json())
        await asyncio.sleep(AGAIN_S)


@contextlib.asynccontextmanager
async def playing(base: str, count: int) -> AsyncIterator[list[Player]]:
    """Let so many guests come to a server for the length of a block."""
    async with httpx.AsyncClient(base_url=base, timeout=10, trust_env=False) as http:
        people = [await guest(http) for _ in range(count)]
        for person in people:
            person.come()
        try:
            yield people
        finally:
            await asyncio.gather(*(person.go() for person in people))


async def invited(one: Player, other: Player, **wish: object) -> str:
    """Return a game of two, the first playing X unless they wish otherwise, that both look at."""
    made = await one.got("POST", "/games", {"opponent": {"kind": "invite"}, "mark": "X"} | wish)
    secret = made["invite_url"].rpartition("#invite=")[2]
    await other.got("POST", f"/games/{made['id']}/join", {"invite": secret})
    await asyncio.gather(one.follow(made["id"]), other.follow(made["id"]))
    return str(made["id"])
