"""The far side of the `Auth` port: the Authentication Service over HTTP."""

from collections.abc import Sequence
from typing import Final

from noughts.kit.remote import Remote
from noughts.kit.tokens import PublicKey, SessionId, UserId
from noughts.ports.auth import HeldProofs, HeldSession

_SCOPE: Final = "auth:read"


class AuthClient:
    """Keeps the promises of `ports.auth.Auth` by asking another process."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def signed_in(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who have a session they could go on with."""
        if not user_ids:
            return set()
        body = {"user_ids": list(user_ids)}
        return await self._remote.ask("POST", "/internal/auth/signed-in", set[UserId], scope=_SCOPE, body=body)

    async def held_sessions(self, user_id: UserId, after: SessionId | None) -> list[HeldSession]:
        """Return at most 200 sessions kept of a person, the newest first, from the one after `after` on."""
        path = f"/internal/auth/people/{user_id}/sessions"
        return await self._remote.ask("POST", path, list[HeldSession], scope=_SCOPE, body={"after": after})

    async def held_proofs(self, user_id: UserId) -> HeldProofs:
        """Return what else is kept."""
        return await self._remote.ask("GET", f"/internal/auth/people/{user_id}/proofs", HeldProofs, scope=_SCOPE)

    async def public_keys(self) -> list[PublicKey]:
        """Return the keys that tokens are checked with."""
        return await self._remote.ask("GET", "/internal/auth/keys", list[PublicKey], scope=_SCOPE)
