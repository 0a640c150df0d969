"""Browsers that show by a cookie whose they are (OWASP's device cookies): they wait for nobody else's guesses."""

import base64
import binascii
import hmac
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from noughts.kit.tokens import UserId

COOKIE: Final = "noughts-device"
KNOWN: Final = timedelta(days=365)
_ID: Final = 16
_SIGNED: Final = 2 * _ID + 8


class Browser(msgspec.Struct, frozen=True):
    """A browser somebody has signed in with."""

    id: str
    owner: UserId


class Browsers:
    """Gives cookies out and recognises them; nothing is stored."""

    def __init__(self, key: bytes, now: Callable[[], datetime]) -> None:
        self._key = key
        self._now = now

    def cookie(self, owner: UserId) -> str:
        """Return the cookie, good for a year, of a browser somebody has just signed in with."""
        issued = int(self._now().timestamp()).to_bytes(8, "big")
        signed = secrets.token_bytes(_ID) + uuid.UUID(owner).bytes + issued
        return base64.urlsafe_b64encode(signed + self._mac(signed)).decode().rstrip("=")

    def recognise(self, cookie: str) -> Browser | None:
        """Return the browser a cookie was given to, or nothing when it was not ours or is too old."""
        try:
            raw = base64.urlsafe_b64decode(cookie + "==")
        except (binascii.Error, ValueError):
            return None
        signed, mac = raw[:_SIGNED], raw[_SIGNED:]
        if not hmac.compare_digest(mac, self._mac(signed)):
            return None
        issued = datetime.fromtimestamp(int.from_bytes(signed[2 * _ID :], "big"), self._now().tzinfo)
        owner = UserId(str(uuid.UUID(bytes=signed[_ID : 2 * _ID])))
        return Browser(signed[:_ID].hex(), owner) if self._now() < issued + KNOWN else None

    def _mac(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, signed, "sha256")
