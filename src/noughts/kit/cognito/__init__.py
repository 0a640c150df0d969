"""An Amazon Cognito user pool: what may be asked of it, and what it may answer.

`Username` in the pool is the id of a person here, so that both mean the same one; the email address is an alias there. What speaks
to AWS is loaded with the first `Pool`, and is an extra: `pip install 'noughts[cognito]'`.
"""

from noughts.kit.cognito.answers import CodeWanted, Listed, Person, SignedIn
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
from noughts.kit.cognito.pool import Pool
from noughts.kit.cognito.settings import CognitoSettings, require_complete

__all__ = [
    "AddressTaken",
    "AddressUnfit",
    "AlreadyConfirmed",
    "CodeRefused",
    "CodeWanted",
    "CognitoSettings",
    "Listed",
    "NoSuchUser",
    "NotConfirmed",
    "PasswordUnfit",
    "Person",
    "Pool",
    "PoolProblem",
    "Refused",
    "ResetRequired",
    "SignedIn",
    "UserExists",
    "require_complete",
]
