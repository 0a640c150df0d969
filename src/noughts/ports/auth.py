"""What the other services may ask of the Authentication Service."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from noughts.kit.tokens import PublicKey, SessionId, UserId
from noughts.ports.users import Time

ASKED_AT_ONCE: Final = 100
HELD_AT_ONCE: Final = 200


class HeldSession(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in, as it is kept."""

    id: SessionId
    created_at: Time
    last_used_at: Time
    expires_at: Time
    address: str | None
    device: str | None


class HeldProofs(msgspec.Struct, frozen=True, kw_only=True):
    """What else is kept about somebody's sign-ins; never a secret, nor the digest of one.

    Known addresses are kept as digests: all that can be said is when each was last used.
    """

    second_factor: bool
    second_factor_since: Time | None
    recovery_codes_left: int
    known_addresses: list[Time]


class Auth(Protocol):
    """The Authentication Service. Every method raises Unavailable when it cannot be asked, and may be repeated."""

    async def signed_in(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who have a session they could go on with."""

    async def held_sessions(self, user_id: UserId, after: SessionId | None) -> list[HeldSession]:
        """Return at most 200 sessions kept of a person, the newest first, from the one after `after` on."""

    async def held_proofs(self, user_id: UserId) -> HeldProofs:
        """Return what else is kept."""

    async def public_keys(self) -> list[PublicKey]:
        """Return the keys that tokens are checked with: the next, the active and the retired ones."""
