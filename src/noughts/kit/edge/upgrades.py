"""From a request to a WebSocket: what must hold before, and what goes on after (RFC 6455, 4.2)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from websockets.datastructures import Headers
from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from noughts.kit.edge.answers import Answer, Reply, line
from noughts.kit.edge.requests import Request
from noughts.kit.edge.sockets import Pace, Socket
from noughts.kit.errors import BadRequest, UpgradeRequired

VERSION: Final = "13"
_ASKED: Final = ("connection", "upgrade", "sec-websocket-key", "sec-websocket-version")
_SPOKEN: Final = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", VERSION))

Live = Callable[[Socket], Awaitable[None]]
"""What speaks with the other side. When it returns, the connection closes (1000); what it raises closes it with 1011."""


class Upgrade(Answer, kw_only=True):
    """The answer that makes a WebSocket of a connection; for routes whose `live` is `socket` alone.

    Whether the handshake is in order, and no other site's page asks, was looked at before the handler.
    """

    status: int = 101
    live: Live
    pace: Pace = Pace()
    accept: str = ""  # said by the service's door

    def reply(self, marks: bytes = b"") -> Reply:
        """Return it as it goes: what is said about a body is left out, for there is none."""
        if not self.accept:
            raise AssertionError("the route does not say that it is live")
        lines = line("Upgrade", "websocket") + line("Connection", "Upgrade") + line("Sec-WebSocket-Accept", self.accept)
        return Reply(self.status, lines + marks, b"", switch=partial(Socket, live=self.live, pace=self.pace))


def accepted(request: Request) -> str:
    """Return the word that accepts a handshake; raises UpgradeRequired where none is tried, BadRequest where it is wrong."""
    given = {name: request.headers.get(name.encode(), b"").decode("latin-1") for name in _ASKED}
    if given["sec-websocket-version"] != VERSION:
        raise required()
    protocol = ServerProtocol()
    headers = Headers({name: value for name, value in given.items() if value})
    answer = protocol.accept(Handshake("/", headers, request.method, f"HTTP/{request.version}"))
    if answer.status_code == 101:
        return answer.headers["Sec-WebSocket-Accept"]
    if answer.status_code == 400:
        raise BadRequest(f"This is no handshake: {protocol.handshake_exc}.")
    raise required()


def required() -> UpgradeRequired:
    """Return what is told to who asks for something else where WebSocket alone is spoken."""
    return UpgradeRequired("Ask for an upgrade to websocket, version 13.", headers=_SPOKEN)
