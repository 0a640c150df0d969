"""Access tokens as every service checks them: who is calling, proved by a signature, without asking anyone."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, NewType

import jwt
import msgspec

from noughts.kit.errors import InsufficientUserAuthentication, InvalidToken

UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
Role = Literal["player", "admin"]

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - RFC 9068
AUDIENCE: Final = "noughts"
LIFETIME_S: Final = 600
LEEWAY_S: Final = 30
YOUNG_S: Final = 900
_LONGEST: Final = 2_048
_CACHED: Final = 16_384
_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_JWS: Final = jwt.PyJWS()


class Principal(msgspec.Struct, frozen=True):
    """Who is calling, as their token proves it. Times are seconds since 1970."""

    user_id: UserId
    session_id: SessionId
    role: Role
    epoch: int
    auth_time: int
    issued_at: int
    expires_at: int

    @property
    def is_admin(self) -> bool:
        """Whether the caller may see and do what administrators may."""
        return self.role == "admin"

    def require_young(self, at: datetime) -> None:
        """Raise InsufficientUserAuthentication when the sign-in is older than 15 minutes (RFC 9470)."""
        if at.timestamp() - self.auth_time > YOUNG_S:
            challenge = f'Bearer error="insufficient_user_authentication", max_age="{YOUNG_S}"'
            headers = (("WWW-Authenticate", challenge),)
            raise InsufficientUserAuthentication("Sign in again, or give your current password.", headers=headers)


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The only header members a token may have: no `jku`, `jwk`, `x5u`, `crit`, `b64` or anything else."""

    alg: str
    kid: str
    typ: str


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token says (RFC 9068, with our session and epoch)."""

    iss: str
    aud: str
    sub: str
    iat: int
    exp: int
    jti: str
    sid: str
    auth_time: int
    role: Role
    epoch: int


class VerifyingKey(msgspec.Struct, frozen=True):
    """A public key, the one algorithm it may be used with, and until when (seconds since 1970) it signs."""

    key: Any
    algorithm: str
    until: float | None = None


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A verifying key on its way to another process, its public part as a JWK (RFC 7517)."""

    id: str
    algorithm: str
    jwk: dict[str, str]
    until: float | None


class Verifier:
    """Checks access tokens against the key that `key_of` finds for an id; remembers tokens by their bytes."""

    def __init__(
        self,
        key_of: Callable[[str], VerifyingKey | None],
        issuer: str,
        now: Callable[[], datetime],
        check: Callable[[Principal], None],
    ) -> None:
        self._key_of = key_of
        self._issuer = issuer
        self._now = now
        self._require_standing = check
        self._seen: dict[str, Principal] = {}

    def verify(self, token: str) -> Principal:
        """Return who is calling; raises InvalidToken for anything but a current token of ours that still stands.

        Expiry and revocation (`check`) are looked at every time; Unavailable when nobody knows what was revoked.
        """
        principal = self._seen.get(token)
        if principal is None:
            principal = self._check(token)
            if len(self._seen) >= _CACHED:
                del self._seen[next(iter(self._seen))]
            self._seen[token] = principal
        if self._now().timestamp() > principal.expires_at + LEEWAY_S:
            self._seen.pop(token, None)
            raise InvalidToken("The access token has expired.")
        self._require_standing(principal)
        return principal

    def _check(self, token: str) -> Principal:
        if len(token) > _LONGEST or _COMPACT.fullmatch(token) is None:
            raise InvalidToken
        try:
            head, payload, _ = (_decoded(part) for part in token.split("."))
            header = msgspec.json.decode(head, type=Header)
            known = self._key_of(header.kid)
            if known is None or header.alg != known.algorithm or header.typ != TOKEN_TYPE:
                raise InvalidToken
            _JWS.decode(token, known.key, algorithms=[known.algorithm])
            claims = msgspec.json.decode(payload, type=Claims)
        except (binascii.Error, ValueError, msgspec.MsgspecError, jwt.PyJWTError):
            raise InvalidToken from None
        if known.until is not None and claims.iat > known.until + LEEWAY_S:  # so a stolen key is of use no longer
            raise InvalidToken("The key it is signed with is retired.")
        return self._believed(claims)

    def _believed(self, claims: Claims) -> Principal:
        if claims.iss != self._issuer or claims.aud != AUDIENCE:
            raise InvalidToken
        if claims.iat > self._now().timestamp() + LEEWAY_S:
            raise InvalidToken("The access token is from the future.")
        if claims.exp - claims.iat > LIFETIME_S:  # it would outlive the memory of what was revoked
            raise InvalidToken
        return Principal(
            user_id=UserId(claims.sub),
            session_id=SessionId(claims.sid),
            role=claims.role,
            epoch=claims.epoch,
            auth_time=claims.auth_time,
            issued_at=claims.iat,
            expires_at=claims.exp,
        )


def _decoded(part: str) -> bytes:
    """Return the bytes of one part; raises ValueError unless this is the one way to write them."""
    plain = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(plain).rstrip(b"=").decode() != part:
        raise ValueError("not canonical base64url")
    return plain
