"""The real services on a real database, wired as `compose` wires them, but with a clock that is moved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from noughts.auth.service import AuthService
from noughts.auth.signing import Algorithm, Signer
from noughts.auth.store import AuthStore
from noughts.games.service import GameService, Invites
from noughts.games.store import GameStore
from noughts.kit.broadcast import Broadcast
from noughts.kit.database import Database
from noughts.kit.edge import ServiceApp
from noughts.kit.idempotency import Idempotency
from noughts.kit.passwords import Hashing, Passwords
from noughts.kit.revocation import Revocations
from noughts.kit.service_tokens import ServiceTokens
from noughts.kit.tokens import Principal, UserId, Verifier
from noughts.users import http as users_http
from noughts.users.model.accounts import Account
from noughts.users.model.wishes import Registration
from noughts.users.service import Erasure, UserService, UserSettings
from noughts.users.store import UserStore
from tests.fakes import CHEAP, Clock

SECRET = b"s" * 32
ISSUER = "http://localhost:8000"
PASSWORD = "a proper secret"


class Services:
    """One process's worth of services. Several on one database behave as several processes do."""

    def __init__(self, database: Database, clock: Clock, passwords: Passwords) -> None:
        self.database, self.clock, self.passwords = database, clock, passwords
        self.revocations = Revocations(database, clock)
        self.idempotency = Idempotency(database, SECRET, clock)
        self.broadcast = Broadcast()
        self.user_store, self.auth_store = UserStore(database), AuthStore(database)
        self.users = UserService(
            self.user_store,
            passwords=passwords,
            revocations=self.revocations,
            idempotency=self.idempotency,
            broadcast=self.broadcast,
            settings=UserSettings(),
            now=clock,
        )
        self.games = GameService(
            GameStore(database),
            users=self.users,
            idempotency=self.idempotency,
            broadcast=self.broadcast,
            invites=Invites(SECRET, ISSUER),
            chance=Random(1),
            now=clock,
        )
        self.erasure = Erasure(self.user_store, self.games, clock)
        self.service_tokens = ServiceTokens(SECRET, clock)
        self.auth: AuthService
        self.verifier: Verifier

    async def sign_with(self, algorithm: Algorithm = "ES256") -> "Services":
        """Load or make the signing key, and with it sign-in and the check of access tokens."""
        signer = await Signer.load(self.auth_store, SECRET, algorithm, ISSUER, self.clock())
        self.auth = AuthService(self.auth_store, self.users, signer, self.passwords, self.revocations, self.clock)
        self.verifier = Verifier(signer.verifying, ISSUER, self.clock, self.revocations.check)
        await self.revocations.read()
        return self

    def users_app(self) -> ServiceApp:
        """Return the User Service's own door."""
        return ServiceApp(
            users_http.ROUTES,
            self.users,
            verify=self.verifier.verify,
            admit=lambda *_: None,
            verify_service=self.service_tokens.verify,
        )

    async def member(self, username: str = "alice") -> Account:
        """Return a new member whose password is `PASSWORD`."""
        return await self.users.register(Registration(username, f"{username}@example.com", PASSWORD))

    async def sign_in(self, username: str = "alice") -> Principal:
        """Return a member who has just signed in."""
        return self.verifier.verify((await self.auth.login(username, PASSWORD)).access_token)

    async def stored(self, user_id: UserId) -> Account:
        """Return an account's row."""
        account = await self.user_store.get(user_id)
        assert account is not None
        return account


@asynccontextmanager
async def services(database: Database, hashing: Hashing = CHEAP) -> AsyncIterator[Services]:
    """Put the services on a database for the length of a block."""
    passwords = Passwords(hashing)
    yield await Services(database, Clock(), passwords).sign_with()
    passwords.close()
