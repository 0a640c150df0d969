"""What is known to be somebody's: the addresses they signed in from, and browsers by a cookie (OWASP's device cookies)."""

import base64
import binascii
import hmac
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Final

from noughts.auth.store.places import PlaceStore
from noughts.kit import sealing
from noughts.kit.audit import Origin
from noughts.kit.database import Write
from noughts.kit.fittings import Fittings
from noughts.kit.tokens import UserId

ADDRESS_KNOWN: Final = timedelta(days=90)
COOKIE_KNOWN: Final = timedelta(days=365)
_ID: Final = 16
_SIGNED: Final = 2 * _ID + 8


class Devices:
    """Tells a person's own addresses and browsers from others, so that nobody's guesses keep them out."""

    def __init__(self, store: PlaceStore, fittings: Fittings) -> None:
        self._store = store
        self._place = fittings.throttle.place
        self._key = sealing.derive(fittings.secret, "device cookies")
        self._now = fittings.now

    async def knows(self, user_id: UserId, origin: Origin) -> bool:
        """Return whether this person has signed in from this address within 90 days."""
        since = self._now() - ADDRESS_KNOWN
        return await self._store.known(user_id, self._place(user_id, origin.address), since)

    def kept(self, user_id: UserId, origin: Origin) -> Write:
        """Return the write that belongs into the transaction of a sign-in: from now on its address is known."""
        return self._store.kept(user_id, self._place(user_id, origin.address), self._now())

    def cookie(self, user_id: UserId) -> str:
        """Return what a browser shows, for a year, to be one this person has signed in with."""
        issued = int(self._now().timestamp()).to_bytes(8, "big")
        signed = secrets.token_bytes(_ID) + uuid.UUID(user_id).bytes + issued
        return base64.urlsafe_b64encode(signed + self._mac(signed)).decode().rstrip("=")

    def device(self, cookie: str | None, user_id: UserId) -> str | None:
        """Return the id of the browser a cookie belongs to, or nothing unless it is one of this person's."""
        try:
            raw = base64.urlsafe_b64decode((cookie or "") + "==")
        except (binascii.Error, ValueError):
            return None
        signed, mac = raw[:_SIGNED], raw[_SIGNED:]
        if not hmac.compare_digest(mac, self._mac(signed)) or signed[_ID : 2 * _ID] != uuid.UUID(user_id).bytes:
            return None
        issued = datetime.fromtimestamp(int.from_bytes(signed[2 * _ID :], "big"), self._now().tzinfo)
        return signed[:_ID].hex() if self._now() < issued + COOKIE_KNOWN else None

    async def purge(self) -> None:
        """Forget addresses nobody has signed in from for 90 days."""
        await self._store.purge(self._now() - ADDRESS_KNOWN)

    def _mac(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, signed, "sha256")
