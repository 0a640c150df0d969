"""How news travels between processes, as an operator chooses it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from noughts.kit import sealing
from noughts.kit.broadcast.memory import Memory
from noughts.kit.broadcast.topics import Broadcast
from noughts.kit.errors import Refusal


class EventSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about events."""

    events: Annotated[
        str,
        Meta(
            description="redis://, rediss:// or postgresql:// address that carries events; empty: the database does.",
            pattern="^((rediss?|postgres(ql)?)://.|$)",
        ),
    ] = ""


def chosen(found: EventSettings, *, database: str, secret: bytes) -> Broadcast:
    """Return the way of events: what is named, else the PostgreSQL database, else none; raises Refusal.

    Whoever has the same `secret` is of the same installation, and hears each other alone.
    """
    channel = f"noughts_{sealing.derive(secret, 'events').hex()[:16]}"
    if not (found.events or database):
        return Memory()
    from noughts.kit.broadcast.relay import Relay

    if not found.events.startswith("redis"):
        from noughts.kit.broadcast.postgres import Notify

        return Relay(Notify(found.events or database, channel))
    try:
        from noughts.kit.broadcast.redis import PubSub
    except ModuleNotFoundError:
        raise Refusal("NOUGHTS_EVENTS needs the package redis: pip install 'noughts[events]'.") from None
    return Relay(PubSub(found.events, channel))
