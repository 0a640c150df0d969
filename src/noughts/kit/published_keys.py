"""The keys of access tokens in a process that does not make them: read from the service that does, and kept."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import jwt

from noughts.kit.errors import Unavailable
from noughts.kit.tokens import PublicKey, VerifyingKey

FOLLOW_EVERY_S: Final = 0.5
READ_EVERY_S: Final = 5.0
"""A key made in a hurry signs half a minute after it is published."""


class PublishedKeys:
    """What was read last, however long ago: a service that does not answer takes nobody's sign-in away."""

    def __init__(
        self, read: Callable[[], Awaitable[Sequence[PublicKey]]], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._read, self._now = read, now
        self._due = 0.0
        self._known: dict[str, VerifyingKey] | None = None

    @property
    def are_known(self) -> bool:
        """Whether they were ever read."""
        return self._known is not None

    def find(self, key_id: str) -> VerifyingKey | None:
        """Return the key of that id, if there is one; raises Unavailable until the keys were read."""
        if self._known is None:
            raise Unavailable("The keys of access tokens are not known yet.")
        return self._known.get(key_id)

    async def follow(self) -> None:
        """Read them when it is time; raises Unavailable. To be called twice a second.

        A process is not ready before it knows them, and may have begun before whoever makes them.
        """
        if self.are_known and self._now() < self._due:
            return
        self._due = self._now() + READ_EVERY_S
        await self.read()

    async def read(self) -> None:
        """Take in the keys as they are now; raises Unavailable. May be repeated."""
        self._known = {key.id: _verifying(key) for key in await self._read()}


def _verifying(key: PublicKey) -> VerifyingKey:
    return VerifyingKey(jwt.PyJWK(dict(key.jwk), key.algorithm).key, key.algorithm, key.until)
