"""Tokens by which services know each other: short-lived, of one narrow scope, worthless to and for people."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import jwt
import msgspec

from noughts.kit.errors import Forbidden, InvalidToken

_TYPE: Final = "service+jwt"
_AUDIENCE: Final = "noughts-services"
_LIFETIME_S: Final = 60
_ALGORITHM: Final = "HS256"


class _Claims(msgspec.Struct, frozen=True):
    scope: str
    exp: int


class ServiceTokens:
    """Signs and checks with a key that every service of one installation derives from the same secret."""

    def __init__(self, key: bytes, now: Callable[[], datetime]) -> None:
        self._key = key
        self._now = now

    def issue(self, scope: str) -> str:
        """Return a token good for one scope and one minute."""
        claims = {"aud": _AUDIENCE, "scope": scope, "exp": int(self._now().timestamp()) + _LIFETIME_S}
        return jwt.encode(claims, self._key, _ALGORITHM, headers={"typ": _TYPE})

    def verify(self, token: str, scope: str) -> None:
        """Raise InvalidToken unless it is a service's, Forbidden unless it is of this scope."""
        # Expiry is told by our own clock, the one the tokens are issued by.
        try:
            found = jwt.decode_complete(
                token, self._key, [_ALGORITHM], audience=_AUDIENCE, options={"verify_exp": False}
            )
            claims = msgspec.convert(found["payload"], _Claims)
        except (jwt.PyJWTError, msgspec.ValidationError):
            raise InvalidToken from None
        if found["header"].get("typ") != _TYPE or claims.exp < self._now().timestamp():
            raise InvalidToken
        if claims.scope != scope:
            raise Forbidden("This token is for something else.")
