"""Becoming a member."""

from typing import Final

import msgspec

from noughts.kit import ids
from noughts.kit.audit import Origin
from noughts.kit.database import Write
from noughts.kit.fittings import Fittings
from noughts.kit.idempotency import Once
from noughts.kit.logging import log
from noughts.kit.tokens import UserId
from noughts.users.model import accounts
from noughts.users.model.accounts import Account, Change
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.names import UsernameTaken
from noughts.users.model.settings import UserSettings
from noughts.users.model.wishes import Registration, checked
from noughts.users.providers import Provider
from noughts.users.service.correspondence import Correspondence
from noughts.users.store import AccountStore, KeyUsed

_ANONYMOUS: Final = "anonymous"


class Registrations:
    """The use case of those who have no account yet."""

    def __init__(
        self, store: AccountStore, mail: Correspondence, provider: Provider, fittings: Fittings, settings: UserSettings
    ) -> None:
        self._store = store
        self._mail = mail
        self._provider = provider
        self._breached = fittings.breached
        self._idempotency = fittings.idempotency
        self._audit = fittings.audit
        self._settings = settings
        self._now = fittings.now

    async def register(self, wanted: Registration, origin: Origin, key: str | None = None) -> Account:
        """Return the new member; the same one again for the same Idempotency-Key and body.

        Raises Invalid naming every member that breaks a rule, UsernameTaken, EmailTaken, TooManyAttempts, HashQueueFull,
        IdempotencyKeyReused, IdempotencyInProgress, Unavailable.
        """
        once = None if key is None else self._idempotency.once(_ANONYMOUS, "POST /users", key, wanted)
        with self._idempotency.running(once):
            if once is not None and await self._idempotency.earlier(once) is not None:
                return await self._made(once)
            account = self._new(wanted)
            if self._settings.conceals:  # else an address is registered once
                await self._mail.ration(account)
            letter = await self._mail.verification(account)
            rows = *letter, *self._idempotency.rows(once, account.id, account.id)
            told = self._audit.row("user-registered", account.id, origin)
            try:
                account = await self._added(account, wanted.password, *rows, told)
            except KeyUsed:  # in another process, a moment ago
                return await self._made(once)
            except (UsernameTaken, EmailTaken):  # the same, only that the names were found taken before the key was
                if once is None or await self._idempotency.earlier(once) is None:
                    raise
                return await self._made(once)
        log.info("user_registered", user=account.id)
        return account

    def _new(self, wanted: Registration) -> Account:
        """Return the account as it is to be, its password not kept yet."""
        found = checked(wanted, shortest=self._settings.password_min, breached=self._breached)
        self._provider.check(wanted.password, wanted.pointer)
        change = Change(found.name, found.email, None, claims=not self._settings.conceals)
        return accounts.member(UserId(ids.new()), change, self._now())

    async def _added(self, account: Account, password: str, *rows: Write) -> Account:
        """Return the account, its password kept; raises UsernameTaken, EmailTaken, KeyUsed, and nothing is."""
        if self._provider.mailboxes:  # which would write to somebody who is not to be registered
            await self._store.require_free(account)
        kept = msgspec.structs.replace(account, password=await self._provider.enrol(account, password))
        try:
            await self._store.add(kept, *rows)
        except (UsernameTaken, EmailTaken, KeyUsed):
            await self._provider.withdraw(kept)
            raise
        return kept

    async def _made(self, once: Once | None) -> Account:
        """Return what the very same call created before; raises NotFound when that is being deleted."""
        made = None if once is None else await self._idempotency.earlier(once)
        return accounts.require_visible(None if made is None else await self._store.get(UserId(made)))
