"""Hashing passwords without slowing anyone else: a bounded pool of low-priority threads."""

import asyncio
import contextlib
import os
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Final, TypeVar

import argon2
import msgspec
from msgspec import Meta

from noughts.kit import hashes
from noughts.kit.errors import Unavailable
from noughts.kit.idle_pool import IdlePool
from noughts.kit.metrics import Gauges
from noughts.kit.tracing import step

Result = TypeVar("Result")
_IDLE_S: Final = 1.0
_M_ARENA_MAX: Final = -8
_LONGEST: Final = 256


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class Hashing(msgspec.Struct, frozen=True, kw_only=True):
    """Cost of one Argon2id hash; the least allowed is OWASP's minimum (19 MiB, two passes, one lane)."""

    hash_memory_kib: Annotated[int, Meta(description="Memory of one password hash.", ge=19_456, le=4_194_304)] = 19_456
    hash_passes: Annotated[int, Meta(description="Passes over that memory.", ge=2, le=1_000)] = 2
    hash_threads: Annotated[int, Meta(description="Hashes at once; 0: one for each core.", ge=0)] = 0
    hash_queue: Annotated[int, Meta(description="Hashes that may wait before people are told to come back.", ge=1)] = 64
    hash_floor_ms: Annotated[
        int,
        Meta(
            description="Least time of a check; above that of the slowest imported hash nobody sees who was imported.",
            ge=0,
            le=10_000,
        ),
    ] = 0


class HashQueueFull(Unavailable):
    """More people are signing in than can be served; try again in a moment."""


def _normal(password: str) -> str:
    """Return the form in which passwords are hashed and compared: NFC (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)


def _share_memory() -> None:
    """Make threads allocate from one arena: of any other, glibc never returns the end, 19 MiB for each thread."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such function
        import ctypes

        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _give_memory_back() -> None:
    """Let glibc return what was freed to the system."""
    with contextlib.suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).malloc_trim(0)


class Passwords:
    """Makes and checks Argon2id hashes; raises `HashQueueFull` past the queue instead of stalling."""

    def __init__(self, hashing: Hashing) -> None:
        _share_memory()
        threads = hashing.hash_threads or _cores()
        self._hasher = argon2.PasswordHasher(hashing.hash_passes, hashing.hash_memory_kib, parallelism=1)
        self._pool = IdlePool(threads, "argon2")
        self._room = self._all_room = threads + hashing.hash_queue
        self._refused = 0
        self._tidied_at = 0.0
        self._floor_s = hashing.hash_floor_ms / 1000
        self._nobodys = self._pool.submit(self._hasher.hash, os.urandom(16).hex())

    async def hash(self, password: str, *, seated: bool = False) -> str:
        """Return the PHC string of a new hash."""
        return await self._run(lambda: self._hasher.hash(_normal(password)), seated=seated)

    @contextlib.contextmanager
    def seat(self) -> Iterator[None]:
        """Hold a place in the queue for what is asked `seated` inside; raises HashQueueFull."""
        if self._room <= 0:
            self._refused += 1
            raise HashQueueFull(retry_after=2)
        self._room -= 1
        try:
            yield
        finally:
            self._room += 1
            if self._room == self._all_room:
                asyncio.get_running_loop().call_later(_IDLE_S, self._tidy)

    async def verify(self, stored: str | None, password: str, *, seated: bool = False) -> bool:
        """Return whether the password fits, in the same time for no stored hash as for a wrong password.

        One longer than any can be fits nothing: to normalize 64 KiB of combining marks would stall everyone for seconds.
        """
        if len(password) > _LONGEST:
            stored, password = None, ""
        began = time.monotonic()
        fits = await self._run(lambda: _fits(stored or self._nobodys.result(), password), seated=seated)
        if (left := began + self._floor_s - time.monotonic()) > 0:
            await asyncio.sleep(left)
        return fits and stored is not None

    def outdated(self, stored: str, password: str) -> bool:
        """Return whether a password that fits should be hashed anew: at today's cost, by today's function.

        Not where the old hash knows only its beginning: nobody can tell whether the rest was typed right.
        """
        return not self._is_ours(stored) and not hashes.was_cut(stored, password)

    def require_usable(self, stored: str) -> None:
        """Raise UnusableHash unless passwords can be checked against this hash, and at a bearable cost."""
        if not self._is_ours(stored):
            hashes.require_usable(stored)

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        return {
            "noughts_hashes_waiting": ("Password hashes that wait for a thread.", lambda: self._pool.waiting),
            "noughts_hashes_running": ("Password hashes being made.", lambda: self._pool.running),
            "noughts_hash_places": (
                "People who may sign in at once, those who wait among them.",
                lambda: self._all_room,
            ),
            "noughts_hash_places_taken": ("People who are signing in.", lambda: self._all_room - self._room),
            "noughts_hashes_refused_total": ("People told to come back: no place was free.", lambda: self._refused),
        }

    def close(self) -> None:
        """Wait for the hashes under way."""
        self._pool.shutdown()

    def _is_ours(self, stored: str) -> bool:
        try:
            return not self._hasher.check_needs_rehash(stored)
        except argon2.exceptions.InvalidHashError:
            return False

    async def _run(self, work: Callable[[], Result], *, seated: bool = False) -> Result:
        with contextlib.nullcontext() if seated else self.seat(), step("argon2"):
            return await self._pool.run(work)

    def _tidy(self) -> None:
        """Give the memory of the last hashes back, if none has begun since."""
        if self._room == self._all_room and time.monotonic() > self._tidied_at + _IDLE_S:
            self._tidied_at = time.monotonic()
            with contextlib.suppress(RuntimeError):  # the pool was closed meanwhile
                self._pool.submit(_give_memory_back)


def _fits(stored: str, password: str) -> bool:
    """Return whether a password fits, in our form or, for a hash from elsewhere, as it was given."""
    try:
        check = partial(hashes.fits_argon2, stored) if stored.startswith("$argon2") else hashes.check_of(stored)
    except hashes.UnusableHash:
        return False
    return any(check(form.encode()) for form in dict.fromkeys((_normal(password), password)))
