"""Mailboxes that a user pool writes to: codes that prove an address, and codes for a new password."""

from typing import Final

from noughts.kit.cognito import (
    AddressTaken,
    AlreadyConfirmed,
    CodeRefused,
    NoSuchUser,
    NotConfirmed,
    PasswordUnfit,
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
            person = await self._pool.person(account.id)
            proved = person.email if person is not None and person.email_verified else None
            return proved is not None and addresses.key(proved) == account.email_key
        except (CodeRefused, NoSuchUser):
            raise TokenInvalid from None
        except AddressTaken:
            raise EmailTaken.here() from None
        return True

    async def write_again(self, account: Account) -> bool:
        """Send another code to prove the address by; return whether the pool does that for somebody."""
        try:
            await self._pool.resend(account.id)
        except AlreadyConfirmed:
            return False
        return True

    async def write_recovery(self, account: Account) -> None:
        """Send a code for a new password; to an address that was never proved, one to prove it first."""
        try:
            await self._pool.forgot(account.id)
        except NotConfirmed:
            await self.write_again(account)
        except (NoSuchUser, Refused):
            log.warning("recovery_unknown_to_the_pool", user=account.id)

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
