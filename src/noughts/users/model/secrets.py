"""What a password may be."""

from typing import Final

from noughts.kit.errors import Invalid

LONGEST: Final = 256


class PasswordContextual(Invalid):
    """The password is the username or the email address over again."""


def check(password: str, *, shortest: int, username: str, email: str, pointer: str = "#/password") -> str:
    """Return the password; raises Invalid or PasswordContextual.

    Lengths count code points; any character may stand in it, nothing is cut off, no composition is demanded.
    """
    if not shortest <= len(password) <= LONGEST:
        raise Invalid.field(pointer, "length", f"A password has {shortest} to {LONGEST} characters.")
    same = password.casefold()
    if same in {username.casefold(), email.casefold(), email.casefold().partition("@")[0]}:
        detail = "Choose a password that is not your username or email address."
        raise PasswordContextual(detail, errors=Invalid.field(pointer, "contextual", detail).errors)
    return password
