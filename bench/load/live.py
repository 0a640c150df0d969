"""Our own live connections: WebSockets, two players for every board, each subscribed to the games it plays."""

import json
import math
import os
import socket
import time
from base64 import b64encode
from collections.abc import Callable

from bench.load import gauge
from bench.load.exchange import exchange
from bench.load.jobs import Live, LiveBoard, Outcome
from bench.load.loop import Loop
from bench.load.sockets import PATIENCE, PIECE, frame, frames
from bench.subjects.requests import request

_MOVED = b'{"t":"move"'
_PLY = b'"ply":'


class Player:
    """One player's connection."""

    def __init__(self, port: int, token: str) -> None:
        self._partial = b""
        self.moved: Callable[[int], None] | None = None
        ticket = json.loads(exchange(port, [request("POST", "/live/tickets", token=token)], expect=201)[0])["ticket"]
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            f"GET /live?ticket={ticket} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._partial:
            self._receive()
        head, _, self._partial = self._partial.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head.decode(errors="replace"))

    def follow(self, games: list[str]) -> None:
        """Subscribe to games, and wait until each was shown."""
        for game in games:
            self.sock.sendall(frame(json.dumps({"t": "sub", "game": game})))
        shown = 0
        while shown < len(games):
            shown += sum(message.startswith(b'{"t":"snapshot"') for message in self._taken())
            if shown < len(games):
                self._receive()
        self.sock.settimeout(0)

    def readable(self) -> None:
        """Read what has arrived and tell of the moves in it."""
        self._receive()
        for message in self._taken():
            if self.moved and message.startswith(_MOVED):
                at = message.index(_PLY) + len(_PLY)
                self.moved(int(message[at : message.index(b",", at)]))

    def _receive(self) -> None:
        data = self.sock.recv(PIECE)
        if not data:
            raise ConnectionError("the server hung up on a player")
        self._partial += data

    def _taken(self) -> list[bytes]:
        messages, self._partial = frames(self._partial)
        return messages


class Table:
    """Games played one after the other; the two players of each take turns."""

    def __init__(self, run: "Run", board: LiveBoard) -> None:
        self._run = run
        self._players = [Player(run.job.port, token) for token in board.tokens]
        for player in self._players:
            player.follow(board.games)
            run.loop.watch(player.sock, player.readable)
        self._moves = [
            (turn % 2, ply, frame(json.dumps({"t": "move", "game": game, "ply": ply, "cell": cell})))
            for turn, game in enumerate(board.games)
            for ply, cell in enumerate(run.job.cells)
        ]
        self._next = 0
        self._sent = 0.0

    def step(self) -> bool:
        """Make the next move; return whether there is one."""
        if self._next == len(self._moves):
            return False
        first, ply, move = self._moves[self._next]
        mover = self._players[(first + ply) % 2]
        watched = self._players[(first + ply + 1) % 2] if self._run.job.rate else mover
        watched.moved = self._seen
        self._sent = time.perf_counter()
        if mover.sock.send(move) != len(move):
            raise BlockingIOError("the server reads too slowly for one small move")
        return True

    def _seen(self, ply: int) -> None:
        """Note a move that was seen: by who made it, or, of moves at a rate, by the other."""
        if ply != self._moves[self._next][1]:
            return
        for player in self._players:
            player.moved = None
        self._next += 1
        self._run.seen(self, self._sent)


class Run:
    """One job: everyone is seated first, then all boards play until the first runs out, or the time is over."""

    def __init__(self, job: Live) -> None:
        self.job, self.loop = job, Loop()
        self._tables = [Table(self, board) for board in job.boards]
        self._idle = list(self._tables)
        self._latencies: list[float] = []
        self._opened: gauge.Reading | None = None
        self._closed: gauge.Reading | None = None
        self._due = self._began = 0.0

    def outcome(self) -> Outcome:
        """Run the job to its end and sum it up."""
        self._opened = gauge.read(self.job.watch)
        self._due = self._began = time.perf_counter()
        if not self.job.rate:
            for table in self._tables:
                table.step()
        self.loop.run(self._tick if self.job.rate else lambda: math.inf)
        assert self._closed
        seconds = self._closed.wall - self._opened.wall
        return Outcome(
            seconds=seconds,
            rate=len(self._latencies) / seconds,
            spreads={"all": gauge.spread(self._latencies)},
            refused={},
            **gauge.shares(self._opened, self._closed),
        )

    def seen(self, table: Table, sent: float) -> None:
        """Note a move that came back, and go on."""
        self._latencies.append(time.perf_counter() - sent)
        if self.job.rate:
            self._idle.append(table)
        elif not table.step():
            self._end()

    def _tick(self) -> float:
        """Send what is due; moves of a rate leave in turn, from whichever board waits longest."""
        now = time.perf_counter()
        if now >= self._began + self.job.seconds or not self._idle:
            self._end()
            return 0.0
        while self._due <= now and self._idle:
            self._due += 1 / self.job.rate
            if not self._idle.pop(0).step():
                self._end()
                return 0.0
        return self._due - now

    def _end(self) -> None:
        self._closed = self._closed or gauge.read(self.job.watch)
        self.loop.stopped = True


def outcome(job: Live) -> Outcome:
    """Run a job on live connections."""
    return Run(job).outcome()
