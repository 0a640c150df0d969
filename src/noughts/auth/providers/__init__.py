"""Who holds what proves somebody to be themselves: we do, or a pool of people elsewhere. Sessions are ours either way."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from noughts.auth.model.second_factor import Challenge, Totp
from noughts.auth.model.sessions import Credentials
from noughts.kit.audit import Origin
from noughts.kit.database import Write
from noughts.kit.tokens import Principal, UserId


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A password that was right: what is written when it opens a session, and whether it takes a code before that.

    `sealed` is what the provider wants to see again beside the code.
    """

    rows: tuple[Write, ...] = ()
    needs_code: bool = False
    sealed: bytes | None = None


class Begun(msgspec.Struct, frozen=True):
    """A second factor that waits to be confirmed: its secret in base32, and what is kept until then."""

    secret: str
    sealed: bytes


class Enabled(msgspec.Struct, frozen=True):
    """A second factor that was confirmed: the recovery codes, told this once, and the writes that enable it."""

    recovery_codes: list[str]
    rows: Sequence[Write]


class State(msgspec.Struct, frozen=True):
    """Whether signing in takes a second factor, and how many recovery codes are left."""

    enabled: bool
    recovery_codes_left: int


class Provider(Protocol):
    """Checks passwords and codes. Every method raises Unavailable."""

    def seat(self) -> AbstractContextManager[None]:
        """Hold a place for a sign-in; raises HashQueueFull."""

    async def authenticate(self, user_id: UserId, credentials: Credentials | None, password: str) -> Shown | None:
        """Return what a right password leads to; nothing where it is wrong or the account not to be signed in to.

        To be asked inside a seat. Without credentials it costs the same and is never right.
        """

    async def may_go_on(self, credentials: Credentials) -> bool:
        """Return whether somebody who is signed in may stay so."""

    async def signed_out(self, user_id: UserId) -> None:
        """Hear that somebody ended all their sessions. May be repeated."""

    async def answer(self, challenge: Challenge, code: str, origin: Origin) -> tuple[Write, ...] | None:
        """Return the writes that use up a code, and miss where that cannot be; nothing where it is wrong.

        Raises InvalidMfaToken where the sign-in has to begin again.
        """

    async def state(self, user_id: UserId) -> State:
        """Return how somebody's second factor stands."""

    async def begin(self, user_id: UserId, password: str | None, by: Principal, origin: Origin) -> Begun:
        """Return a new second factor of somebody who proved themselves by a password or a young sign-in.

        Raises InsufficientUserAuthentication, TotpEnabled; Invalid for a wrong password, TooManyAttempts, HashQueueFull.
        """

    async def enable(self, started: Totp, code: str, at: datetime) -> Enabled | None:
        """Return what enables a second factor that was begun; nothing where the code is wrong."""

    async def disable(self, user_id: UserId) -> Sequence[Write] | None:
        """Return the writes that remove a second factor, the first of which misses where that was done; nothing without one."""
