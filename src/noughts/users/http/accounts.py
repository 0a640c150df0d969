"""What everybody may do with accounts: register, read, change, delete."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from noughts.kit.edge import Answer, Ask, Limit, NoQuery, Route, Who, not_modified
from noughts.kit.errors import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InsufficientUserAuthentication,
    PreconditionFailed,
)
from noughts.kit.passwords import HashQueueFull
from noughts.kit.throttling import TooManyAttempts
from noughts.ports.users import PublicUser, User
from noughts.users.model.accounts import LastAdministrator
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.names import UsernameTaken
from noughts.users.model.secrets import PasswordBreached, PasswordContextual
from noughts.users.model.wishes import Registration, Wish
from noughts.users.service import UserService
from noughts.users.service.directory import public_view, view

CHANGES: Final = Limit("changes", 30, 60, per_user=True)
REGISTRATION: Final = Limit("registration", 100, 3_600, network=Limit("registration-network", 1_000, 3_600))


class RegistrationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a new member sends."""

    username: str
    email: str
    password: str


class ChangeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to change; absent members stay as they are, `null` calls a change of address off."""

    username: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    password: str | UnsetType = UNSET
    current_password: str | UnsetType = UNSET
    pending_email: UnsetType | None = UNSET

    def wish(self) -> Wish:
        """Return what is wished for."""
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value not in (UNSET, None)}
        return Wish(**given, drops_pending_email=self.pending_email is None)


class PasswordBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The password as it is, and as it is to be."""

    current_password: str
    new_password: str


async def create_user(users: UserService, ask: Ask[RegistrationBody, NoQuery]) -> Answer:
    wanted = Registration(ask.body.username, ask.body.email, ask.body.password)
    account = await users.registrations.register(wanted, ask.origin, ask.idempotency_key())
    return Answer(view(account), 201, etag=account.etag, location=f"/users/{account.id}")


async def get_user(users: UserService, ask: Ask[None, NoQuery]) -> Answer:
    user_id, by = ask.user_id(), ask.caller
    account = await users.profiles.account(user_id)
    full = by.user_id == user_id or by.is_admin
    etag = account.etag if full else account.public_etag
    if ask.has(etag):
        return not_modified(etag)
    return Answer(view(account) if full else public_view(account), etag=etag)


async def change_user(users: UserService, ask: Ask[ChangeBody, NoQuery]) -> Answer:
    wish, condition = ask.body.wish(), ask.if_match()
    account = await users.profiles.change(ask.user_id(), wish, ask.caller, ask.origin, condition)
    return Answer(view(account), etag=account.etag)


async def patch_user(users: UserService, ask: Ask[ChangeBody, NoQuery]) -> Answer:
    return await change_user(users, ask)


async def change_password(users: UserService, ask: Ask[PasswordBody, NoQuery]) -> Answer:
    new, current = ask.body.new_password, ask.body.current_password
    wish = Wish(password=new, current_password=current, pointer="#/new_password")
    await users.profiles.change(ask.user_id(), wish, ask.caller, ask.origin)
    return Answer(status=204)


async def delete_user(users: UserService, ask: Ask[None, NoQuery]) -> Answer:
    await users.profiles.delete(ask.user_id(), ask.caller, ask.origin, ask.if_match())
    return Answer(status=204)


_CHANGES: Final = (
    UsernameTaken, EmailTaken, PasswordBreached, PasswordContextual, PreconditionFailed,
    InsufficientUserAuthentication, TooManyAttempts, HashQueueFull,
)  # fmt: skip
_CREATES: Final = (
    UsernameTaken, EmailTaken, PasswordBreached, PasswordContextual, IdempotencyKeyReused, IdempotencyInProgress,
    TooManyAttempts, HashQueueFull,
)  # fmt: skip
_PASSWORD: Final = (
    PasswordBreached, PasswordContextual, PreconditionFailed, InsufficientUserAuthentication, TooManyAttempts, HashQueueFull,
)  # fmt: skip
_MERGE: Final = ("application/merge-patch+json", "application/json")

ROUTES: Final = (
    Route("POST", "/users", create_user, "Create a user.", who=Who.ANYONE, body=RegistrationBody, answer=User,
          status=201, errors=_CREATES, limit=REGISTRATION, keyed=True),
    Route("GET", "/users/{user_id}", get_user, "Read a user; `me` is whoever asks. Others see the public part.",
          answer=(User, PublicUser), also=(304,), conditional=True),
    Route("PUT", "/users/{user_id}", change_user, "Change what is sent, leave the rest. A guest becomes a member.",
          body=ChangeBody, answer=User, errors=_CHANGES, conditional=True, limit=CHANGES),
    Route("PATCH", "/users/{user_id}", patch_user, "The same as PUT, as a JSON merge patch.",
          body=ChangeBody, answer=User, errors=_CHANGES, conditional=True, media_types=_MERGE,
          limit=CHANGES),
    Route("PUT", "/users/{user_id}/password", change_password, "Set a new password; every other session ends.",
          status=204, body=PasswordBody, errors=_PASSWORD, limit=CHANGES),
    Route("DELETE", "/users/{user_id}", delete_user, "Delete an account; its tokens end at once.",
          status=204, errors=(InsufficientUserAuthentication, PreconditionFailed, LastAdministrator), conditional=True),
)  # fmt: skip
