"""boardgame.io's own transport: socket.io over WebSocket, two players for every match.

As little as the protocol allows: frames are masked with zeros (RFC 6455 leaves the key to
the client, and XOR with zero is nothing), and of an update only the state's number is read.
"""

import base64
import json
import math
import os
import socket
import time
from collections.abc import Callable

from bench.load import gauge
from bench.load.jobs import Match, Outcome, Sockets
from bench.load.loop import Loop

NAMESPACE = "/tic-tac-toe"
STATE_ID = b'"_stateID":'
PATIENCE = 10.0
"""Seconds to wait for one answer while connecting."""
PIECE = 16_384
"""Bytes read at once: a larger buffer would be fetched from the system, and given back, for each."""


def frame(text: str) -> bytes:
    """Return a masked text frame of up to 64 KiB (RFC 6455, section 5.2)."""
    payload = text.encode()
    size = len(payload)
    head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + bytes(4) + payload


def event(name: str, *arguments: object) -> bytes:
    """Return a socket.io event in our namespace."""
    return frame(f"42{NAMESPACE},{json.dumps([name, *arguments], separators=(',', ':'))}")


def frames(data: bytes) -> tuple[list[bytes], bytes]:
    """Return the whole frames in what has arrived, and the rest; servers do not mask."""
    start, messages = 0, []
    while len(data) - start >= 2:
        size, head = data[start + 1], 2
        if size == 126:
            size, head = int.from_bytes(data[start + 2 : start + 4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(data[start + 2 : start + 10], "big"), 10
        if len(data) < start + head + size:
            break
        messages.append(data[start + head : start + head + size])
        start += head + size
    return messages, data[start:]


class Seat:
    """One player's connection to one match."""

    def __init__(self, port: int, match: Match, player: int) -> None:
        self._partial = b""
        self.updated: Callable[[int], None] | None = None
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._upgrade(port)
        self._await(b"0{")
        self.sock.sendall(frame(f"40{NAMESPACE},"))
        self._await(f"40{NAMESPACE},".encode())
        credentials = match.credentials[player]
        self.sock.sendall(event("sync", match.id, str(player), credentials, 2))
        self._await(f'42{NAMESPACE},["sync"'.encode())
        self.sock.settimeout(0)

    def _upgrade(self, port: int) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost:{port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._partial:
            self._receive()
        head, _, self._partial = self._partial.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head.decode(errors="replace"))

    def _await(self, start: bytes) -> None:
        while True:
            for message in self._frames():
                if message.startswith(start):
                    return
            self._receive()

    def _receive(self) -> None:
        data = self.sock.recv(PIECE)
        if not data:
            raise ConnectionError("the server hung up on a player")
        self._partial += data

    def _frames(self) -> list[bytes]:
        messages, self._partial = frames(self._partial)
        return messages

    def readable(self) -> None:
        """Read what has arrived and report the newest state in it."""
        self._receive()
        for message in self._frames():
            if message == b"2":
                self.sock.send(frame("3"))
            elif self.updated and (at := message.find(STATE_ID)) > 0:
                at += len(STATE_ID)
                self.updated(int(message[at : at + 2].rstrip(b",}")))


class Slot:
    """Matches played one after the other; the players of each take turns."""

    def __init__(self, run: "Run", matches: list[Match]) -> None:
        self._run = run
        self._games = [self._seated(match) for match in matches]
        self._game = self._ply = 0
        self._sent = 0.0

    def _seated(self, match: Match) -> list[tuple[Seat, bytes]]:
        seats = [Seat(self._run.job.port, match, player) for player in (0, 1)]
        for seat in seats:
            self._run.loop.watch(seat.sock, seat.readable)
        return [(seats[ply % 2], self._move(match, ply, cell)) for ply, cell in enumerate(self._run.job.cells)]

    def _move(self, match: Match, ply: int, cell: int) -> bytes:
        player = ply % 2
        payload = {"type": "clickCell", "args": [cell], "playerID": str(player)}
        action = {
            "type": "MAKE_MOVE",
            "payload": {**payload, "credentials": match.credentials[player]},
        }
        return event("update", action, ply, match.id, str(player))

    def step(self) -> None:
        """Make the next move, or end."""
        if self._game == len(self._games):
            self._run.ended()
            return
        seat, move = self._games[self._game][self._ply]
        seat.updated = self._updated
        self._sent = time.perf_counter()
        seat.sock.send(move)

    def _updated(self, state: int) -> None:
        if state != self._ply + 1:
            return
        self._run.answered(self._sent)
        self._games[self._game][self._ply][0].updated = None
        self._ply += 1
        if self._ply == len(self._run.job.cells):
            self._game, self._ply = self._game + 1, 0
        self.step()


class Run:
    """One job: everyone is seated first, then all slots play until the first runs out."""

    def __init__(self, job: Sockets) -> None:
        self.job, self.loop = job, Loop()
        self._slots = [Slot(self, matches) for matches in job.slots]
        self._latencies: list[float] = []
        self._closed: gauge.Reading | None = None
        self._left = len(self._slots)

    def outcome(self) -> Outcome:
        """Run the job to its end and sum it up."""
        opened = gauge.read(self.job.watch)
        for slot in self._slots:
            slot.step()
        self.loop.run(lambda: math.inf)
        assert self._closed
        seconds = self._closed.wall - opened.wall
        return Outcome(
            seconds=seconds,
            rate=len(self._latencies) / seconds,
            spreads={"all": gauge.spread(self._latencies)},
            refused={},
            **gauge.shares(opened, self._closed),
        )

    def answered(self, sent: float) -> None:
        """Note a move that came back to its player."""
        if self._closed is None:
            self._latencies.append(time.perf_counter() - sent)

    def ended(self) -> None:
        """Note that a slot ran out."""
        self._left -= 1
        if self._closed is None:
            self._closed = gauge.read(self.job.watch)
        self.loop.stopped = self._left == 0


def outcome(job: Sockets) -> Outcome:
    """Run a socket.io job."""
    return Run(job).outcome()
