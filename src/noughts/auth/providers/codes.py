"""How the secrets of second factors are kept, and how what people type is held against them."""

import os
from collections.abc import Iterable
from datetime import datetime

import pyotp

from noughts.auth.model import second_factor
from noughts.auth.model.second_factor import Totp
from noughts.kit import sealing
from noughts.kit.tokens import UserId


class Codes:
    """Seals authenticators' secrets, each for its owner alone, and keeps no recovery code but as an HMAC."""

    def __init__(self, secret: bytes) -> None:
        self._sealing_key = sealing.derive(secret, "second factors")
        self._recovery_key = sealing.derive(secret, "recovery codes")

    def new_secret(self, user_id: UserId) -> tuple[str, bytes]:
        """Return a new authenticator's secret (160 bits in base32) and what is stored of it."""
        secret = pyotp.random_base32()
        return secret, sealing.seal(self._key_of(user_id), secret.encode())

    def step(self, totp: Totp, code: str, at: datetime) -> int | None:
        """Return the step this code is of, if its owner's authenticator shows it about now and it was not used yet."""
        secret = sealing.unseal(self._key_of(totp.user_id), totp.sealed)
        return None if secret is None else second_factor.step_of(secret.decode(), code, at, after=totp.last_step)

    def new_recovery_codes(self) -> list[str]:
        """Return ten new recovery codes."""
        chances = (os.urandom(second_factor.RECOVERY_BYTES) for _ in range(second_factor.RECOVERY_CODES))
        return [second_factor.recovery_code(chance) for chance in chances]

    def stored(self, user_id: UserId, codes: Iterable[str]) -> list[str]:
        """Return what is stored of somebody's recovery codes."""
        return [self.digest(user_id, second_factor.plain(code)) for code in codes]

    def digest(self, user_id: UserId, code: str) -> str:
        """Return what is stored of a recovery code: worthless without the key, and in anyone else's row."""
        return sealing.mac(self._recovery_key, f"{user_id} {code}")

    def _key_of(self, user_id: UserId) -> bytes:
        return sealing.derive(self._sealing_key, user_id)
