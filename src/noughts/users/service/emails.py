"""Showing that a mailbox is one's own, and taking a change of address back."""

from noughts.kit.audit import Event, Origin
from noughts.kit.errors import Conflict, Forbidden
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import Principal, UserId
from noughts.users.model import accounts, addresses
from noughts.users.model.accounts import Account
from noughts.users.model.one_time import ByCode, OneTimeToken, Proof, TokenInvalid
from noughts.users.providers import Provider
from noughts.users.service.correspondence import Correspondence
from noughts.users.service.one_time import OneTimeTokens, Outcome
from noughts.users.store import UserStore


class NothingToVerify(Conflict):
    """There is no address that waits to be verified."""


class Emails:
    """The use cases of whoever reads a mailbox. Besides the problems its methods name they raise Unavailable."""

    def __init__(
        self, store: UserStore, tokens: OneTimeTokens, mail: Correspondence, provider: Provider, fittings: Fittings
    ) -> None:
        self._accounts = store.accounts
        self._one_time = store.one_time
        self._tokens = tokens
        self._mail = mail
        self._mailboxes = provider.mailboxes
        self._audit = fittings.audit
        self._now = fittings.now

    async def verify(self, proof: Proof, origin: Origin) -> None:
        """Take an address as its owner's, or a change of it back, as the link or code says; raises TokenInvalid, EmailTaken."""
        if isinstance(proof, ByCode) and await self._confirmed(proof, origin):
            return
        token = await self._tokens.shown(proof, "verification-refused", origin, "verify", "undo")
        if token.purpose == "undo":
            await self._tokens.use(token, lambda before: self._undone(before, token, origin), restore=True)
        else:
            await self._tokens.use(token, lambda before: self._verified(before, token.email, origin))
        log.info("email_change_undone" if token.purpose == "undo" else "email_verified", user=token.user_id)

    async def send_again(self, user_id: UserId, by: Principal) -> None:
        """Send a new link and code to the address that waits to be verified.

        Raises Forbidden, NotFound, NothingToVerify, TooManyAttempts past five letters an hour, EmailTaken.
        """
        if by.user_id != user_id:
            raise Forbidden("This is someone else's mailbox.")
        account = accounts.require_visible(await self._accounts.get(user_id))
        if account.unverified_email is None:
            raise NothingToVerify
        await self._mail.ration(account)
        first = account.pending_email is None
        if self._mailboxes and first and await self._mailboxes.write_again(account):
            return
        await self._one_time.send(*await self._mail.verification(account, ours=True))

    async def _unproved(self, email: str) -> Account | None:
        """Return whose first address this is, if it was not proved yet; raises Invalid for what is no address."""
        key = addresses.key(addresses.check(email))
        user_id = await self._accounts.identify(username_key=None, email_key=key)
        account = None if user_id is None else await self._accounts.get(user_id)
        return None if account is None or account.email_verified_at is not None else account

    async def _confirmed(self, proof: ByCode, origin: Origin) -> bool:
        """Take a first address as its owner's if the provider, which wrote to it, says so; return whether it does."""
        account = None if self._mailboxes is None else await self._unproved(proof.email)
        if self._mailboxes is None or account is None:
            return False
        try:
            if not await self._mailboxes.confirm(account, proof.code.replace(" ", "")):
                return False
        except TokenInvalid:
            await self._one_time.note(self._audit.row("verification-refused", account.id, origin))
            raise
        key = account.email_key or ""
        await self._tokens.settle(account.id, lambda before: self._verified(before, key, origin))
        log.info("email_verified", user=account.id)
        return True

    def _verified(self, before: Account, email_key: str, origin: Origin) -> Outcome:
        after = accounts.verified(before, email_key, self._now())
        event: Event = "email-verified" if after.email == before.email else "email-changed"
        told = self._audit.row(event, before.id, origin)
        return Outcome(after, (told, *self._mail.address_changed(before, after)))

    def _undone(self, before: Account, token: OneTimeToken, origin: Origin) -> Outcome:
        at = self._now()
        after = accounts.undone(before, token.email, at)
        told = self._audit.row("email-change-undone", before.id, origin)
        rows = (told, *self._mail.address_restored(before, after))
        if after.epoch == before.epoch:
            return Outcome(after, rows)
        ended = Revocation.of_user(before.id, after.epoch, at)
        return Outcome(after, (*rows, ended.row()), ended)
