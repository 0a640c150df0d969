"""News over the publish and subscribe of Redis or Valkey."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.client import PubSub as Subscription
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from noughts.kit.broadcast.relay import Lost
from noughts.kit.errors import Refusal

_DEADLINE_S: Final = 5.0


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, TimeoutError, RedisError) as error:
        raise Lost(f"Redis: {str(error) or type(error).__name__}") from None


class PubSub:
    """A channel of a server: one connection subscribes, another publishes. Everyone is written to in the same turn."""

    behind_s = 0.0

    def __init__(self, address: str, channel: str) -> None:
        """Take an address; raises Refusal, which does not repeat it: a password may stand there."""
        self._address = address
        self._channel = channel
        try:
            self._client()
        except ValueError as error:
            raise Refusal(f"NOUGHTS_EVENTS is no address of Redis: {error}.") from None

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator["Session"]:
        """Subscribe for the length of a block; raises Lost."""
        async with self._client() as client, client.pubsub() as subscription:
            session = Session(client, subscription, self._channel)
            await session.subscribe()
            yield session

    def _client(self) -> "Redis":
        """Return a client that tries nothing again by itself, so that no gap goes unnoticed.

        Deadlines are ours: its own go through `asyncio.wait_for`, which on Python 3.11 may lose a cancellation.
        """
        return Redis.from_url(
            self._address,
            socket_timeout=None,
            socket_connect_timeout=_DEADLINE_S,
            retry=Retry(NoBackoff(), 0),
            client_name="noughts-events",
        )


class Session:
    """A server that was subscribed to."""

    def __init__(self, client: "Redis", subscription: Subscription, channel: str) -> None:
        self._client = client
        self._subscription = subscription
        self._channel = channel

    async def subscribe(self) -> None:
        """Hear everything from now on; raises Lost."""
        with _translated():
            async with asyncio.timeout(_DEADLINE_S):
                await self._subscription.subscribe(self._channel)
                await self._subscription.get_message(timeout=None)  # the answer

    async def send(self, envelopes: Sequence[bytes]) -> None:
        with _translated():
            async with asyncio.timeout(_DEADLINE_S), self._client.pipeline(transaction=False) as pipeline:
                for envelope in envelopes:
                    pipeline.publish(self._channel, envelope)
                await pipeline.execute()

    async def receive(self) -> bytes:
        while True:
            with _translated():
                message = await self._subscription.get_message(timeout=None)
            if message is not None and isinstance(message["data"], bytes):
                return message["data"]
