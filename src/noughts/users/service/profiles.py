"""What people may do with accounts, and the near side of the `Users` port."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from noughts.kit import ids
from noughts.kit.broadcast import Broadcast
from noughts.kit.conditions import EntityTags
from noughts.kit.errors import Forbidden, Invalid, PreconditionFailed
from noughts.kit.idempotency import Idempotency, Once
from noughts.kit.logging import log
from noughts.kit.passwords import Passwords
from noughts.kit.revocation import Revocation, Revocations
from noughts.kit.times import rfc3339
from noughts.kit.tokens import Principal, UserId
from noughts.ports.users import Card, User
from noughts.users.model import accounts, addresses, names, secrets
from noughts.users.model.accounts import Account, Change
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.names import UsernameTaken
from noughts.users.model.wishes import Registration, Wish, checked
from noughts.users.store import KeyUsed, UserStore

CHANGED: Final = "users"
_GUEST_NAME_BYTES: Final = 8
_ANONYMOUS: Final = "anonymous"


class UserSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about accounts."""

    password_min: Annotated[
        int, Meta(description="Shortest password in characters; 15 for NIST single factor.", ge=8, le=64)
    ] = 8


class UserService:
    """The use cases of accounts. Besides the problems its methods name they raise Unavailable."""

    def __init__(
        self,
        store: UserStore,
        *,
        passwords: Passwords,
        revocations: Revocations,
        idempotency: Idempotency,
        broadcast: Broadcast,
        settings: UserSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._revocations = revocations
        self._idempotency = idempotency
        self._broadcast = broadcast
        self._settings = settings
        self._now = now

    def warm(self) -> None:
        """Load the tables of characters and addresses (a quarter of a second), so that nobody's first sign-up waits."""
        names.check("warm-up")
        addresses.key(addresses.check("warm@example.com"))

    async def register(self, wanted: Registration, key: str | None = None) -> Account:
        """Return the new member; the same one again for the same Idempotency-Key and body.

        Raises Invalid naming every member that breaks a rule, UsernameTaken, EmailTaken, HashQueueFull,
        IdempotencyKeyReused, IdempotencyInProgress.
        """
        once = None if key is None else self._idempotency.once(_ANONYMOUS, "POST /users", key, wanted)
        with self._idempotency.running(once):
            if once is not None and await self._idempotency.earlier(once) is not None:
                return await self._made(once)
            found = checked(wanted, shortest=self._settings.password_min)
            change = await self._hashed(found.name, found.email, found.password)
            account = accounts.member(UserId(ids.new()), change, self._now())
            try:
                await self._store.add(account, *self._idempotency.rows(once, account.id, account.id))
            except KeyUsed:  # in another process, a moment ago
                return await self._made(once)
            except (UsernameTaken, EmailTaken):  # the same, only that the names were found taken before the key was
                if once is None or await self._idempotency.earlier(once) is None:
                    raise
                return await self._made(once)
        log.info("user_registered", user=account.id)
        return account

    async def create_guest(self) -> User:
        """Return a new guest."""
        account = accounts.guest(UserId(ids.new()), os.urandom(_GUEST_NAME_BYTES), self._now())
        await self._store.add(account)
        log.info("guest_created", user=account.id)
        return view(account)

    async def account(self, user_id: UserId) -> Account:
        """Return an account that is there for others; raises NotFound."""
        return accounts.require_visible(await self._store.get(user_id))

    async def change(self, user_id: UserId, wish: Wish, by: Principal, condition: EntityTags | None) -> Account:
        """Return the account after its owner or an administrator changed it.

        Raises NotFound, Forbidden, InsufficientUserAuthentication, PreconditionFailed, Invalid, UsernameTaken,
        EmailTaken. Nothing is changed unless everything is.
        """
        before = await self._controlled(user_id, by, condition)
        found = checked(wish, shortest=self._settings.password_min, before=before)
        await self._require_proof(before, wish, by)
        change = await self._hashed(found.name, found.email, found.password)
        at = self._now()
        after = accounts.changed(before, change, session_id=by.session_id, at=at)
        if after is not before:
            ended = after.epoch != before.epoch
            await self._replace(
                before, after, Revocation.of_user(user_id, after.epoch, at, by.session_id) if ended else None
            )
            log.info("user_changed", user=user_id, by=by.user_id)
        return after

    async def delete(self, user_id: UserId, by: Principal, condition: EntityTags | None) -> None:
        """Mark an account for erasure; from now on it is gone for everyone, and its tokens are over.

        Raises NotFound, Forbidden, InsufficientUserAuthentication (guests may always), PreconditionFailed.
        """
        before = await self._controlled(user_id, by, condition)
        if before.kind != "guest" or by.user_id != user_id:
            accounts.require_young(by, self._now())
        at = self._now()
        after = accounts.deleting(before, at)
        await self._replace(before, after, Revocation.of_user(user_id, after.epoch, at))
        log.info("user_deletion_accepted", user=user_id, by=by.user_id)

    async def promote(self, username: str) -> Account:
        """Return the member of this name as an administrator; raises NotFound, Invalid. For operators only."""
        key = names.fold(username)
        before = accounts.require_visible(await self._store.by_username_key(key) if key else None)
        at = self._now()
        after = accounts.promoted(before, at)
        if after is not before:
            await self._replace(before, after, Revocation.of_user(after.id, after.epoch, at))
            log.info("user_promoted", user=after.id)
        return after

    async def page(self, after: str | None, limit: int) -> list[Account]:
        """Return accounts by age, from the one after `after` on. For operators only."""
        return await self._store.page(after, limit)

    async def user(self, user_id: UserId) -> User:
        """Return an account as its owner sees it; raises NotFound."""
        return view(await self.account(user_id))

    async def identify(self, identifier: str) -> UserId | None:
        """Return whose username or email this is, or nothing."""
        if "\0" in identifier:  # stands in nobody's, and PostgreSQL cannot even be asked
            return None
        if "@" in identifier:
            return await self._store.identify(username_key=None, email_key=addresses.key(identifier))
        return await self._store.identify(username_key=names.fold(identifier), email_key=None)

    async def cards(self, user_ids: Sequence[UserId]) -> dict[UserId, Card]:
        """Return the cards of those among at most 128 people who exist."""
        rows = await self._store.cards(user_ids) if user_ids else ()
        return {row.id: Card(id=row.id, username=row.username, kind=row.kind) for row in rows}

    async def _made(self, once: Once | None) -> Account:
        """Return what the very same call created before; raises NotFound when that is being deleted."""
        made = None if once is None else await self._idempotency.earlier(once)
        return accounts.require_visible(None if made is None else await self._store.get(UserId(made)))

    async def _controlled(self, user_id: UserId, by: Principal, condition: EntityTags | None) -> Account:
        """Return an account its caller may change, in the state it is thought to be in.

        One that is gone raises NotFound, or PreconditionFailed where a state was named.
        """
        accounts.require_control(by, user_id)
        account = await self._store.get(user_id)
        if condition is not None and (account is None or account.status == "deleting"):
            raise PreconditionFailed("There is no such user.")
        account = accounts.require_visible(account)
        accounts.require_match(account, condition)
        return account

    async def _require_proof(self, before: Account, wish: Wish, by: Principal) -> None:
        """Raise unless a change of email or password comes with the current password or a young sign-in."""
        if before.kind == "guest" or (wish.email is None and wish.password is None):
            return
        if by.user_id != before.id and wish.password is not None:
            raise Forbidden("Nobody sets another person's password.")
        if by.user_id != before.id or (wish.current_password is None and wish.password is None):
            accounts.require_young(by, self._now())
            return
        if wish.current_password is None:
            raise Invalid.field("#/current_password", "required", "A new password needs the current one.")
        if not await self._fits(before, wish.current_password):
            raise Invalid.field("#/current_password", "wrong", "This is not the current password.")

    async def _fits(self, account: Account, given: str) -> bool:
        return len(given) <= secrets.LONGEST and await self._passwords.verify(account.password, given)

    async def _hashed(self, name: accounts.Named | None, email: str | None, password: str | None) -> Change:
        return Change(name, email, None if password is None else await self._passwords.hash(password))

    async def _replace(self, before: Account, after: Account, ended: Revocation | None) -> None:
        await self._store.replace(before, after, ended)
        if ended is not None:
            self._revocations.apply(ended)
        self._broadcast.publish(CHANGED, after.id)


def view(account: Account) -> User:
    """Return an account as its owner and administrators see it."""
    return User(
        id=account.id,
        username=account.username,
        email=account.email,
        email_verified=account.email_verified_at is not None,
        pending_email=account.pending_email,
        kind=account.kind,
        role=account.role,
        status=account.status,
        created_at=rfc3339(account.created_at),
        updated_at=rfc3339(account.updated_at),
        version=account.version,
    )
