"""The HTTP server: uvicorn with deadlines and sizes of our own, and problem documents instead of plain text."""

import asyncio
import contextlib
import errno
import resource
import signal
import socket
from collections.abc import Iterator
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from noughts.kit import ids, problems
from noughts.kit.cycle import Cycle
from noughts.kit.errors import BadRequest, HeadersTooLarge, Problem, Refusal, RequestTimeout, UriTooLong

HEADER_LIMIT: Final = 32 * 1024
HEADER_COUNT: Final = 100
URL_LIMIT: Final = 8 * 1024
REQUEST_DEADLINE_S: Final = 15.0
KEEP_ALIVE_S: Final = 30
_REASONS: Final = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
}


class Protocol(HttpToolsProtocol):
    """One connection. A request must arrive whole within 15 s, its headers within 32 KiB, and answers must be read."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._deadline: asyncio.TimerHandle | None = None
        self._arriving = False
        self._head_open = False
        self._under_way = False
        self._body_moved = False
        self._beside_body = 0
        self._at_most = 0
        self._hosts = 0
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(REQUEST_DEADLINE_S, self._refuse, RequestTimeout())

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        self._trust()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._body_moved = False
        self._at_most = self._beside_body + len(data)
        super().data_received(data)
        if self._arriving:  # headers, trailers and what else is no body: only so much of it at a stretch
            self._beside_body = 0 if self._body_moved else self._beside_body + len(data)
            if self._beside_body > HEADER_LIMIT:
                self._refuse(HeadersTooLarge())
        # Empty lines between requests, too, have ended the time a connection may be idle: so they start this one.
        waiting = self._arriving or self.cycle is None or self.cycle.response_complete
        if waiting and self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(REQUEST_DEADLINE_S, self._refuse, RequestTimeout())

    def pause_writing(self) -> None:
        super().pause_writing()
        self._doubt()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._trust()
        if self.transport.is_closing():
            self._doubt()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._doubt()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._arriving = self._head_open = True
        self._under_way = False
        self._beside_body = self._hosts = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > URL_LIMIT:
            self._refuse(UriTooLong())

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_open:  # a trailer is no header: a proxy has checked headers alone (RFC 9110, 6.5.1)
            return
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_open = False
        if self._headers_are_too_large():
            self._refuse(HeadersTooLarge())
        elif not self._is_our_http():
            self.send_400_response("")
        if self.transport.is_closing():
            return
        super().on_headers_complete()
        self.cycle.__class__ = Cycle
        self._under_way = True
        # Answered early, a body that was announced by Expect may come or not, and the parser reads nothing after an
        # upgrade: what comes next could be taken for what it is not.
        if self.expect_100_continue or self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._body_moved = True
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._arriving = False
        self._body_moved = True
        self._relax()
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._doubt()

    def _headers_are_too_large(self) -> bool:
        if len(self.headers) > HEADER_COUNT:
            return True
        if self._at_most <= HEADER_LIMIT:  # no more than that has come in altogether: nothing to add up
            return False
        return sum(len(name) + len(value) for name, value in self.headers) > HEADER_LIMIT

    def _is_our_http(self) -> bool:
        """Return whether the request is of a version spoken here, names one host, which 1.1 demands (RFC 9112, 3.2), and
        wants no upgrade together with a body, which the parser would pass over."""
        if self.parser.should_upgrade():
            names = [name for name, _ in self.headers]
            if b"content-length" in names or b"transfer-encoding" in names:
                return False
        version = self.parser.get_http_version()
        return self._hosts == 1 if version == "1.1" else version == "1.0" and self._hosts <= 1

    def send_400_response(self, msg: str) -> None:
        self._refuse(BadRequest("This is not HTTP as RFC 9112 has it."))

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _doubt(self) -> None:
        """Hang up for good unless what was written is taken in time: a reader who stands still must not stay."""
        if self._unread is None:
            self._unread = self.loop.call_later(KEEP_ALIVE_S, self.transport.abort)

    def _trust(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _refuse(self, problem: Problem) -> None:
        """Answer what never became a request, and hang up."""
        self._relax()
        if self.transport.is_closing():
            return
        if self._arriving and self._under_way and self.cycle.response_started:
            self.transport.close()  # it has its answer: a second one would be taken for that of the next request
            self._doubt()
            return
        request_id = ids.request_id()
        body = problems.encode(problem, request_id)
        head = (
            f"HTTP/1.1 {problem.status} {_REASONS[problem.status]}\r\ncontent-type: {problems.MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nx-content-type-options: nosniff\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
        self._doubt()


def _config(app: Any) -> uvicorn.Config:
    """Return the settings every server of ours runs with."""
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        loop="uvloop",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=10,
    )


class Server(uvicorn.Server):
    """A server that ends cleanly, with status 0, when it is told to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the server, instead of raising them again at the end."""
        yield

    def stop(self) -> None:
        """Take no new connections, finish the requests under way, then return from `serve`."""
        self.should_exit = True


def _allow_many_connections() -> None:
    """Open as many files as the system allows: shells begin with 1024, and each idle connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


Listener = socket.socket


def listen(host: str, port: int) -> Listener:
    """Return a listening socket; raises Refusal when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "another program listens there" if taken else getattr(error, "strerror", "it is no address")
        raise Refusal(f"Port {port} of {host} cannot be had: {why}. Choose another --port.") from None


async def serve(*served: tuple[Any, Listener]) -> None:
    """Serve each application at its listener until SIGTERM or SIGINT."""
    _allow_many_connections()
    servers = [Server(_config(app)) for app, _ in served]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await asyncio.gather(
        *(server.serve(sockets=[listener]) for server, (_, listener) in zip(servers, served, strict=True))
    )
