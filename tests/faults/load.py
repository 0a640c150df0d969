"""People who play and sign in at a steady rate over HTTP, and note what was acknowledged, and what failed when."""

import asyncio
import time
import uuid
from collections import Counter
from typing import Any, NamedTuple

import msgspec

DRAWN = (0, 4, 8, 1, 7, 6, 2, 5, 3)
"""A game of nine moves that nobody wins."""
PASSWORD = "a proper secret"
_PATIENCE_S = 10.0
_AGAIN_S = 0.3


class Asked(NamedTuple):
    """One request: when its answer came, what it was, and its status (0: there was none)."""

    at: float
    what: str
    status: int

    @property
    def failed(self) -> bool:
        """Whether it got no answer, or one that says the service cannot."""
        return self.status == 0 or self.status >= 500


class Line:
    """A connection that is kept, and made anew when it is gone."""

    def __init__(self, port: int, told: list[Asked]) -> None:
        self._port, self._told = port, told
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, what: str, method: str, path: str, body: object = None, token: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Return status and body of the answer, 0 and nothing where there is none; either way it is noted."""
        content = b"" if body is None else msgspec.json.encode(body)
        signed = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n{signed}\r\n"
        )
        try:
            async with asyncio.timeout(_PATIENCE_S):
                status, answer = await self._exchange(head.encode() + content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            self.close()
            status, answer = 0, {}
        self._told.append(Asked(time.monotonic(), what, status))
        return status, answer

    async def _exchange(self, request: bytes) -> tuple[int, dict[str, Any]]:
        if self._streams is not None and self._streams[0].at_eof():  # it was closed while nothing was asked
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.close()
        found = msgspec.json.decode(body) if body else {}
        return int(lines[0].split()[1]), found if isinstance(found, dict) else {}

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Load:
    """Boards on which two play games one after the other, and people who sign in, until told to stop."""

    def __init__(self, port: int, *, boards: int, moves_per_s: float, logins_per_s: float) -> None:
        self._port, self._boards = port, boards
        self._move_every_s, self._login_every_s = boards / moves_per_s, 1 / logins_per_s
        self.asked: list[Asked] = []
        self.moves: dict[str, list[int]] = {}
        self.refresh_tokens: list[str] = []
        self.game_tokens: dict[str, str] = {}
        self._stopped = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, name: str) -> None:
        """Sit down at the boards; `name` is the member who signs in again and again."""
        self._tasks = [asyncio.create_task(self._board(number)) for number in range(self._boards)]
        self._tasks.append(asyncio.create_task(self._door(name)))

    async def stop(self) -> None:
        """Finish what was begun."""
        self._stopped.set()
        await asyncio.gather(*self._tasks)

    def failures(self, since: float = 0.0, until: float = float("inf")) -> list[Asked]:
        """Return the requests of a time that failed."""
        return [asked for asked in self.asked if since <= asked.at < until and asked.failed]

    def answered(self) -> Counter[str]:
        """Return how many of each kind were answered."""
        return Counter(asked.what for asked in self.asked if not asked.failed)

    async def check(self) -> None:
        """Look for every acknowledged move, once, in its game, and for every acknowledged sign-in."""
        line = Line(self._port, [])
        for game, cells in self.moves.items():
            status, shown = await line.ask("check", "GET", f"/games/{game}", token=self.game_tokens[game])
            assert status == 200, (status, game)
            assert shown["moves"][: len(cells)] == cells
            assert len(shown["moves"]) <= len(cells) + 1
        for token in self.refresh_tokens:
            status, _ = await line.ask("check", "POST", "/token", {"refresh_token": token})
            assert status == 200, status
        line.close()

    async def _board(self, number: int) -> None:
        await asyncio.sleep(self._move_every_s * number / self._boards)
        line = Line(self._port, self.asked)
        seats = [await self._guest(line), await self._guest(line)]
        while not self._stopped.is_set():
            await self._game(line, seats)
        line.close()

    async def _game(self, line: Line, seats: list[str]) -> None:
        wish = {"opponent": {"kind": "invite"}, "mark": "X"}
        made = await self._until(line, "create", "POST", "/games", wish, seats[0])
        game, invite = made["id"], made["invite_url"].rpartition("#invite=")[2]
        await self._until(line, "join", "POST", f"/games/{game}/join", {"invite": invite}, seats[1])
        self.moves[game], self.game_tokens[game] = [], seats[0]
        due = time.monotonic()
        for ply, cell in enumerate(DRAWN):
            if self._stopped.is_set():
                return
            await self._until(line, "move", "POST", f"/games/{game}/moves", {"ply": ply, "cell": cell}, seats[ply % 2])
            self.moves[game].append(cell)
            due += self._move_every_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _door(self, name: str) -> None:
        due, under_way = time.monotonic(), set[asyncio.Task[None]]()
        while not self._stopped.is_set():
            task = asyncio.create_task(self._login(name))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            due += self._login_every_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        await asyncio.gather(*under_way)

    async def _login(self, name: str) -> None:
        line = Line(self._port, self.asked)
        status, grant = await line.ask("login", "POST", "/login", {"username": name, "password": PASSWORD})
        if status == 200:
            self.refresh_tokens.append(grant["refresh_token"])
        line.close()

    async def _guest(self, line: Line) -> str:
        grant = await self._until(line, "guest", "POST", "/guests", {})
        return str(grant["access_token"])

    async def _until(
        self, line: Line, what: str, method: str, path: str, body: object, token: str = ""
    ) -> dict[str, Any]:
        """Ask until there is an answer: what is asked for is harmless when repeated, or nobody minds."""
        while True:
            status, answer = await line.ask(what, method, path, body, token)
            if status in (200, 201):
                return answer
            if 400 <= status < 500:
                raise AssertionError((what, status, answer))
            await asyncio.sleep(_AGAIN_S)


def member(port: int) -> tuple[str, dict[str, str]]:
    """Return a new name, and its registration."""
    name = "u" + uuid.uuid4().hex[:12]
    return name, {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
