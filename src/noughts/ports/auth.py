"""What the other services may ask of the Authentication Service."""

from collections.abc import Sequence
from typing import Final, Protocol

from noughts.kit.tokens import UserId

ASKED_AT_ONCE: Final = 100


class Auth(Protocol):
    """The Authentication Service. Every method raises Unavailable when it cannot be asked."""

    async def signed_in(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who have a session they could go on with. May be repeated."""
