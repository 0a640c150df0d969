"""What people may do with their accounts."""

import msgspec
from msgspec import UNSET

from noughts.kit.audit import Event, Origin
from noughts.kit.conditions import EntityTags
from noughts.kit.database import Write
from noughts.kit.errors import Forbidden, Invalid
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import Principal, UserId
from noughts.users.model import accounts
from noughts.users.model.accounts import Account, Change
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.names import UsernameTaken
from noughts.users.model.settings import UserSettings
from noughts.users.model.wishes import Checked, Wish, checked
from noughts.users.providers import Provider
from noughts.users.service.correspondence import Correspondence
from noughts.users.store import AccountStore


class Profiles:
    """The use cases of an account's owner. Besides the problems its methods name they raise Unavailable."""

    def __init__(
        self, store: AccountStore, mail: Correspondence, provider: Provider, fittings: Fittings, settings: UserSettings
    ) -> None:
        self._store = store
        self._mail = mail
        self._provider = provider
        self._fittings = fittings
        self._settings = settings
        self._now = fittings.now

    async def account(self, user_id: UserId) -> Account:
        """Return an account that is there for others; raises NotFound."""
        return accounts.require_visible(await self._store.get(user_id))

    async def change(
        self, user_id: UserId, wish: Wish, by: Principal, origin: Origin, condition: EntityTags | None = None
    ) -> Account:
        """Return the account after its owner or an administrator changed it.

        Raises NotFound, Forbidden, InsufficientUserAuthentication, PreconditionFailed, Invalid, UsernameTaken,
        EmailTaken, TooManyAttempts. Nothing is changed unless everything is.
        """
        before = await self._controlled(user_id, by, condition)
        shortest, breached = self._settings.password_min, self._fittings.breached
        found = checked(wish, shortest=shortest, breached=breached, before=before)
        if found.password is not None:
            self._provider.check(found.password, wish.pointer)
        await self._require_proof(before, wish, by, origin)
        after = self._decided(before, found, wish, by)
        if after is before:
            return before
        await self._ration(before, after)
        letters = await self._mail.changes(before, after)
        after = await self._kept(before, after, found.password, wish.pointer)
        ends = after.epoch != before.epoch
        ended = Revocation.of_user(user_id, after.epoch, self._now(), by.session_id) if ends else None
        rows = [self._fittings.audit.row(event, user_id, origin, by) for event in _events(before, after)]
        await self._replace(before, after, *rows, *letters, *([ended.row()] if ended else []))
        await self._fittings.account_changed(user_id, ended)
        log.info("user_changed", user=user_id, by=by.user_id)
        return after

    async def delete(self, user_id: UserId, by: Principal, origin: Origin, condition: EntityTags | None = None) -> None:
        """Mark an account for erasure; from now on it is gone for everyone, and its tokens are over.

        Raises NotFound, Forbidden, InsufficientUserAuthentication (guests may always), PreconditionFailed,
        LastAdministrator.
        """
        before = await self._controlled(user_id, by, condition)
        if before.kind != "guest" or by.user_id != user_id:
            by.require_young(self._now())
        at = self._now()
        after = accounts.deleting(before, at)
        ended = Revocation.of_user(user_id, after.epoch, at)
        told = self._fittings.audit.row("deletion-accepted", user_id, origin, by)
        store = self._store.replace_administrator if before.administers else self._store.replace
        await store(before, after, ended.row(), told)
        await self._fittings.account_changed(user_id, ended)
        log.info("user_deletion_accepted", user=user_id, by=by.user_id)

    def _decided(self, before: Account, found: Checked, wish: Wish, by: Principal) -> Account:
        """Return the account as it is to be, a new password not kept yet."""
        kept, claims = UNSET if found.password is None else before.password, not self._settings.conceals
        change = Change(found.name, found.email, kept, drops_pending_email=wish.drops_pending_email, claims=claims)
        return accounts.changed(before, change, session_id=by.session_id, at=self._now())

    async def _kept(self, before: Account, after: Account, password: str | None, pointer: str) -> Account:
        """Return the account once the provider knows a new password and address. Only now: nothing costs more."""
        if before.kind == "guest" and password is not None:
            if self._provider.mailboxes:
                await self._store.require_free(after)
            return msgspec.structs.replace(after, password=await self._provider.enrol(after, password))
        await self._provider.readdress(before, after)
        if password is None:
            return after
        return msgspec.structs.replace(after, password=await self._provider.renew(after, password, pointer))

    async def _replace(self, before: Account, after: Account, *rows: Write) -> None:
        try:
            await self._store.replace(before, after, *rows)
        except (UsernameTaken, EmailTaken):
            if before.kind == "guest":
                await self._provider.withdraw(after)
            raise

    async def _controlled(self, user_id: UserId, by: Principal, condition: EntityTags | None) -> Account:
        """Return an account its caller may change, in the state it is thought to be in.

        One that is gone raises NotFound, or PreconditionFailed where a state was named.
        """
        accounts.require_control(by, user_id)
        return accounts.require_met(await self._store.get(user_id), condition)

    async def _ration(self, before: Account, after: Account) -> None:
        """Count what makes us write to people, five times an hour each; raises TooManyAttempts."""
        ration = self._fittings.throttle.ration
        if after.unverified_email not in (None, before.unverified_email):
            await ration("verification", after.id)
            await self._mail.ration(after)
        if before.kind == "member" and before.epoch != after.epoch:
            await ration("password-change", after.id)

    async def _require_proof(self, before: Account, wish: Wish, by: Principal, origin: Origin) -> None:
        """Raise unless a change of email or password comes with the current password or a young sign-in."""
        if by.user_id != before.id and wish.password is not None:
            raise Forbidden("Nobody sets another person's password.")
        if before.kind == "guest" or (wish.email is None and wish.password is None):
            return
        if wish.password is not None and wish.current_password is None:
            by.require_young(self._now())
            raise Invalid.field("#/current_password", "required", "A new password needs the current one.")
        given = wish.current_password if by.user_id == before.id else None
        await self._fittings.proof.require(by, before.password, given, origin)


def _events(before: Account, after: Account) -> list[Event]:
    """Return what the change will be remembered as."""
    if after.kind != before.kind:
        return ["guest-became-member"]
    found: list[Event] = []
    if after.username != before.username:
        found.append("username-changed")
    if after.email != before.email:
        found.append("email-changed")
    if after.pending_email != before.pending_email:
        found.append("email-change-requested" if after.pending_email else "email-change-cancelled")
    if after.epoch != before.epoch:
        found.append("password-changed")
    return found
