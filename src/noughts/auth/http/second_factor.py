"""How people set up a second factor, sign in with it and remove it."""

from typing import Final

import msgspec

from noughts.auth.model.second_factor import EmailNotVerified, TotpEnabled, TotpNotStarted
from noughts.auth.providers import State
from noughts.auth.service import AuthService
from noughts.auth.service.second_factor import Setup
from noughts.kit.edge import Answer, Ask, Limit, NoQuery, Route
from noughts.kit.errors import InsufficientUserAuthentication
from noughts.kit.passwords import HashQueueFull
from noughts.kit.throttling import TooManyAttempts


class StartBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The current password, unless the sign-in is younger than 15 minutes."""

    current_password: str | msgspec.UnsetType = msgspec.UNSET


class ConfirmBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the authenticator shows."""

    code: str


class RecoveryCodes(msgspec.Struct, frozen=True):
    """Ten codes, each good for one sign-in without the authenticator; shown this once."""

    recovery_codes: list[str]


async def get_totp(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await auth.second_factor.state(ask.user_id(), ask.caller))


async def start_totp(auth: AuthService, ask: Ask[StartBody, NoQuery]) -> Answer:
    given = ask.body.current_password
    password = None if isinstance(given, msgspec.UnsetType) else given
    return Answer(await auth.second_factor.start(ask.user_id(), password, ask.caller, ask.origin))


async def confirm_totp(auth: AuthService, ask: Ask[ConfirmBody, NoQuery]) -> Answer:
    codes = await auth.second_factor.confirm(ask.user_id(), ask.body.code, ask.caller, ask.origin)
    return Answer(RecoveryCodes(codes))


async def remove_totp(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    await auth.second_factor.remove(ask.user_id(), ask.caller, ask.origin)
    return Answer(status=204)


SETUP: Final = Limit("second-factor", 30, 60, per_user=True)
READING: Final = Limit("second-factor-state", 60, 60, per_user=True)
"""A user pool is asked each time, and answers a hundred and twenty a second of us all."""
_STARTS: Final = (EmailNotVerified, TotpEnabled, InsufficientUserAuthentication, TooManyAttempts, HashQueueFull)

ROUTES: Final = (
    Route("GET", "/users/{user_id}/totp", get_totp, "Read whether signing in takes a second factor.", answer=State,
          limit=READING),
    Route("POST", "/users/{user_id}/totp", start_totp, "Start to set up a second factor; nothing changes until it is confirmed.",
          body=StartBody, answer=Setup, errors=_STARTS, limit=SETUP),
    Route("POST", "/users/{user_id}/totp/confirm", confirm_totp, "Enable the second factor; every other session ends.",
          body=ConfirmBody, answer=RecoveryCodes, errors=(TotpEnabled, TotpNotStarted, TooManyAttempts)),
    Route("DELETE", "/users/{user_id}/totp", remove_totp, "Remove the second factor; every other session ends.",
          status=204, errors=(InsufficientUserAuthentication,)),
)  # fmt: skip
