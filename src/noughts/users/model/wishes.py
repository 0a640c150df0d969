"""What people ask for, checked against every rule at once."""

from collections.abc import Callable, Container
from typing import ClassVar, TypeVar

import msgspec

from noughts.kit.errors import Invalid
from noughts.users.model import addresses, secrets
from noughts.users.model.accounts import Account, Named

Value = TypeVar("Value")


class Registration(msgspec.Struct, frozen=True):
    """What a new member gives."""

    pointer: ClassVar[str] = "#/password"

    username: str
    email: str
    password: str


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different about an account; nothing stands for unchanged.

    `pointer` is where in the request the password stands.
    """

    username: str | None = None
    email: str | None = None
    password: str | None = None
    current_password: str | None = None
    drops_pending_email: bool = False
    pointer: str = "#/password"


class Checked(msgspec.Struct, frozen=True):
    """What of it was given, in the form it is kept in (the password not hashed yet)."""

    name: Named | None
    email: str | None
    password: str | None


def checked(
    wish: Registration | Wish, *, shortest: int, breached: Container[str], before: Account | None = None
) -> Checked:
    """Return what was asked for; raises Invalid naming every member that breaks a rule.

    `shortest` is the least length of a password, `breached` those nobody may have; `before` is the account a password
    must not repeat the names of.
    """
    broken: list[Invalid] = []
    username = wish.username or (before.username if before else "")
    email = wish.email or (before.email if before else "") or ""
    found = Checked(
        _gather(broken, wish.username, Named.check),
        _gather(broken, wish.email, addresses.check),
        _gather(
            broken,
            wish.password,
            lambda password: secrets.check(
                password,
                shortest=shortest,
                breached=breached,
                username=username,
                email=email,
                pointer=wish.pointer,
            ),
        ),
    )
    if len(broken) == 1:
        raise broken[0]
    if broken:
        errors = tuple([error for problem in broken for error in problem.errors])
        raise Invalid("Some members break a rule.", errors=errors)
    return found


def _gather(broken: list[Invalid], given: str | None, check: Callable[[str], Value]) -> Value | None:
    if given is None:
        return None
    try:
        return check(given)
    except Invalid as problem:
        broken.append(problem)
        return None
