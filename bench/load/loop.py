"""Sockets that are ready, and HTTP answers read from them with as little work as will do."""

import select
import socket
from collections.abc import Callable

SILENCE = 30.0
"""Seconds without any answer after which a run is given up."""

Done = Callable[[int, bytes], None]


class Silence(Exception):
    """The server has not answered anything for too long."""


class Loop:
    """One epoll instance and one callback for each socket."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self.stopped = False

    def watch(self, sock: socket.socket, reader: Callable[[], None]) -> None:
        """Call `reader` whenever the socket has something to read."""
        self._readers[sock.fileno()] = reader
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def forget(self, sock: socket.socket) -> None:
        """Stop watching a socket that is about to be closed."""
        self._epoll.unregister(sock.fileno())
        del self._readers[sock.fileno()]

    def run(self, tick: Callable[[], float]) -> None:
        """Serve sockets until `stopped`; `tick` says in how many seconds it wants to run again.

        The kernel's timer counts whole milliseconds, so the last one before an appointed
        time is spent asking again and again: requests leave when they should.
        """
        poll, readers = self._epoll.poll, self._readers
        while not self.stopped:
            wait = tick()
            events = poll(max(0.0, min(wait, SILENCE) - 0.001))
            for number, _ in events:
                if reader := readers.get(number):
                    reader()
            if not events and wait >= SILENCE:
                raise Silence


class Connection:
    """A keep-alive HTTP connection with at most one request under way."""

    __slots__ = ("_done", "_loop", "_partial", "_port", "_sock")

    def __init__(self, loop: Loop, port: int) -> None:
        self._loop, self._port = loop, port
        self._partial = b""
        self._done: Done | None = None
        self._sock: socket.socket | None = self._open()

    def _open(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self._port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(0)
        self._loop.watch(sock, self._readable)
        return sock

    def send(self, request: bytes, done: Done) -> None:
        """Send a request; `done` gets the status and the body. An idle end is opened again."""
        if self._sock is None:
            self._sock = self._open()
        self._done = done
        if self._sock.send(request) != len(request):
            raise BlockingIOError("the server reads too slowly for one small request")

    def close(self) -> None:
        """Close the connection; it opens again when it is used again."""
        if self._sock is not None:
            self._loop.forget(self._sock)
            self._sock.close()
            self._sock = None

    def _readable(self) -> None:
        assert self._sock is not None
        data = self._sock.recv(65536)
        if not data:
            self._ended()
            return
        if self._partial:
            data = self._partial + data
        end = data.find(b"\r\n\r\n")
        if end < 0 or len(data) < (size := end + 4 + _content_length(data[:end])):
            self._partial = data
            return
        self._partial = b""
        done, self._done = self._done, None
        if done is None:
            raise ConnectionError("an answer nobody asked for")
        done(int(data[9:12]), data[end + 4 : size])

    def _ended(self) -> None:
        if self._done is not None:
            raise ConnectionError("the server hung up on a request")
        self.close()


def _content_length(head: bytes) -> int:
    """Return the length of the body; an answer that does not say has none."""
    start = head.lower().find(b"\r\ncontent-length:")
    if start < 0:
        if b"chunked" in head:
            raise ValueError("chunked answers are not read here")
        return 0
    end = head.find(b"\r\n", start + 17)
    return int(head[start + 17 : end if end > 0 else None])
