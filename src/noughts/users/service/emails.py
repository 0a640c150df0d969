"""Showing that a mailbox is one's own, and taking a change of address back."""

from noughts.kit.audit import Event, Origin
from noughts.kit.errors import Conflict, Forbidden
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import Principal, UserId
from noughts.users.model import accounts
from noughts.users.model.accounts import Account
from noughts.users.model.one_time import OneTimeToken, Proof
from noughts.users.service.correspondence import Correspondence
from noughts.users.service.one_time import OneTimeTokens, Outcome
from noughts.users.store import UserStore


class NothingToVerify(Conflict):
    """There is no address that waits to be verified."""


class Emails:
    """The use cases of whoever reads a mailbox. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, store: UserStore, tokens: OneTimeTokens, mail: Correspondence, fittings: Fittings) -> None:
        self._accounts = store.accounts
        self._one_time = store.one_time
        self._tokens = tokens
        self._mail = mail
        self._audit = fittings.audit
        self._now = fittings.now

    async def verify(self, proof: Proof, origin: Origin) -> None:
        """Take an address as its owner's, or a change of it back, as the link or code says; raises TokenInvalid, EmailTaken."""
        token = await self._tokens.shown(proof, "verification-refused", origin, "verify", "undo")
        if token.purpose == "undo":
            await self._tokens.use(token, lambda before: self._undone(before, token, origin), restore=True)
        else:
            await self._tokens.use(token, lambda before: self._verified(before, token, origin))
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
        await self._one_time.send(*await self._mail.verification(account))

    def _verified(self, before: Account, token: OneTimeToken, origin: Origin) -> Outcome:
        after = accounts.verified(before, token.email, self._now())
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
