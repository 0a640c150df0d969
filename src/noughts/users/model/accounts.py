"""An account and its life: guest, member, deleted."""

import base64
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from noughts.kit.conditions import EntityTags
from noughts.kit.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from noughts.kit.tokens import Principal, Role, SessionId, UserId
from noughts.ports.users import Kind, Status
from noughts.users.model import addresses, names
from noughts.users.model.one_time import TokenInvalid


class LastAdministrator(Conflict):
    """Nobody else is an administrator who can sign in."""


class Account(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One row of `users`, in the order of its columns."""

    id: UserId
    username: str
    username_key: str
    username_skeleton: str
    email: str | None
    email_key: str | None
    email_verified_at: datetime | None
    pending_email: str | None
    password: str | None
    kind: Kind
    role: Role
    status: Status
    epoch: int
    spared_session_id: SessionId | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def etag(self) -> str:
        """The tag of the account as its owner sees it (the public view has one of its own)."""
        return f'"{self.version}-full"'

    @property
    def unverified_email(self) -> str | None:
        """The address that waits to be verified: a new one, or the only one."""
        return self.pending_email or (None if self.email_verified_at else self.email)

    @property
    def administers(self) -> bool:
        """Whether this is an administrator who can sign in."""
        return self.role == "admin" and self.status == "active"

    @property
    def public_etag(self) -> str:
        """The tag of what everybody may see."""
        return f'"{self.version}-public"'


class Named(msgspec.Struct, frozen=True):
    """A username that passed the rules, with its two keys."""

    username: str
    key: str
    skeleton: str

    @classmethod
    def check(cls, username: str) -> "Named":
        """Return the name and its keys; raises Invalid."""
        key = names.check(username)
        return cls(username, key, names.skeleton(key))


def guest(user_id: UserId, chance: bytes, at: datetime) -> Account:
    """Return a new guest under a reserved name made of 60 random bits."""
    username = "guest-" + base64.b32encode(chance).decode().lower()[:12]
    return _new(user_id, Named(username, username, username), "guest", at)


def member(user_id: UserId, change: "Change", at: datetime) -> Account:
    """Return a new member, the email not verified yet; raises Invalid unless all three are given."""
    account = changed(guest(user_id, b"", at), change, session_id=None, at=at)
    return msgspec.structs.replace(account, version=1)


def imported(user_id: UserId, name: Named, at: datetime) -> Account:
    """Return a member who was one elsewhere since then, with neither address nor password yet."""
    return _new(user_id, name, "member", at)


def _new(user_id: UserId, name: Named, kind: Kind, at: datetime) -> Account:
    return Account(
        id=user_id,
        username=name.username,
        username_key=name.key,
        username_skeleton=name.skeleton,
        email=None,
        email_key=None,
        email_verified_at=None,
        pending_email=None,
        password=None,
        kind=kind,
        role="player",
        status="active",
        epoch=1,
        spared_session_id=None,
        version=1,
        created_at=at,
        updated_at=at,
    )


class Change(msgspec.Struct, frozen=True):
    """What is to be different; nothing stands for unchanged. The password is hashed already, or kept elsewhere (`None`).

    `claims`: a new address is nobody else's from now on, not only once it is verified.
    """

    name: Named | None = None
    email: str | None = None
    password_hash: str | UnsetType | None = UNSET
    drops_pending_email: bool = False
    claims: bool = True


def changed(before: Account, change: Change, *, session_id: SessionId | None, at: datetime) -> Account:
    """Return the account after a change; a guest who gets all three becomes a member of the same id.

    A new password raises the epoch, which ends every session but the one that asked. Raises Invalid when a guest
    gets only some of the three, Forbidden for the computer's accounts.
    """
    _require_person(before)
    after = before
    if before.kind == "guest":
        if change.name is None or change.email is None or change.password_hash is UNSET:
            raise Invalid("A guest becomes a member by username, email and password together.")
        after = msgspec.structs.replace(after, kind="member")
    elif change.password_hash is not UNSET:
        after = msgspec.structs.replace(after, epoch=before.epoch + 1, spared_session_id=session_id)
    if change.name is not None:
        name = change.name
        after = msgspec.structs.replace(
            after, username=name.username, username_key=name.key, username_skeleton=name.skeleton
        )
    if change.password_hash is not UNSET:
        after = msgspec.structs.replace(after, password=change.password_hash)
    return _next(before, _readdressed(after, change), at)


def _readdressed(before: Account, change: Change) -> Account:
    """Return the account with a new address: at once for one never verified, else once the new one is."""
    after = msgspec.structs.replace(before, pending_email=None) if change.drops_pending_email else before
    if change.email is None or change.email == before.email:
        return after
    if before.email_verified_at is not None:
        return msgspec.structs.replace(after, pending_email=change.email)
    key = addresses.key(change.email) if change.claims else None
    return msgspec.structs.replace(after, email=change.email, email_key=key)


def verified(before: Account, email_key: str, at: datetime) -> Account:
    """Return the account whose owner reads that mailbox; raises TokenInvalid when it is not theirs, or was verified."""
    _require_present(before)
    pending = before.pending_email
    if pending is not None and addresses.key(pending) == email_key:
        return _next(before, _proved(before, pending, at), at)
    if before.email is None or before.email_verified_at is not None or addresses.key(before.email) != email_key:
        raise TokenInvalid
    return _next(before, _proved(before, before.email, at), at)


def undone(before: Account, email: str, at: datetime) -> Account:
    """Return the account with a change of its verified address called off or, if that was confirmed, taken back.

    Taking it back ends every session: somebody else may have asked for it. Raises TokenInvalid.
    """
    _require_present(before)
    if before.email == email:
        return _next(before, msgspec.structs.replace(before, pending_email=None), at)
    return _next(before, _ended(_proved(before, email, at)), at)


def recovered(before: Account, email_key: str, password_hash: str | None, at: datetime) -> Account:
    """Return the account with a new password, set by whoever reads its mailbox; every session is over.

    The address counts as verified. Raises TokenInvalid when it is another by now, or the account is not active.
    """
    email = require_recoverable(before, email_key)
    proved = _proved(before, email, before.email_verified_at or at)
    return _next(before, _ended(msgspec.structs.replace(proved, password=password_hash)), at)


def require_recoverable(account: Account, email_key: str) -> str:
    """Return the account's address; raises TokenInvalid unless it is active and this is the key it holds."""
    if account.email is None or account.status != "active" or account.email_key != email_key:
        raise TokenInvalid
    return account.email


def _proved(account: Account, email: str, at: datetime) -> Account:
    return msgspec.structs.replace(
        account, email=email, email_key=addresses.key(email), email_verified_at=at, pending_email=None
    )


def deleting(before: Account, at: datetime) -> Account:
    """Return the account as it waits for the worker that erases it, all its tokens over; raises Forbidden."""
    _require_person(before)
    return _next(before, _ended(msgspec.structs.replace(before, status="deleting")), at)


def with_role(before: Account, role: Role, at: datetime) -> Account:
    """Return the account in a role; tokens that say otherwise are over. Raises Invalid for guests, Forbidden."""
    _require_person(before)
    if role == before.role:
        return before
    if before.kind != "member":
        raise Invalid.field("#/role", "guest", "Only a member can be an administrator.")
    return _next(before, _ended(msgspec.structs.replace(before, role=role)), at)


def with_status(before: Account, status: Status, at: datetime) -> Account:
    """Return the account disabled or enabled again, all its tokens over; raises Forbidden for the computer's."""
    _require_person(before)
    if status == before.status:
        return before
    return _next(before, _ended(msgspec.structs.replace(before, status=status)), at)


def _ended(account: Account) -> Account:
    """Return the account with every token given out so far over."""
    return msgspec.structs.replace(account, epoch=account.epoch + 1, spared_session_id=None)


def _require_present(account: Account) -> None:
    if account.status == "deleting":
        raise TokenInvalid


def _require_person(account: Account) -> None:
    if account.kind == "computer":
        raise Forbidden("The computer stays as it is.")


def _next(before: Account, after: Account, at: datetime) -> Account:
    if after == before:
        return before
    return msgspec.structs.replace(after, version=before.version + 1, updated_at=at)


def require_visible(account: Account | None) -> Account:
    """Return the account; raises NotFound when there is none, or no longer."""
    if account is None or account.status == "deleting":
        raise NotFound("There is no such user.")
    return account


def require_control(by: Principal, user_id: UserId) -> None:
    """Raise Forbidden unless this is one's own account, or one is an administrator."""
    if by.user_id != user_id and not by.is_admin:
        raise Forbidden("This is someone else's account.")


def require_admin(by: Principal) -> None:
    """Raise Forbidden unless the caller is an administrator."""
    if not by.is_admin:
        raise Forbidden("This is for administrators.")


def require_met(account: Account | None, condition: EntityTags | None) -> Account:
    """Return an account in the state it is thought to be in.

    One that is gone raises NotFound, or PreconditionFailed where a state was named.
    """
    if condition is not None and (account is None or account.status == "deleting"):
        raise PreconditionFailed("There is no such user.")
    account = require_visible(account)
    require_match(account, condition)
    return account


def require_match(account: Account, condition: EntityTags | None) -> None:
    """Raise PreconditionFailed when the caller is thinking of another version."""
    if condition is not None and not condition.match(account.etag):
        raise PreconditionFailed("Read it again, then repeat your change.")
