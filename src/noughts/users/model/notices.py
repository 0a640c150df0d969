"""What we write to people about what an administrator did."""

from typing import Final

from noughts.kit.outbox import Letter
from noughts.users.model.accounts import Account

_ASK: Final = "If you think that this is a mistake, answer the people who run this service."
_DISABLED: Final = "your account was disabled by an administrator. You are signed out everywhere and cannot sign in. Nothing of yours was deleted."
_ENABLED: Final = "your account was enabled again by an administrator. You can sign in as before."
_ADMIN: Final = "you are an administrator now: sign in again to see what is new."
_PLAYER: Final = "you are no longer an administrator. You were signed out everywhere and can sign in as before."


def of_change(before: Account, after: Account) -> Letter | None:
    """Return the letter about a new status or role; nothing for somebody without an address."""
    if after.email is None:
        return None
    if after.status != before.status:
        disabled = after.status == "disabled"
        kind, subject = (
            ("account-disabled", "Your account was disabled")
            if disabled
            else ("account-enabled", "Your account is open again")
        )
        return _letter(kind, after.email, subject, after.username, _DISABLED if disabled else _ENABLED)
    promoted = after.role == "admin"
    return _letter(
        "role-changed", after.email, "Your role was changed", after.username, _ADMIN if promoted else _PLAYER
    )


def _letter(kind: str, to: str, subject: str, username: str, said: str) -> Letter:
    return Letter(kind=kind, to=to, subject=subject, paragraphs=(f"Hello {username},", said), closing=(_ASK,))
