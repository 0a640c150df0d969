"""What we write to people about what an administrator did."""

from typing import Final

from noughts.kit.outbox import Letter
from noughts.users.model.accounts import Account

_ASK: Final = "If you think that this is a mistake, write to the people who run this site."
_Notice = tuple[str, str, str]
_DISABLED: Final[_Notice] = (
    "account-disabled",
    "Your account was disabled",
    "An administrator has disabled your account. You are signed out everywhere and cannot sign in. Nothing of yours was deleted.",
)
_ENABLED: Final[_Notice] = (
    "account-enabled",
    "Your account is open again",
    "An administrator has enabled your account again. You can sign in as before.",
)
_ADMIN: Final[_Notice] = (
    "role-changed",
    "You are an administrator now",
    "You were made an administrator, and signed out everywhere: sign in again to see what is new.",
)
_PLAYER: Final[_Notice] = (
    "role-changed",
    "You are no longer an administrator",
    "You are a player like others now. You were signed out everywhere and can sign in as before.",
)


def of_change(before: Account, after: Account) -> Letter | None:
    """Return the letter about a new status or role; nothing for somebody without an address."""
    if after.email is None:
        return None
    if after.status != before.status:
        kind, subject, said = _DISABLED if after.status == "disabled" else _ENABLED
    else:
        kind, subject, said = _ADMIN if after.role == "admin" else _PLAYER
    return Letter(kind, after.email, subject, (f"Hello {after.username},", said), closing=(_ASK,))
