"""What administrators do: find people, disable them, choose who else is one."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta

from noughts.kit.cursors import after_name, name_cursor
from noughts.kit.edge import Answer, Ask, NoQuery, Route
from noughts.kit.errors import InsufficientUserAuthentication, PreconditionFailed
from noughts.kit.passwords import HashQueueFull
from noughts.kit.throttling import TooManyAttempts
from noughts.kit.tokens import Role
from noughts.ports.users import User
from noughts.users.model.accounts import Account, LastAdministrator
from noughts.users.service import UserService
from noughts.users.service.directory import view
from noughts.users.store import Search


class UsersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who is listed: those whose names begin so, in this role, of this status."""

    username: Annotated[str, Meta(max_length=64)] = ""
    role: Role | None = None
    status: Literal["active", "disabled"] | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class UserList(msgspec.Struct, frozen=True):
    """Some people, by name, and the cursor of the next ones."""

    items: list[User]
    next: str | None


class SearchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose address this is, whole."""

    email: str


class StatusBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether somebody may sign in; one's own password stands for a young sign-in."""

    status: Literal["active", "disabled"]
    current_password: str | msgspec.UnsetType = UNSET


class RoleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody may do; one's own password stands for a young sign-in."""

    role: Role
    current_password: str | msgspec.UnsetType = UNSET


async def list_users(users: UserService, ask: Ask[None, UsersQuery]) -> Answer:
    query = ask.query
    wanted = Search(
        prefix=query.username,
        role=query.role,
        status=query.status,
        after=after_name(query.cursor),
        limit=query.limit,
    )
    found, last = await users.administration.search(wanted, ask.caller)
    return Answer(UserList([view(account) for account in found], name_cursor(last)))


async def search_users(users: UserService, ask: Ask[SearchBody, NoQuery]) -> Answer:
    found = await users.administration.by_email(ask.body.email, ask.caller)
    return Answer(UserList([view(account) for account in found], None))


async def set_status(users: UserService, ask: Ask[StatusBody, NoQuery]) -> Answer:
    return await _changed(users.administration.set_status, ask.body.status, ask)


async def set_role(users: UserService, ask: Ask[RoleBody, NoQuery]) -> Answer:
    return await _changed(users.administration.set_role, ask.body.role, ask)


async def _changed(
    change: Callable[..., Awaitable[Account]], to: str, ask: Ask[StatusBody, NoQuery] | Ask[RoleBody, NoQuery]
) -> Answer:
    password = None if ask.body.current_password is UNSET else ask.body.current_password
    account = await change(
        ask.user_id(), to, ask.caller, ask.origin, condition=ask.if_match(), current_password=password
    )
    return Answer(view(account), etag=account.etag)


_CHANGES: Final = (
    LastAdministrator, PreconditionFailed, InsufficientUserAuthentication, TooManyAttempts, HashQueueFull,
)  # fmt: skip

ROUTES: Final = (
    Route("GET", "/users", list_users, "List people by name. For administrators.", query=UsersQuery, answer=UserList),
    Route("POST", "/users/search", search_users, "Find whose email address it is. For administrators.", body=SearchBody,
          answer=UserList),
    Route("PUT", "/users/{user_id}/status", set_status, "Disable somebody, whose tokens end at once, or enable them again. For administrators.",
          body=StatusBody, answer=User, errors=_CHANGES, conditional=True),
    Route("PUT", "/users/{user_id}/role", set_role, "Make somebody an administrator, or a player again; their tokens end at once. For administrators.",
          body=RoleBody, answer=User, errors=_CHANGES, conditional=True),
)  # fmt: skip
