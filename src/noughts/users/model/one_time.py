"""Links and codes that show who reads a mailbox: each for one person, one address and one purpose, and once."""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from noughts.kit.errors import Invalid
from noughts.kit.tokens import UserId

Purpose = Literal["verify", "undo", "recover"]
LINK_LIVES: Final[dict[Purpose, timedelta]] = {
    "verify": timedelta(hours=24),
    "undo": timedelta(days=7),
    "recover": timedelta(minutes=30),
}
CODE_LIVES: Final = timedelta(minutes=10)
CODE_ELSEWHERE_LIVES: Final = timedelta(hours=1)
"""How long a provider's own code for a new password is good."""
CODE_DIGITS: Final = 8
MOST_TRIES: Final = 5


class TokenInvalid(Invalid):
    """That link or code does not work: it was used, has expired, was replaced by a newer one or never was."""


class OneTimeToken(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One row of `one_time_tokens`, in the order of its columns.

    `email` is the key of the address it was sent to; of a change that may be undone, the address to go back to.
    """

    id: str
    user_id: UserId
    purpose: Purpose
    email: str
    digest: str
    code_mac: str | None
    code_expires_at: datetime | None
    tries: int
    expires_at: datetime
    created_at: datetime

    def takes_code(self, at: datetime) -> bool:
        """Return whether a code may still be tried."""
        return self.code_expires_at is not None and at < self.code_expires_at and self.tries < MOST_TRIES


class Way(msgspec.Struct, frozen=True):
    """What a letter holds: a link, until when it works, and a code if there is one."""

    link: str
    until: datetime
    code: str | None = None


class ByLink(msgspec.Struct, frozen=True):
    """Somebody followed a link."""

    token: str


class ByCode(msgspec.Struct, frozen=True):
    """Somebody typed the code that was sent to an address."""

    email: str
    code: str


Proof = ByLink | ByCode


def proof(token: str | None, email: str | None, code: str | None) -> Proof:
    """Return what was sent to show it: a link's token, or an address and its code; raises Invalid otherwise."""
    if token is not None and email is None and code is None:
        return ByLink(token)
    if token is None and email is not None and code is not None:
        return ByCode(email, code)
    raise Invalid("Send either the token of the link, or the email address and the code.")
