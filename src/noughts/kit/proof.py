"""Proof that whoever asks is still the one who signed in: a young sign-in (RFC 9470), or the current password."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from noughts.kit.audit import Audit, Origin
from noughts.kit.database import Database
from noughts.kit.errors import Invalid
from noughts.kit.passwords import Passwords
from noughts.kit.throttling import Throttle
from noughts.kit.tokens import Principal, UserId


class PasswordCheck(Protocol):
    """Tells whether a password is somebody's: by the hash we keep, or by asking who keeps it for us."""

    def seat(self) -> AbstractContextManager[None]:
        """Hold a place among those who may be checked at once; raises HashQueueFull, or another Unavailable."""

    async def fits(self, user_id: UserId, stored: str | None, password: str) -> bool:
        """Return whether it is, to be asked inside a seat; raises Unavailable."""


class HashCheck:
    """Checks passwords against the hashes in our own database."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    def seat(self) -> AbstractContextManager[None]:
        """Hold a place in the queue for hashes; raises HashQueueFull."""
        return self._passwords.seat()

    async def fits(self, user_id: UserId, stored: str | None, password: str) -> bool:
        """Return whether the password fits the hash, in the same time where there is none."""
        return await self._passwords.verify(stored, password, seated=True)


class Proof:
    """Asks for it, before what a stolen session must not be enough for."""

    def __init__(
        self, database: Database, check: PasswordCheck, throttle: Throttle, audit: Audit, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._check = check
        self._throttle = throttle
        self._audit = audit
        self._now = now

    async def require(self, by: Principal, stored: str | None, given: str | None, origin: Origin) -> None:
        """Raise unless the password given is theirs (`stored`: its hash) or, where none is given, the sign-in is young.

        InsufficientUserAuthentication; Invalid for a wrong password, TooManyAttempts (no session waits for what was
        guessed in another), HashQueueFull.
        """
        if given is None:
            by.require_young(self._now())
            return
        with self._check.seat():
            refused = self._audit.row("password-refused", by.user_id, origin, by)
            charge = await self._throttle.charge(
                "current-password", by.user_id, origin.address, device=by.session_id, told=(refused,)
            )
            if not await self._check.fits(by.user_id, stored, given):
                await self._database.write(refused)
                raise Invalid.field("#/current_password", "wrong", "This is not the current password.")
        if back := self._throttle.cleared(charge):
            await self._database.write(*back)
