"""Mailboxes that a user pool writes to: codes that prove an address, and codes for a new password."""

import contextlib
from typing import Final

from noughts.kit.cognito import (
    AddressTaken,
    AddressUnfit,
    AlreadyConfirmed,
    CodeRefused,
    NoSuchUser,
    NotConfirmed,
    PasswordUnfit,
    Person,
    Pool,
    Refused,
)
from noughts.kit.errors import Invalid
from noughts.kit.logging import log
from noughts.kit.tokens import UserId
from noughts.ports.users import computer_id
from noughts.users.model import addresses
from noughts.users.model.accounts import Account
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.one_time import TokenInvalid

_NOBODY: Final = computer_id(1)
"""Whom the pool does not know, and is asked about where nobody is meant."""


class Mailboxes:
    """The letters of a pool. Every method raises Unavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def confirm(self, account: Account, code: str) -> bool:
        """Prove a member's first address by the code sent there; raises TokenInvalid, EmailTaken.

        Return whether it is proved: of somebody who has been confirmed already the pool takes no code. What was proved there
        and is not written down here, since we failed in between, needs none.
        """
        try:
            await self._pool.confirm(account.id, code)
        except AlreadyConfirmed:
            return await self._proved(account, at_once=False)
        except (CodeRefused, NoSuchUser):
            raise TokenInvalid from None
        except AddressTaken:
            raise EmailTaken.here() from None
        return await self._proved(account, at_once=True)

    async def write_again(self, account: Account) -> bool:
        """Send another code to prove the address by; return whether the pool does that for somebody."""
        try:
            await self._pool.resend(account.id)
        except AlreadyConfirmed:
            return False
        return True

    async def write_recovery(self, account: Account) -> bool:
        """Send a code for a new password to the address that is proved here; return whether the pool did.

        It may have another address, where a process died between it and our database: it would write to that one.
        """
        person = await self._pool.person(account.id)
        try:
            if person is not None and not (person.email_verified and _is_of(account, person)):
                await self._pool.set_email(account.id, account.email or "", verified=True)
            if person is not None:
                await self._pool.forgot(account.id)
                return True
        except (AddressTaken, AddressUnfit, NoSuchUser, NotConfirmed, Refused) as problem:
            log.warning("recovery_refused_by_the_pool", user=account.id, reason=type(problem).__name__)
            return False
        log.warning("recovery_unknown_to_the_pool", user=account.id)
        return False

    async def recover(self, user_id: UserId | None, code: str, password: str, pointer: str) -> None:
        """Set a new password by the code sent for it; raises TokenInvalid, Invalid for a password that cannot be kept.

        The pool is asked about nobody as well: it takes as long.
        """
        try:
            await self._pool.confirm_forgot(user_id or _NOBODY, code, password)
        except (CodeRefused, NoSuchUser, Refused):
            raise TokenInvalid from None
        except PasswordUnfit as problem:
            raise Invalid.field(pointer, "unfit", str(problem)) from None

    async def _proved(self, account: Account, *, at_once: bool) -> bool:
        """Return whether the address the pool holds for proved is the one here; if not, it is made to hold ours, as not proved.

        A code proves what it was sent to, and only the pool knows what that was: a guest may have tried to become a member with
        two addresses at once, or a change may have failed half done. `at_once`: emulators do not say that it is proved.
        """
        person = await self._pool.person(account.id)
        if person is None or account.email is None:
            return False
        if _is_of(account, person):
            return person.confirmed and (person.email_verified is not False if at_once else bool(person.email_verified))
        log.warning("pool_has_another_address", user=account.id)
        with contextlib.suppress(AddressTaken, AddressUnfit, NoSuchUser):
            await self._pool.set_email(account.id, account.email, verified=False)
        return False


def _is_of(account: Account, person: Person) -> bool:
    """Return whether the pool has the address that somebody has here."""
    return person.email is not None and addresses.key(person.email) == account.email_key
