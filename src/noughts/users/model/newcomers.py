"""People who move in from elsewhere: what a line about one of them may say, and who of them is here already."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta

from noughts.kit.errors import FieldError, Invalid
from noughts.kit.hashes import UnusableHash
from noughts.kit.tokens import Role, UserId
from noughts.users.model import accounts
from noughts.users.model.accounts import Account, Change, Named
from noughts.users.model.wishes import Wish, checked

ID: Final = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Newcomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One line: an account as it leaves one installation and enters another."""

    id: Annotated[str, Meta(pattern=ID)] | None = None
    username: str
    email: str | None = None
    email_verified: bool = False
    password_hash: str | None = None
    role: Role = "player"
    status: Literal["active", "disabled"] = "active"
    created_at: Annotated[datetime, Meta(tz=True)] | None = None


class Holder(msgspec.Struct, frozen=True, array_like=True):
    """Who holds what may be held once."""

    id: UserId
    username_key: str
    username_skeleton: str
    email: str | None
    email_key: str | None

    @classmethod
    def of(cls, account: Account) -> "Holder":
        """Return what an account holds."""
        return cls(account.id, account.username_key, account.username_skeleton, account.email, account.email_key)


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong in which line."""

    line: int
    detail: str


def account_of(
    given: Newcomer, new_id: UserId, *, claims: bool, usable: Callable[[str], None], at: datetime
) -> Account:
    """Return the account a line is about; raises Invalid naming everything that breaks a rule, those of registration first.

    `claims`: an address nobody verified is taken all the same; `usable` raises UnusableHash.
    """
    broken = list(_broken(given, usable, at))
    try:
        found = checked(Wish(username=given.username, email=given.email), shortest=0, breached=())
    except Invalid as problem:
        broken = [*problem.errors, *broken]
    if broken:
        raise Invalid(errors=tuple(broken))
    born = _milliseconds(given.created_at or at)
    name = found.name or Named.check(given.username)
    account = accounts.imported(UserId(given.id) if given.id else new_id, name, born)
    change = Change(
        None,
        found.email,
        UNSET if given.password_hash is None else given.password_hash,
        claims=claims or given.email_verified,
    )
    account = accounts.changed(account, change, session_id=None, at=at)
    verified_at = at if given.email_verified else None
    return msgspec.structs.replace(
        account, email_verified_at=verified_at, role=given.role, status=given.status, epoch=1, version=1
    )


def line_of(account: Account, *, with_hash: bool) -> Newcomer:
    """Return the line about an account."""
    return Newcomer(
        id=account.id,
        username=account.username,
        email=account.email,
        email_verified=account.email_verified_at is not None,
        password_hash=account.password if with_hash else None,
        role=account.role,
        status="disabled" if account.status == "disabled" else "active",
        created_at=account.created_at,
    )


def sorted_out(
    wanted: Iterable[tuple[int, Account]], holders: Iterable[Holder], *, by_id: bool = False
) -> tuple[list[Account], list[Complaint]]:
    """Return who is not here yet, and what keys are held by others: by those who are here, or in an earlier line.

    Whoever has the same name and the same address is the same person; `by_id`: also whoever has the same id.
    """
    here = {key: holder for holder in holders for key in _keys(holder)}
    new: list[Account] = []
    complaints: list[Complaint] = []
    for line, account in wanted:
        holder = Holder.of(account)
        same = here.get(("username", holder.username_key))
        if (same is not None and same.email == holder.email) or (by_id and ("id", holder.id) in here):
            continue
        taken = next((kind for kind, value in _keys(holder) if (kind, value) in here), None)
        if taken is not None:
            complaints.append(Complaint(line, f"{_MEMBERS[taken]}: {_TAKEN[taken]}"))
            continue
        new.append(account)
        here |= dict.fromkeys(_keys(holder), holder)
    return new, complaints


_MEMBERS: Final = {"username": "username", "skeleton": "username", "email": "email", "id": "id"}
_TAKEN: Final = {
    "username": "That username is taken.",
    "skeleton": "That username looks like one that is taken.",
    "email": "That email address is taken.",
    "id": "That id is taken.",
}


def _keys(holder: Holder) -> Iterator[tuple[str, str]]:
    yield "username", holder.username_key
    yield "skeleton", holder.username_skeleton
    if holder.email_key is not None:
        yield "email", holder.email_key
    yield "id", holder.id


def _broken(given: Newcomer, usable: Callable[[str], None], at: datetime) -> Iterator[FieldError]:
    if given.password_hash is not None:
        try:
            usable(given.password_hash)
        except UnusableHash as error:
            yield FieldError("#/password_hash", "unusable", str(error))
    elif given.email is None:
        yield FieldError("#/email", "required", "Without an address and without a password nobody could ever sign in.")
    if given.email_verified and given.email is None:
        yield FieldError("#/email_verified", "address", "There is no address that could be verified.")
    if given.created_at is not None and not _EARLIEST <= given.created_at <= at:
        yield FieldError("#/created_at", "time", "This lies in the future, or before 1970.")


def _milliseconds(moment: datetime) -> datetime:
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1_000 * 1_000)
