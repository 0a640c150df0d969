"""Coming back without the password: asking tells nobody anything, a worker decides, a letter brings the way in."""

import contextlib
from datetime import timedelta
from typing import Final

import msgspec

from noughts.kit import ids, sealing
from noughts.kit.audit import Origin
from noughts.kit.database import Write
from noughts.kit.errors import NotFound, Unavailable
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.revocation import Revocation
from noughts.users.model import accounts, addresses, secrets
from noughts.users.model.accounts import Account
from noughts.users.model.one_time import ByCode, Proof, TokenInvalid
from noughts.users.model.settings import UserSettings
from noughts.users.providers import Provider
from noughts.users.providers.mailboxes import Mailboxes
from noughts.users.service.correspondence import Correspondence
from noughts.users.service.one_time import OneTimeTokens, Outcome
from noughts.users.store import Request, UserStore

_POINTER: Final = "#/new_password"
_PADDED: Final = 4_096
"""Longer than any request can be, so that the length of a row tells nothing: 254 characters, and where they came from."""
_AT_ONCE: Final = 100
_WORTH_IT: Final = timedelta(minutes=30)
"""Whoever waited longer for a letter has asked again, or gone."""


class Asked(msgspec.Struct, frozen=True):
    """Who wants a new password, and where that was asked; kept sealed."""

    email: str
    origin: Origin


class Recovery:
    """The use cases of those who forgot their password. Besides the problems its methods name they raise Unavailable."""

    def __init__(
        self,
        store: UserStore,
        tokens: OneTimeTokens,
        mail: Correspondence,
        provider: Provider,
        fittings: Fittings,
        settings: UserSettings,
    ) -> None:
        self._accounts = store.accounts
        self._requests = store.requests
        self._one_time = store.one_time
        self._tokens = tokens
        self._mail = mail
        self._provider = provider
        self._mailboxes = provider.mailboxes
        self._fittings = fittings
        self._settings = settings
        self._key = sealing.derive(fittings.secret, "recovery requests")
        self._now = fittings.now

    async def ask(self, email: str, origin: Origin) -> None:
        """Take a request in, and look nothing up; raises Invalid for what is no address, TooManyAttempts past five an hour."""
        email = addresses.check(email)
        await self._fittings.throttle.ration("recovery", addresses.key(email))
        asked = msgspec.json.encode(Asked(email, msgspec.structs.replace(origin, device=origin.short_device)))
        sealed = sealing.seal(self._key, asked.ljust(_PADDED))
        await self._requests.add(Request(ids.new(), sealed, self._now()))

    async def answer(self) -> None:
        """Write to everyone who asked and has an account. To be called every second; may be run twice at once.

        Whom the provider cannot write to just now is written to later, and keeps nobody else waiting.
        """
        last, failed = None, None
        while waiting := await self._requests.oldest(_AT_ONCE, last):
            for request in waiting:
                try:
                    await self._answer(request)
                except Unavailable as problem:
                    failed = problem
            last = waiting[-1].id
        if failed is not None:
            raise failed

    async def confirm(self, proof: Proof, new_password: str, origin: Origin) -> None:
        """Set a new password, as the link or code allows, and end every session; nobody is signed in.

        Raises TokenInvalid, Invalid or a kind of it for the password, HashQueueFull. It is hashed only for a right one.
        """
        self._check(new_password)
        if self._mailboxes and isinstance(proof, ByCode):
            key = addresses.key(addresses.check(proof.email))
            account = await self._recoverable(key)
            if account is None or self._writes_to(account):
                await self._confirm(self._mailboxes, proof, account, new_password, origin)
                return
        token = await self._tokens.shown(proof, "recovery-refused", origin, "recover")
        account = await self._accounts.get(token.user_id)
        if account is not None:
            self._check(new_password, account.username, accounts.require_recoverable(account, token.email))
        password_hash = None if account is None else await self._provider.renew(account, new_password, _POINTER)
        await self._tokens.use(token, lambda before: self._recovered(before, token.email, password_hash, origin))
        log.info("password_recovered", user=token.user_id)

    async def _confirm(
        self, mailboxes: Mailboxes, proof: ByCode, account: Account | None, new_password: str, origin: Origin
    ) -> None:
        """Do the same by a code the provider sent; it is asked about nobody where none was sent that may still count."""
        key = addresses.key(addresses.check(proof.email))
        sent = account is not None and await self._tokens.was_sent_elsewhere(account.id, key)
        # Where nobody was written to, the name must not tell that it and the address are one person's.
        self._check(new_password, account.username if account is not None and sent else "", proof.email)
        user_id = account.id if account is not None and sent else None
        try:
            await mailboxes.recover(user_id, proof.code.replace(" ", ""), new_password, _POINTER)
        except TokenInvalid:
            meant = None if account is None else account.id
            await self._one_time.note(self._fittings.audit.row("recovery-refused", meant, origin))
            raise
        if user_id is None:
            raise TokenInvalid
        await self._tokens.settle(user_id, lambda before: self._recovered(before, key, None, origin))
        log.info("password_recovered", user=user_id)

    async def _answer(self, request: Request) -> None:
        """Answer one request, unless another process was faster."""
        plain = sealing.unseal(self._key, request.sealed)
        if plain is None:  # sealed under another secret: nobody can read it any more
            await self._requests.answer(request)
            return
        asked = msgspec.json.decode(plain, type=Asked)
        account = await self._recoverable(addresses.key(asked.email))
        user_id = None if account is None else account.id
        told = self._fittings.audit.row("recovery-requested", user_id, asked.origin)
        if account is not None and self._mailboxes and self._writes_to(account):
            await self._written_elsewhere(self._mailboxes, request, account, told)
            return
        mail = () if account is None or account.email is None else self._mail.recovery(account, account.email)
        if await self._requests.answer(request, *mail, told):
            log.info("recovery_answered", user=user_id)

    async def _written_elsewhere(self, mailboxes: Mailboxes, request: Request, account: Account, told: Write) -> None:
        """Have the provider send the way to a new password: once, whoever else is at it, and later where it cannot now."""
        if not await self._requests.answer(request, told):
            return
        try:
            sent = await mailboxes.write_recovery(account)
        except Unavailable:
            if self._now() < request.created_at + _WORTH_IT:
                await self._requests.add(request)
            raise
        if sent:
            with contextlib.suppress(NotFound):  # erased a moment ago
                await self._one_time.send(*self._tokens.sent_elsewhere(account.id, account.email or ""))
        log.info("recovery_answered", user=account.id)

    def _writes_to(self, account: Account) -> bool:
        """Return whether the provider sends somebody the way to a new password: to an address that was proved to be theirs.

        To another one our letter goes. A code of the provider's that proves it first would open the account, for a moment, to
        whoever registered with an address of somebody else.
        """
        return self._mailboxes is not None and account.email_verified_at is not None

    async def _recoverable(self, email_key: str) -> Account | None:
        """Return the active account that has this address, verified where addresses are concealed."""
        user_id = await self._accounts.identify(username_key=None, email_key=email_key)
        account = None if user_id is None else await self._accounts.get(user_id)
        if account is None or account.status != "active":
            return None
        return None if self._settings.conceals and account.email_verified_at is None else account

    def _check(self, password: str, username: str = "", email: str = "") -> None:
        shortest, breached = self._settings.password_min, self._fittings.breached
        self._provider.check(password, _POINTER)
        secrets.check(password, shortest=shortest, breached=breached, username=username, email=email, pointer=_POINTER)

    def _recovered(self, before: Account, email_key: str, password_hash: str | None, origin: Origin) -> Outcome:
        at = self._now()
        after = accounts.recovered(before, email_key, password_hash, at)
        ended = Revocation.of_user(before.id, after.epoch, at)
        told = self._fittings.audit.row("password-recovered", before.id, origin)
        return Outcome(after, (told, ended.row(), *self._mail.recovered(after)), ended)
