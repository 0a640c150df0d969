"""Passwords in our own database, as hashes."""

from typing import TYPE_CHECKING

from noughts.kit.passwords import Passwords
from noughts.kit.tokens import UserId
from noughts.users.model.accounts import Account

if TYPE_CHECKING:
    from noughts.users.providers.mailboxes import Mailboxes


class Local:
    """The provider that asks nobody: what it is to hear stands in our own tables already."""

    mailboxes: "Mailboxes | None" = None

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    def check(self, password: str, pointer: str) -> None:
        """Take any password."""

    async def enrol(self, account: Account, password: str) -> str | None:
        """Return the hash of a new member's password; raises HashQueueFull."""
        return await self._passwords.hash(password)

    async def withdraw(self, account: Account) -> None:
        """Do nothing."""

    async def renew(self, account: Account, password: str, pointer: str) -> str | None:
        """Return the hash of a new password; raises HashQueueFull."""
        return await self._passwords.hash(password)

    async def readdress(self, before: Account, after: Account) -> None:
        """Do nothing."""

    async def admit(self, account: Account) -> None:
        """Do nothing."""

    async def remove(self, user_id: UserId) -> None:
        """Do nothing."""
