"""Who keeps the passwords of members: we do, or a pool of people elsewhere. Accounts are ours either way."""

from typing import TYPE_CHECKING, Protocol

from noughts.kit.tokens import UserId
from noughts.users.model.accounts import Account

if TYPE_CHECKING:
    from noughts.users.providers.mailboxes import Mailboxes


class Provider(Protocol):
    """Keeps passwords, and hears of what else it has to know. Every method raises Unavailable, and all but `enrol` may be repeated.

    It is told before our own database is: what it refuses does not happen, and what it took is done again where we fail.
    """

    mailboxes: "Mailboxes | None"
    """Where the first address of a member is proved, and new passwords are asked for; nothing: with us, by our own letters."""

    def check(self, password: str, pointer: str) -> None:
        """Raise Invalid for a password that cannot be kept here, whatever our own rules say."""

    async def enrol(self, account: Account, password: str) -> str | None:
        """Keep the password of a new member; return its hash, if it is to stand in our database.

        Raises Invalid, HashQueueFull, EmailTaken.
        """

    async def withdraw(self, account: Account) -> None:
        """Forget a new member whom the database did not take."""

    async def renew(self, account: Account, password: str, pointer: str) -> str | None:
        """Keep another password; return its hash, if it is to stand in our database. Raises Invalid, HashQueueFull."""

    async def readdress(self, before: Account, after: Account) -> None:
        """Hear of a change of address, or that it was verified; raises EmailTaken."""

    async def admit(self, account: Account) -> None:
        """Hear whether somebody may sign in, as the status of their account says."""

    async def remove(self, user_id: UserId) -> None:
        """Forget somebody."""
