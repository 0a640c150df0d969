"""What a user pool's errors mean. Some share a code and differ in their text alone."""

import re
from typing import Final

from noughts.kit.cognito.errors import (
    AddressTaken,
    AddressUnfit,
    AlreadyConfirmed,
    CodeRefused,
    NoSuchUser,
    NotConfirmed,
    PasswordUnfit,
    PoolProblem,
    Refused,
    ResetRequired,
    UserExists,
)
from noughts.kit.errors import Unavailable
from noughts.kit.logging import log

Rows = tuple[tuple[str, str, type[PoolProblem]], ...]
"""An error's code, a part of its text (empty: any), and what it means. The first that fits counts."""

_CODE: Final[Rows] = (
    ("CodeMismatchException", "", CodeRefused),
    ("ExpiredCodeException", "", CodeRefused),
    ("TooManyFailedAttemptsException", "", CodeRefused),
    ("LimitExceededException", "", CodeRefused),  # of this person's tries
    ("UserNotFoundException", "", CodeRefused),
)
_PASSWORD: Final[Rows] = (
    ("InvalidPasswordException", "", PasswordUnfit),
    ("PasswordHistoryPolicyViolationException", "", PasswordUnfit),
    ("InvalidParameterException", "password", PasswordUnfit),
)
_TOKEN: Final[Rows] = (("NotAuthorizedException", "", Refused), ("UserNotFoundException", "", Refused))
_UNKNOWN: Final[Rows] = (("UserNotFoundException", "", NoSuchUser),)
_ADDRESS: Final[Rows] = (
    ("AliasExistsException", "", AddressTaken),
    ("CodeDeliveryFailureException", "", AddressUnfit),
    ("InvalidParameterException", "email", AddressUnfit),
)
_MEANINGS: Final[dict[str, Rows]] = {
    "SignUp": (("UsernameExistsException", "", UserExists), *_PASSWORD, *_ADDRESS),
    "ConfirmSignUp": (
        ("AliasExistsException", "", AddressTaken),
        ("NotAuthorizedException", "current status is confirmed", AlreadyConfirmed),
        ("NotAuthorizedException", "", CodeRefused),
        *_CODE,
    ),
    "ResendConfirmationCode": (("InvalidParameterException", "already confirmed", AlreadyConfirmed), *_UNKNOWN),
    "InitiateAuth": (
        ("NotAuthorizedException", "", Refused),
        ("UserNotFoundException", "", Refused),
        ("InvalidPasswordException", "", Refused),  # cognito-local's word for it
        ("UserNotConfirmedException", "", NotConfirmed),
        ("PasswordResetRequiredException", "", ResetRequired),
    ),
    "RespondToAuthChallenge": (
        ("NotAuthorizedException", "", CodeRefused),
        ("InvalidParameterException", "session", CodeRefused),
        ("SoftwareTokenMFANotFoundException", "", CodeRefused),
        ("MFAMethodNotFoundException", "", CodeRefused),
        ("UserNotConfirmedException", "", CodeRefused),
        ("PasswordResetRequiredException", "", ResetRequired),
        *_CODE,
    ),
    "ForgotPassword": (
        ("InvalidParameterException", "verified", NotConfirmed),
        ("UserNotConfirmedException", "", NotConfirmed),
        ("NotAuthorizedException", "", Refused),
        ("LimitExceededException", "", Refused),  # of this person's letters
        ("CodeDeliveryFailureException", "", Refused),
        *_UNKNOWN,
    ),
    "ConfirmForgotPassword": (
        ("NotAuthorizedException", "", CodeRefused),
        ("UserNotConfirmedException", "", CodeRefused),
        *_CODE,
        *_PASSWORD,
    ),
    "AdminSetUserPassword": (*_PASSWORD, *_UNKNOWN),
    "AdminUpdateUserAttributes": (*_ADDRESS, *_UNKNOWN),
    "AssociateSoftwareToken": _TOKEN,
    "VerifySoftwareToken": (
        ("EnableSoftwareTokenMFAException", "", CodeRefused),
        ("CodeMismatchException", "", CodeRefused),
        *_TOKEN,
    ),
    "SetUserMFAPreference": _TOKEN,
}
_OUR_MISTAKE: Final = re.compile("secret", re.IGNORECASE)
_VALUE: Final = re.compile(r"Value '.*?' at '", re.DOTALL)
_POLICY: Final = "Password did not conform with policy: "


class Said(Exception):
    """The pool answered with an error."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(code)
        self.operation, self.code, self.message = operation, code, message

    def meaning(self) -> PoolProblem | Unavailable:
        """Return what that means; what nobody asking can help is told to the operator, and is Unavailable."""
        rows = () if self._is_our_mistake else _MEANINGS.get(self.operation, _UNKNOWN)
        for code, part, kind in rows:
            if code == self.code and part in self.message.lower():
                return kind(self.message.removeprefix(_POLICY)) if kind is PasswordUnfit else kind()
        if self.code == "LimitExceededException":  # so many letters an hour, for each person
            return Unavailable("The user pool sends no more letters just now.", retry_after=60)
        log.error("cognito_refused", operation=self.operation, code=self.code, reason=_without_values(self.message))
        return Unavailable("The user pool cannot be asked.", retry_after=5)

    @property
    def _is_our_mistake(self) -> bool:
        """Whether it is the app client's secret that is wrong, and nobody's password."""
        return self.code == "NotAuthorizedException" and _OUR_MISTAKE.search(self.message) is not None


def _without_values(message: str) -> str:
    """Return an error's text without what somebody typed."""
    return _VALUE.sub("Value at '", message)
