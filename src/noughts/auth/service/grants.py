"""What somebody gets who proved who they are: a session, and the tokens of it."""

import msgspec

from noughts.auth.model import sessions
from noughts.auth.model.sessions import Credentials, Session
from noughts.auth.service.devices import Devices
from noughts.auth.service.refresh_tokens import RefreshTokens
from noughts.auth.signing import Signer
from noughts.auth.store import SessionStore
from noughts.kit import ids, sealing
from noughts.kit.audit import Event, Origin
from noughts.kit.database import Write
from noughts.kit.errors import InvalidToken, NotFound
from noughts.kit.fittings import Fittings
from noughts.kit.tokens import LIFETIME_S, SessionId
from noughts.ports.users import User, Users


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody gets who proved who they are; durations in seconds. `device_cookie` is for browsers."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    user: User
    device_cookie: str | None = None


class Grants:
    """Opens sessions and signs access tokens for them."""

    def __init__(
        self,
        store: SessionStore,
        users: Users,
        signer: Signer,
        tokens: RefreshTokens,
        devices: Devices,
        fittings: Fittings,
    ) -> None:
        self._store = store
        self._users = users
        self._tokens = tokens
        self._signer = signer
        self._devices = devices
        self._audit = fittings.audit
        self._now = fittings.now

    async def open(
        self, credentials: Credentials, origin: Origin, event: Event, *rows: Write, factors: int = 1
    ) -> Grant:
        """Return a new session's tokens, its device known from now on, and write what belongs to it.

        Raises LoginFailed when the account changed meanwhile, or has a second factor and fewer than two were shown.
        """
        session = sessions.opened(SessionId(ids.new()), credentials, origin, self._now())
        told = self._audit.row(event, credentials.id, origin, session=session.id)
        rows = (told, self._devices.kept(credentials.id, origin), *rows)
        grant = await self._first(session, credentials, None, *rows, factors=factors)
        return msgspec.structs.replace(grant, device_cookie=self._devices.cookie(credentials.id))

    async def open_guest(self, credentials: Credentials, origin: Origin, user: User) -> Grant:
        """Return the tokens of a guest's only session; raises LoginFailed when the account changed meanwhile."""
        return await self._first(
            sessions.opened(SessionId(ids.new()), credentials, origin, self._now()), credentials, user
        )

    async def _first(
        self, session: Session, credentials: Credentials, user: User | None, *rows: Write, factors: int = 1
    ) -> Grant:
        refresh_token = self._tokens.new(session.id)
        await self._store.open(session, sealing.digest(refresh_token), *rows, factors=factors)
        return await self.next(session, credentials, refresh_token, user)

    async def next(
        self, session: Session, credentials: Credentials, refresh_token: str, user: User | None = None
    ) -> Grant:
        """Return a session's tokens, the access token newly signed; raises InvalidToken when their owner is gone."""
        now = self._now()
        claims = {
            "sub": session.user_id,
            "sid": session.id,
            "auth_time": int(session.auth_time.timestamp()),
            "role": credentials.role,
            "epoch": credentials.epoch,
        }
        return Grant(
            access_token=self._signer.sign(claims, now),
            expires_in=LIFETIME_S,
            refresh_token=refresh_token,
            refresh_expires_in=session.expires_in_s(now),
            user=user or await self._owner(session),
        )

    async def _owner(self, session: Session) -> User:
        try:
            return await self._users.user(session.user_id)
        except NotFound:  # deleted a moment ago
            raise InvalidToken("The account is gone.") from None
