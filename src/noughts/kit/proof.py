"""Proof that whoever asks is still the one who signed in: a young sign-in (RFC 9470), or the current password."""

from collections.abc import Callable
from datetime import datetime

from noughts.kit.audit import Audit, Origin
from noughts.kit.database import Database
from noughts.kit.errors import Invalid
from noughts.kit.passwords import Passwords
from noughts.kit.throttling import Throttle
from noughts.kit.tokens import Principal


class Proof:
    """Asks for it, before what a stolen session must not be enough for."""

    def __init__(
        self, database: Database, passwords: Passwords, throttle: Throttle, audit: Audit, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._throttle = throttle
        self._audit = audit
        self._now = now

    async def require(self, by: Principal, stored: str | None, given: str | None, origin: Origin) -> None:
        """Raise unless the password given fits the stored hash or, where none is given, the sign-in is young.

        InsufficientUserAuthentication; Invalid for a wrong password, TooManyAttempts (no session waits for what was
        guessed in another), HashQueueFull.
        """
        if given is None:
            by.require_young(self._now())
            return
        with self._passwords.seat():
            refused = self._audit.row("password-refused", by.user_id, origin, by)
            charge = await self._throttle.charge(
                "current-password", by.user_id, origin.address, device=by.session_id, told=(refused,)
            )
            if not await self._passwords.verify(stored, given, seated=True):
                await self._database.write(refused)
                raise Invalid.field("#/current_password", "wrong", "This is not the current password.")
        if back := self._throttle.cleared(charge):
            await self._database.write(*back)
