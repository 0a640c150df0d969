"""Refresh tokens: opaque to whoever holds one; to us each is surely ours and names its session.

So a used one needs no row to be known for ever: a session keeps the rows of twenty seconds, however long it lives.
"""

import base64
import binascii
import hmac
import secrets
import uuid
from typing import Final

from noughts.kit import sealing
from noughts.kit.tokens import SessionId

_ID: Final = 16
_SIGNED: Final = _ID + sealing.TOKEN_BYTES
_MAC: Final = 16


class RefreshTokens:
    """Makes tokens of 256 random bits, and tells those it made from others. What is stored of one is its digest."""

    def __init__(self, secret: bytes) -> None:
        self._key = sealing.derive(secret, "refresh tokens")

    def new(self, session_id: SessionId) -> str:
        """Return a new token of a session, URL-safe."""
        signed = uuid.UUID(session_id).bytes + secrets.token_bytes(sealing.TOKEN_BYTES)
        return base64.urlsafe_b64encode(signed + self._mac(signed)).decode().rstrip("=")

    def session_of(self, token: str) -> SessionId | None:
        """Return whose token this is or was; nothing unless it was made here, and is written as it was."""
        try:
            raw = base64.urlsafe_b64decode(token + "==")
        except (binascii.Error, ValueError):
            return None
        signed, mac = raw[:_SIGNED], raw[_SIGNED:]
        canonical = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        if not hmac.compare_digest(mac, self._mac(signed)) or canonical != token:
            return None
        return SessionId(str(uuid.UUID(bytes=signed[:_ID])))

    def _mac(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, signed, "sha256")[:_MAC]


def seal_successor(presented: str, successor: str) -> bytes:
    """Return a token sealed for whoever holds the one before it."""
    return sealing.seal(_successor_key(presented), successor.encode())


def unseal_successor(presented: str, sealed: bytes | None) -> str | None:
    """Return the token that was sealed for the holder of this one."""
    plain = None if sealed is None else sealing.unseal(_successor_key(presented), sealed)
    return None if plain is None else plain.decode()


def _successor_key(presented: str) -> bytes:
    return sealing.derive(presented.encode(), "successor")
