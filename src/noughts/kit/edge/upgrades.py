"""From a request to a WebSocket: what must hold before, and what goes on after (RFC 6455, 4.2)."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from noughts.kit.edge.answers import Answer
from noughts.kit.edge.sockets import Socket

Live = Callable[[Socket], Awaitable[None]]
"""What speaks with the other side. When it returns, the connection closes (1000); what it raises closes it with 1011."""


class Pace(msgspec.Struct, frozen=True):
    """How long silence may last, in seconds: before we ask whether anybody is there, before we hang up, and in parting."""

    ping_s: float = 20.0
    silence_s: float = 40.0
    close_s: float = 5.0


USUAL: Final = Pace()


class Upgrade(Answer, kw_only=True):
    """The answer that makes a WebSocket of a connection; for routes whose `live` is `socket` alone.

    Whether the handshake is in order, and no other site's page asks, was looked at before the handler.
    """

    live: Live
    pace: Pace = USUAL
