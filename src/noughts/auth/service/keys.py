"""Looking after the signing keys: read by every process, made by whichever comes first, changed without signing anyone out."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from noughts.auth.model import keys
from noughts.auth.model.keys import State, StoredKey
from noughts.auth.signing import Signer
from noughts.auth.store import KeyStore
from noughts.kit.logging import log
from noughts.kit.times import rfc3339


class KeyInfo(msgspec.Struct, frozen=True):
    """A key as operators see it."""

    id: str
    algorithm: str
    state: State
    signs_from: datetime
    retires_at: datetime | None


class Keys:
    """The use cases of signing keys. Every method raises Unavailable when the database does not answer."""

    def __init__(self, store: KeyStore, signer: Signer, period: timedelta, now: Callable[[], datetime]) -> None:
        self._store = store
        self._signer = signer
        self._period = period
        self._now = now

    async def load(self) -> None:
        """Read the keys before anything is signed or checked, the first one made on the way; raises Refusal."""
        stored = await self.read()
        if keys.newest(stored, self._signer.algorithm) is None:
            await self._make(1, keys.first_signs_from(stored, self._now()))
            await self.read()

    async def read(self) -> list[StoredKey]:
        """Take in keys that other processes made, long before they sign, and return them; raises Refusal."""
        stored = await self._store.all()
        self._signer.take(stored, self._now())
        return stored

    async def keep(self) -> None:
        """Make the next key a day before it is due, and remove those nobody needs. May be repeated and run twice at once."""
        stored, at = await self._store.all(), self._now()
        last = keys.newest(stored, self._signer.algorithm)
        begins = None if last is None else keys.successor_signs_from(last, self._period, at)
        if last is not None and begins is not None:
            await self._make(last.generation + 1, begins)
        await self._store.remove([key for key in stored if keys.is_over(key, stored, at)])

    async def rotate(self, *, hurry: bool = False) -> KeyInfo:
        """Return the key that signs next: in a day, in a hurry in half a minute; one that waits and begins by then is it.

        In a hurry a key that waits for later is dropped: whoever knows the one that signs may know that one too. Raises
        Refusal when the secret is another than the keys', so that none is made that nobody else can open.
        """
        at = self._now()
        begins = at + (keys.SHORT_NOTICE if hurry else keys.NOTICE)
        while True:
            stored = await self.read()
            last = keys.newest(stored, self._signer.algorithm)
            if last is not None and at < last.signs_from <= begins:
                return _info(last, stored, at)
            await self._make(1 if last is None else last.generation + 1, begins)

    async def all(self) -> list[KeyInfo]:
        """Return all keys, the newest first."""
        stored, at = await self._store.all(), self._now()
        return [_info(key, stored, at) for key in reversed(stored)]

    async def _make(self, generation: int, signs_from: datetime) -> None:
        """Make the key of a generation, unless another process did a moment ago."""
        key = await asyncio.to_thread(self._signer.make, generation, signs_from, self._now())
        if await self._store.add(key):
            log.info("signing_key_made", key=key.id, algorithm=key.algorithm, signs_from=rfc3339(signs_from))


def _info(key: StoredKey, stored: list[StoredKey], at: datetime) -> KeyInfo:
    return KeyInfo(key.id, key.algorithm, keys.state(key, stored, at), key.signs_from, keys.retires_at(key, stored))
