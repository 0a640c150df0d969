"""Asking a user pool: each method is one call of Cognito, two where it says so.

Every method raises Unavailable where the pool cannot be asked within three seconds, has too much to do, or is set up wrong; the log
says which, and no password, code, token or address.
"""

import re
import unicodedata
from typing import Any, Final

from noughts.kit.cognito.answers import CodeWanted, Person, SignedIn
from noughts.kit.cognito.errors import (
    CodeRefused,
    NoSuchUser,
    NotConfirmed,
    PasswordUnfit,
    Refused,
    ResetRequired,
)
from noughts.kit.cognito.opening import app_client
from noughts.kit.cognito.settings import CognitoSettings, require_complete
from noughts.kit.errors import Unavailable
from noughts.kit.logging import log
from noughts.kit.metrics import Gauges

_LONGEST_PASSWORD: Final = 256
_PASSWORD: Final = re.compile(r"\S+")
_CODE: Final = re.compile(r"[0-9A-Za-z]{1,64}")
_TOTP_CODE: Final = re.compile("[0-9]{6}")
_SESSION: Final = range(20, 2_049)
_TOTP: Final = "SOFTWARE_TOKEN_MFA"


class Pool:
    """A user pool and one of its app clients. `user_id`s are ours, and the pool's `Username`s."""

    def __init__(self, chosen: CognitoSettings) -> None:
        """Take the settings; raises Refusal where they are incomplete, or the extra `cognito` is not installed."""
        require_complete(chosen)
        self._client = app_client(chosen)

    # Registration.

    async def sign_up(self, user_id: str, email: str, password: str) -> None:
        """Register somebody, to whom the pool then sends a code; raises UserExists, PasswordUnfit, AddressUnfit.

        Not to be repeated blindly: where nothing came back, `person` tells whether it was done. The pool takes an address twice
        until it is confirmed.
        """
        attributes = [{"Name": "email", "Value": email}]
        await self._client.anyone("SignUp", user_id, Password=_fit(password), UserAttributes=attributes)

    async def confirm(self, user_id: str, code: str) -> None:
        """Confirm the address of somebody who registered; raises CodeRefused, AlreadyConfirmed, AddressTaken.

        Nobody of that id: CodeRefused.
        """
        await self._client.anyone("ConfirmSignUp", user_id, ConfirmationCode=_of_a_code(code))

    async def resend(self, user_id: str) -> None:
        """Have the pool send another code to confirm; raises AlreadyConfirmed. Nobody of that id is fine."""
        try:
            await self._client.anyone("ResendConfirmationCode", user_id)
        except NoSuchUser:
            return

    # Sign-in.

    async def sign_in(self, user_id: str, password: str) -> SignedIn | CodeWanted:
        """Return that the password is right, or that a code is wanted besides; raises Refused, NotConfirmed, ResetRequired."""
        told = await self._by_password(user_id, password)
        if told.get("ChallengeName") == _TOTP:
            return CodeWanted(told["Session"])
        return await self._client.believed(told, user_id)

    async def answer(self, user_id: str, session: str, code: str) -> SignedIn:
        """Return that the code of the second factor is right, too; raises CodeRefused. `session` is of `sign_in`.

        ResetRequired where the pool wants a new password since.
        """
        if len(session) not in _SESSION or _TOTP_CODE.fullmatch(code) is None:
            raise CodeRefused
        responses = self._client.named(user_id) | {f"{_TOTP}_CODE": code}
        told = await self._client.ask(
            "RespondToAuthChallenge",
            ClientId=self._client.id,
            ChallengeName=_TOTP,
            Session=session,
            ChallengeResponses=responses,
        )
        return await self._client.believed(told, user_id)

    async def fits(self, user_id: str, password: str) -> bool:
        """Return whether this is the password of somebody, confirmed or not, with a second factor or without.

        Of somebody the pool wants a new password of, none fits.
        """
        try:
            told = await self._by_password(user_id, password)
        except NotConfirmed:
            return True
        except (Refused, ResetRequired):
            return False
        if told.get("ChallengeName") != _TOTP:
            await self._client.believed(told, user_id)
        return True

    # Passwords and addresses.

    async def forgot(self, user_id: str) -> None:
        """Have the pool send a code to recover by; nobody of that id is fine. Raises Refused where the pool sends them none.

        NotConfirmed: the pool knows no confirmed address to send it to; `resend` helps whoever never confirmed one.
        """
        try:
            await self._client.anyone("ForgotPassword", user_id)
        except NoSuchUser:
            return

    async def confirm_forgot(self, user_id: str, code: str, password: str) -> None:
        """Set a new password by the code of `forgot`; raises CodeRefused, PasswordUnfit. Unknown people: CodeRefused."""
        await self._client.anyone(
            "ConfirmForgotPassword", user_id, ConfirmationCode=_of_a_code(code), Password=_fit(password)
        )

    async def set_password(self, user_id: str, password: str) -> None:
        """Set a password for good; raises PasswordUnfit, NoSuchUser. May be repeated. Who was not confirmed is then."""
        await self._client.about("AdminSetUserPassword", user_id, Password=_fit(password), Permanent=True)

    async def set_email(self, user_id: str, email: str, *, verified: bool) -> None:
        """Set the address; raises AddressTaken where somebody else confirmed it, AddressUnfit, NoSuchUser. May be repeated."""
        attributes = {"email": email, "email_verified": "true" if verified else "false"}
        listed = [{"Name": name, "Value": value} for name, value in attributes.items()]
        await self._client.about("AdminUpdateUserAttributes", user_id, UserAttributes=listed)

    # People.

    async def person(self, user_id: str) -> Person | None:
        """Return what the pool holds about somebody; None: nobody of that id."""
        try:
            return _person(await self._client.about("AdminGetUser", user_id))
        except NoSuchUser:
            return None

    async def enable(self, user_id: str) -> None:
        """Let somebody sign in again. May be repeated; nobody of that id is fine."""
        await self._client.if_there("AdminEnableUser", user_id)

    async def disable(self, user_id: str) -> None:
        """Let somebody sign in no more. May be repeated; nobody of that id is fine."""
        await self._client.if_there("AdminDisableUser", user_id)

    async def sign_out(self, user_id: str) -> None:
        """End every session of somebody in the pool. May be repeated; nobody of that id is fine."""
        await self._client.if_there("AdminUserGlobalSignOut", user_id)

    async def delete(self, user_id: str) -> None:
        """Remove somebody from the pool. May be repeated; nobody of that id is fine."""
        await self._client.if_there("AdminDeleteUser", user_id)

    # The second factor.

    async def start_totp(self, access_token: str) -> str:
        """Return a new secret (Base32) for an authenticator; raises Refused where the token is over. Nothing counts yet."""
        return str((await self._client.ask("AssociateSoftwareToken", AccessToken=access_token))["SecretCode"])

    async def confirm_totp(self, access_token: str, user_id: str, code: str) -> None:
        """Take the new secret in use by its first code, and want a code at each sign-in from now on.

        Raises CodeRefused; Refused where the token is over, or not of this person. Two calls: where the second fails, the code of
        before is refused, and the next one completes it.
        """
        if _TOTP_CODE.fullmatch(code) is None:
            raise CodeRefused
        await self._client.require_of(access_token, user_id)
        told = await self._client.ask("VerifySoftwareToken", AccessToken=access_token, UserCode=code)
        if told.get("Status") != "SUCCESS":
            raise CodeRefused
        await self._client.ask(
            "SetUserMFAPreference", AccessToken=access_token, SoftwareTokenMfaSettings=_wanted(on=True)
        )

    async def remove_totp(self, user_id: str) -> None:
        """Want no code any more; raises NoSuchUser. May be repeated."""
        await self._client.about("AdminSetUserMFAPreference", user_id, SoftwareTokenMfaSettings=_wanted(on=False))

    # The process.

    async def ready(self) -> None:
        """Load what speaks to AWS (a third of a second), so that no request waits for it. May be left out, and repeated.

        Credentials that are missing are told of in the log, and looked for again.
        """
        await self._client.calls.open(signed=False)
        try:
            await self._client.calls.open(signed=True)
        except Unavailable:
            return

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        return self._client.calls.gauges()

    async def close(self) -> None:
        """Let go of the connections. May be repeated."""
        await self._client.calls.close()

    async def _by_password(self, user_id: str, password: str) -> dict[str, Any]:
        """Return the answer to a password that is right: tokens, or that a code is wanted."""
        if not 0 < len(password) <= _LONGEST_PASSWORD:
            raise Refused
        told = await self._client.ask(
            "InitiateAuth",
            ClientId=self._client.id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters=self._client.named(user_id) | {"PASSWORD": _normal(password)},
        )
        challenge = told.get("ChallengeName")
        if challenge == "NEW_PASSWORD_REQUIRED":
            raise ResetRequired
        if challenge not in (None, "", _TOTP):
            log.error("cognito_asks_for_what_is_not_known_here", challenge=challenge)
            raise Unavailable("The user pool asks for what is not known here.", retry_after=60)
        return told


def _normal(password: str) -> str:
    """Return the form in which hashes that moved into the pool were made: NFC, as everywhere here."""
    return unicodedata.normalize("NFC", password)


def _fit(password: str) -> str:
    """Return a new password as the pool is given it; raises PasswordUnfit for what it could not even be asked about."""
    found = _normal(password)
    if len(found) > _LONGEST_PASSWORD:
        raise PasswordUnfit(f"Passwords have at most {_LONGEST_PASSWORD} characters.")
    if _PASSWORD.fullmatch(found) is None:
        raise PasswordUnfit("Passwords have no spaces.")
    return found


def _of_a_code(code: str) -> str:
    if _CODE.fullmatch(code) is None:
        raise CodeRefused
    return code


def _wanted(*, on: bool) -> dict[str, bool]:
    return {"Enabled": on, "PreferredMfa": on}


def _person(told: dict[str, Any]) -> Person:
    attributes = {one["Name"]: one.get("Value", "") for one in told.get("UserAttributes", [])}
    return Person(
        enabled=told.get("Enabled", True),
        confirmed=told["UserStatus"] != "UNCONFIRMED",
        email=attributes.get("email"),
        email_verified=attributes["email_verified"] == "true" if "email_verified" in attributes else None,
        second_factor=_TOTP in told.get("UserMFASettingList", []),
        status=told["UserStatus"],
    )
