"""The letters that go with what happens to an account, each in the transaction of the change it tells of."""

from noughts.kit.database import Write
from noughts.kit.fittings import Fittings
from noughts.kit.outbox import Letter
from noughts.kit.tokens import UserId
from noughts.users.model import addresses, letters
from noughts.users.model.accounts import Account
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.settings import UserSettings
from noughts.users.providers import Provider
from noughts.users.service.one_time import OneTimeTokens
from noughts.users.store import UserStore


class Correspondence:
    """Writes to people. Every method returns the writes that store the letter and what its link needs."""

    def __init__(
        self, store: UserStore, tokens: OneTimeTokens, provider: Provider, fittings: Fittings, settings: UserSettings
    ) -> None:
        self._accounts = store.accounts
        self._one_time = store.one_time
        self._tokens = tokens
        self._provider = provider
        self._outbox = fittings.outbox
        self._throttle = fittings.throttle
        self._settings = settings

    async def ration(self, account: Account) -> None:
        """Count a letter to an address nobody has proved to be theirs; raises TooManyAttempts past five an hour."""
        if account.unverified_email is not None:
            await self._throttle.ration("verification", addresses.key(account.unverified_email))

    async def verification(self, account: Account, *, ours: bool = False) -> tuple[Write, ...]:
        """Ask whether the unverified address is theirs; its owner is told instead when they have an account with it.

        Either way the same is written. Raises EmailTaken, unless addresses are concealed. A first address is asked about by
        the provider, if it writes letters; `ours`: it will not.
        """
        email = account.unverified_email
        if email is None:
            return ()
        known = await self._is_known(account, email)
        if known and not self._settings.conceals:
            raise EmailTaken.here()
        if self._provider.mailboxes and account.pending_email is None and not ours:
            return ()
        issued = self._tokens.issue(account.id, "verify", email)
        asked = letters.verification(email, account.username, issued.way)
        return *issued.rows, self._sent(letters.already_known(email) if known else asked, account.id)

    def recovery(self, account: Account, email: str) -> tuple[Write, ...]:
        """Send the way to a new password."""
        issued = self._tokens.issue(account.id, "recover", email)
        return *issued.rows, self._sent(letters.recovery(email, account.username, issued.way), account.id)

    async def changes(self, before: Account, after: Account) -> tuple[Write, ...]:
        """Tell everyone whom a change of address or password concerns; raises EmailTaken."""
        return (
            *await self._new_address(before, after),
            *(self._no_new_address(before) if before.pending_email and not after.pending_email else ()),
            *(self.new_password(after) if before.kind == "member" and after.epoch != before.epoch else ()),
        )

    def address_changed(self, before: Account, after: Account) -> tuple[Write, ...]:
        """Tell the old address that the new one holds, and end what was sent there for a new password."""
        if after.email == before.email or before.email is None:
            return ()
        letter = letters.email_changed(before.email, after.username)
        return *self._one_time.voided(after.id, "recover"), self._sent(letter, after.id)

    def address_restored(self, before: Account, after: Account) -> tuple[Write, ...]:
        """Tell somebody that their address is theirs again, or stays it; nothing sent elsewhere works any more."""
        about = letters.change_cancelled if after.epoch == before.epoch else letters.change_undone
        letter = self._sent(about(after.email or "", after.username), after.id)
        return *self._one_time.voided(after.id, "verify", "recover"), letter

    def new_password(self, after: Account) -> tuple[Write, ...]:
        """Tell somebody that their password is another now; nobody can recover the old account any more."""
        letter = letters.password_changed(after.email or "", after.username)
        return *self._one_time.voided(after.id, "recover"), *([self._sent(letter, after.id)] if after.email else [])

    def recovered(self, after: Account) -> tuple[Write, ...]:
        """Tell somebody that they have a new password; a change of address that waited is off."""
        return *self._one_time.voided(after.id, "verify"), *self.new_password(after)

    async def _new_address(self, before: Account, after: Account) -> tuple[Write, ...]:
        if after.email != before.email:
            return *self._one_time.voided(after.id, "recover"), *await self.verification(after)
        if after.pending_email is None or after.pending_email == before.pending_email or before.email is None:
            return ()
        undo = self._tokens.issue(after.id, "undo", before.email)
        letter = self._sent(letters.change_requested(before.email, after.username, undo.way), after.id)
        return *await self.verification(after), *undo.rows, letter

    def _no_new_address(self, before: Account) -> tuple[Write, ...]:
        letter = letters.change_cancelled(before.email or "", before.username)
        return *self._one_time.voided(before.id, "verify"), self._sent(letter, before.id)

    async def _is_known(self, account: Account, email: str) -> bool:
        """Return whether somebody else has that address, where the database does not judge it in the same write."""
        key = addresses.key(email)
        if account.email_key == key:
            return False
        return await self._accounts.identify(username_key=None, email_key=key) not in (None, account.id)

    def _sent(self, letter: Letter, user_id: UserId) -> Write:
        return self._outbox.row(letter, user_id)
