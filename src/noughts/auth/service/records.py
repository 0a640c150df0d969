"""What the other services ask about sign-ins: the near side of the `Auth` port."""

from collections.abc import Sequence

from noughts.auth.model import sessions
from noughts.auth.model.sessions import Session
from noughts.auth.providers import Provider
from noughts.auth.signing import Signer
from noughts.auth.store import AuthStore
from noughts.kit.fittings import Fittings
from noughts.kit.times import rfc3339
from noughts.kit.tokens import PublicKey, SessionId, UserId
from noughts.ports.auth import HELD_AT_ONCE, HeldProofs, HeldSession


class Records:
    """Tells what is kept. Every method raises Unavailable."""

    def __init__(self, store: AuthStore, provider: Provider, signer: Signer, fittings: Fittings) -> None:
        self._store = store
        self._provider = provider
        self._signer = signer
        self._now = fittings.now

    async def signed_in(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who have a session they could go on with. May be repeated."""
        now = self._now()
        return await self._store.sessions.signed_in(user_ids, now, now - sessions.IDLE) if user_ids else set()

    async def held_sessions(self, user_id: UserId, after: SessionId | None) -> list[HeldSession]:
        """Return at most 200 sessions kept of a person, the newest first, from the one after `after` on."""
        return [_told(session) for session in await self._store.sessions.held(user_id, after, HELD_AT_ONCE)]

    async def held_proofs(self, user_id: UserId) -> HeldProofs:
        """Return what else is kept about somebody's sign-ins."""
        totp = await self._store.second_factor.of(user_id)
        since = None if totp is None or totp.confirmed_at is None else rfc3339(totp.confirmed_at)
        state = await self._provider.state(user_id)
        return HeldProofs(
            second_factor=state.enabled,
            second_factor_since=since,
            recovery_codes_left=state.recovery_codes_left,
            known_addresses=[rfc3339(at) for at in await self._store.places.last_used(user_id)],
        )

    async def public_keys(self) -> list[PublicKey]:
        """Return the keys that tokens are checked with: the next, the active and the retired ones."""
        return self._signer.public_keys()


def _told(session: Session) -> HeldSession:
    return HeldSession(
        id=session.id,
        created_at=rfc3339(session.auth_time),
        last_used_at=rfc3339(session.last_used_at),
        expires_at=rfc3339(session.expires_at),
        address=session.address,
        device=session.device,
    )
