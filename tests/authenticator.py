"""An authenticator as people carry it, and accounts that may have one."""

from datetime import datetime

import msgspec
import pyotp

from noughts.auth.model.second_factor import MfaRequired
from noughts.auth.service import Grant
from noughts.kit.tokens import Principal
from tests.services import HERE, PASSWORD, Services


class Authenticator:
    """Shows the code of its secret."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret)

    def shows(self, at: datetime, steps: int = 0) -> str:
        """Return its code at a time, or so many steps of 30 s later."""
        return self._totp.at(at, counter_offset=steps)


class Protected(msgspec.Struct, frozen=True):
    """A member with a second factor: who signed in to set it up, what shows the codes, and the recovery codes."""

    by: Principal
    authenticator: Authenticator
    recovery_codes: list[str]


async def protected(house: Services, username: str = "alice") -> Protected:
    """Return a new member who has set up a second factor, a minute ago."""
    await house.verified(username)
    by = await house.sign_in(username)
    setup = await house.auth.second_factor.start(by.user_id, None, by, HERE)
    authenticator = Authenticator(setup.secret)
    codes = await house.auth.second_factor.confirm(by.user_id, authenticator.shows(house.clock()), by, HERE)
    house.clock.forward(minutes=1)
    return Protected(by, authenticator, codes)


async def asked(house: Services, username: str = "alice", password: str = PASSWORD) -> str:
    """Give the right password; return the token of the sign-in that waits for a code."""
    try:
        await house.login(username, password)
    except MfaRequired as required:
        return str(required.members["mfa_token"])
    raise AssertionError("no second factor was asked for")


async def answer(house: Services, mfa_token: str, code: str) -> Grant:
    """Finish signing in."""
    return await house.auth.second_step.login(mfa_token, code, HERE)
