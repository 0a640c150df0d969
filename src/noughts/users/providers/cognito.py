"""Passwords in an Amazon Cognito user pool, under the ids of the accounts here."""

import contextlib
from collections.abc import Iterator
from typing import Final

from noughts.kit.cognito import (
    AddressTaken,
    AddressUnfit,
    AlreadyConfirmed,
    NoSuchUser,
    PasswordUnfit,
    Pool,
    UserExists,
)
from noughts.kit.errors import Invalid, NotFound, PreconditionFailed, Unavailable
from noughts.kit.logging import log
from noughts.kit.tokens import UserId
from noughts.users.model.accounts import Account
from noughts.users.model.addresses import EmailTaken
from noughts.users.providers.mailboxes import Mailboxes

_POINTER: Final = "#/password"


class Cognito:
    """The provider that asks a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.mailboxes: Mailboxes | None = Mailboxes(pool)

    def check(self, password: str, pointer: str) -> None:
        """Raise Invalid for a password with a space in it: the pool takes none."""
        if any(map(str.isspace, password)):
            raise Invalid.field(pointer, "characters", "A password has no spaces here.")

    async def enrol(self, account: Account, password: str) -> str | None:
        """Register a new member, to whom the pool sends a code; raises Invalid for a password its policy refuses."""
        with _translated(_POINTER):
            try:
                await self._pool.sign_up(account.id, account.email or "", password)
            except UserExists:  # our database failed after an earlier call: nobody has been a member of this id yet
                person = await self._pool.person(account.id)
                if person is not None and person.confirmed:  # or somebody has, for a moment
                    raise PreconditionFailed("Read it again, then repeat your change.") from None
                await self._pool.delete(account.id)
                await self._pool.sign_up(account.id, account.email or "", password)
        return None

    async def withdraw(self, account: Account) -> None:
        """Remove a new member whom the database did not take."""
        await self._pool.delete(account.id)

    async def renew(self, account: Account, password: str, pointer: str) -> str | None:
        """Set another password; raises Invalid for one the pool's policy refuses."""
        with _translated(pointer):
            await self._pool.set_password(account.id, password)
        return None

    async def readdress(self, before: Account, after: Account) -> None:
        """Set the address and whether it is verified; to one that is not the pool sends a code. Raises EmailTaken."""
        verified = after.email_verified_at is not None
        was = before.email, before.email_verified_at is not None
        if after.email is None or before.kind != "member" or was == (after.email, verified):
            return
        with _translated(_POINTER):
            await self._pool.set_email(after.id, after.email, verified=verified)
            if not verified:
                with contextlib.suppress(AlreadyConfirmed):
                    await self._pool.resend(after.id)

    async def admit(self, account: Account) -> None:
        """Let somebody sign in to the pool, or no more. Here they cannot in any case: a pool that is away stops nothing."""
        if account.status == "active":
            await self._pool.enable(account.id)
            return
        try:
            await self._pool.disable(account.id)
        except Unavailable:
            log.warning("pool_not_told_of_disabling", user=account.id)

    async def remove(self, user_id: UserId) -> None:
        """Remove somebody from the pool."""
        await self._pool.delete(user_id)


@contextlib.contextmanager
def _translated(pointer: str) -> Iterator[None]:
    """Raise what the pool refuses as what it means to people."""
    try:
        yield
    except PasswordUnfit as problem:
        raise Invalid.field(pointer, "unfit", str(problem)) from None
    except AddressUnfit:
        raise Invalid.field("#/email", "unfit", "The pool of people takes no such address.") from None
    except AddressTaken:
        raise EmailTaken.here() from None
    except NoSuchUser:
        raise NotFound("The pool of people has no such user.") from None
