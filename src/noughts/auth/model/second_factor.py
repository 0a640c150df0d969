"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for the day it is lost."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final

import msgspec
import pyotp

from noughts.kit.errors import Conflict, Forbidden, Invalid, Unauthenticated
from noughts.kit.tokens import Principal, UserId
from noughts.ports.users import User

ISSUER: Final = "Noughts"
STEP_S: Final = 30
BEFORE_ANY_STEP: Final = -1
STARTED_FOR: Final = timedelta(minutes=15)
ASKED_FOR: Final = timedelta(minutes=5)
TRIES: Final = 5
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
_AROUND: Final = 1
_TOTP: Final = re.compile(r"[0-9]{6}")
_RECOVERY: Final = re.compile(r"[a-z2-7]{16}")
_BETWEEN: Final = re.compile(r"[\s-]+")


class MfaRequired(Unauthenticated):
    """The password is right; a code of the second factor is still needed."""

    facts: ClassVar[Mapping[str, str]] = {
        "mfa_token": "With `mfa-required`: what goes with a code to `/login/mfa`, within five minutes."
    }


class MfaRefused(Unauthenticated):
    """The code is wrong, out of date or used already."""


class InvalidMfaToken(Unauthenticated):
    """This sign-in can no longer be finished; begin again with the password."""


class EmailNotVerified(Conflict):
    """The email address is not verified yet."""


class TotpEnabled(Conflict):
    """The second factor is enabled already."""


class TotpNotStarted(Conflict):
    """There is no second factor to confirm, or it was started too long ago."""


class Totp(msgspec.Struct, frozen=True, array_like=True):
    """Somebody's authenticator, its secret sealed; `last_step` is that of the last code used."""

    user_id: UserId
    sealed: bytes
    confirmed_at: datetime | None
    last_step: int
    created_at: datetime

    @property
    def is_enabled(self) -> bool:
        """Whether signing in needs it."""
        return self.confirmed_at is not None


class Challenge(msgspec.Struct, frozen=True, array_like=True):
    """A sign-in that waits for its second factor: whose, of which epoch, and until when.

    `sealed` is what the provider wants to see again beside the code.
    """

    digest: str
    user_id: UserId
    epoch: int
    tries: int
    expires_at: datetime
    sealed: bytes | None


def require_own(by: Principal, user_id: UserId) -> None:
    """Raise Forbidden unless this is one's own account."""
    if by.user_id != user_id:
        raise Forbidden("Only its owner sets up a second factor.")


def require_verified(user: User) -> None:
    """Raise EmailNotVerified unless mail about the second factor reaches its owner."""
    if not user.email_verified:
        raise EmailNotVerified("A second factor needs a verified email address.")


def require_started(totp: Totp | None, at: datetime) -> Totp:
    """Return what waits to be confirmed; raises TotpEnabled, TotpNotStarted."""
    if totp is not None and totp.is_enabled:
        raise TotpEnabled
    if totp is None or at >= totp.created_at + STARTED_FOR:
        raise TotpNotStarted
    return totp


def require_open(challenge: Challenge | None, at: datetime) -> Challenge:
    """Return a sign-in that may still be finished; raises InvalidMfaToken."""
    if challenge is None or at >= challenge.expires_at or challenge.tries >= TRIES:
        raise InvalidMfaToken
    return challenge


def wrong_code() -> Invalid:
    """Return the problem of a code that confirms nothing."""
    return Invalid.field("#/code", "wrong", "This is not what the authenticator shows; is its clock right?")


def uri(secret: str, username: str) -> str:
    """Return the address an authenticator reads from a QR code (Key Uri Format)."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def step_of(secret: str, code: str, at: datetime, *, after: int) -> int | None:
    """Return the step a code is of: the current one, the one before or the next, but none up to `after`."""
    now = int(at.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret)
    steps = (now + away for away in range(-_AROUND, _AROUND + 1))
    return next((step for step in steps if step > after and totp.verify(code, for_time=step * STEP_S)), None)


def plain(code: str) -> str:
    """Return a code without the spaces, hyphens and capitals people write it with."""
    return _BETWEEN.sub("", code).lower()


def is_totp(code: str) -> bool:
    """Return whether a plain code has the form of an authenticator's."""
    return _TOTP.fullmatch(code) is not None


def is_recovery_code(code: str) -> bool:
    """Return whether a plain code has the form of a recovery code."""
    return _RECOVERY.fullmatch(code) is not None


def recovery_code(chance: bytes) -> str:
    """Return 80 random bits as four groups of four letters and digits."""
    text = base64.b32encode(chance).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
