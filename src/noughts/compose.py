"""The program, wired by hand: read it from top to bottom. The only room that knows every other."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from starlette.types import ASGIApp

from noughts import VERSION
from noughts.auth import http as auth_http
from noughts.auth.service import AuthService, AuthSettings
from noughts.auth.signing import Signer
from noughts.auth.store import AuthStore
from noughts.games import http as games_http
from noughts.games.service import GameService, Invites
from noughts.games.store import GameStore
from noughts.gateway import http as gateway_http
from noughts.gateway.app import Gateway
from noughts.gateway.limits import GatewaySettings, Limiter, no_limits
from noughts.gateway.metrics import Metrics
from noughts.gateway.web import Web
from noughts.kit import address, clock, directory, sealing, settings
from noughts.kit.broadcast import Broadcast
from noughts.kit.database import Database, schema
from noughts.kit.edge import Route, ServiceApp, Threshold
from noughts.kit.errors import Refusal
from noughts.kit.idempotency import Idempotency
from noughts.kit.metrics import Requests
from noughts.kit.passwords import Hashing, Passwords
from noughts.kit.revocation import STALE_S, Revocations
from noughts.kit.service_tokens import ServiceTokens
from noughts.kit.settings import Server
from noughts.kit.tokens import Verifier
from noughts.kit.workers import every
from noughts.users import http as users_http
from noughts.users.model.wishes import Registration
from noughts.users.service import Erasure, UserService, UserSettings
from noughts.users.store import UserStore

__all__ = ["TABLES", "House", "Registration", "Settings", "opened", "read_settings"]

TABLES: Final[dict[str, Sequence[Route]]] = {
    "Users": users_http.ROUTES,
    "Sign-in": auth_http.ROUTES,
    "Games": games_http.ROUTES,
    "Operations": gateway_http.ROUTES,
}
_HOUR: Final = 3_600.0
_PENDING_S: Final = 5.0


class Settings(msgspec.Struct, frozen=True):
    """Everything an operator may set."""

    server: Server
    users: UserSettings
    auth: AuthSettings
    gateway: GatewaySettings
    hashing: Hashing


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return what the environment says, or its defaults; raises Refusal."""
    return Settings(*settings.read(environ, *(field.type for field in msgspec.structs.fields(Settings))))


class House:
    """One process with every service in it: how each is made and what each is given."""

    def __init__(self, chosen: Settings, database: Database, secret: bytes) -> None:
        self.settings, self.database, self.secret = chosen, database, secret
        self.requests, self.broadcast = Requests(), Broadcast()
        self.passwords = Passwords(chosen.hashing)
        self.revocations = Revocations(database, clock.now)
        self.idempotency = Idempotency(database, sealing.derive(secret, "idempotency"), clock.now)
        user_store = UserStore(database)
        self.users = UserService(
            user_store,
            passwords=self.passwords,
            revocations=self.revocations,
            idempotency=self.idempotency,
            broadcast=self.broadcast,
            settings=chosen.users,
            now=clock.now,
        )
        self.games = GameService(
            GameStore(database),
            users=self.users,
            idempotency=self.idempotency,
            broadcast=self.broadcast,
            invites=Invites(sealing.derive(secret, "invites"), chosen.server.origin),
            chance=random.SystemRandom(),
            now=clock.now,
        )
        self.erasure = Erasure(user_store, self.games, clock.now)

    async def app(self) -> ASGIApp:
        """Return the whole platform as one application; raises Refusal, Unavailable."""
        server, gateway = self.settings.server, self.settings.gateway
        auth_store, algorithm = AuthStore(self.database), self.settings.auth.signing_algorithm
        signer = await Signer.load(auth_store, self.secret, algorithm, server.origin, clock.now())
        self.auth = AuthService(auth_store, self.users, signer, self.passwords, self.revocations, clock.now)
        await self.revocations.read()
        verifier = Verifier(signer.verifying, server.origin, clock.now, self.revocations.check)
        services = ServiceTokens(sealing.derive(self.secret, "services"), clock.now)
        admit = no_limits if gateway.rate_limits == "off" else Limiter().admit

        def door(routes: Sequence[Route], service: object) -> ASGIApp:
            return ServiceApp(routes, service, verify=verifier.verify, admit=admit, verify_service=services.verify)

        auth, desk = door(auth_http.ROUTES, self.auth), door(gateway_http.ROUTES, self._desk())
        doors = {
            "users": door(users_http.ROUTES, self.users),
            **dict.fromkeys(("login", "guests", "token", "logout", ".well-known"), auth),
            "games": door(games_http.ROUTES, self.games),
            **dict.fromkeys(("healthz", "readyz", "openapi.json", "docs", "problems"), desk),
        }
        client = address.resolver(address.networks(gateway.trusted_proxies))
        return Threshold(Gateway(doors, Web()), self.requests, client, secure=server.origin.startswith("https:"))

    def admin(self) -> ASGIApp:
        """Return what only operators may see."""
        return Metrics(self.requests)

    def workers(self) -> list[Coroutine[Any, Any, None]]:
        """Return the work that comes round again, for as long as the process lives."""

        async def purge() -> None:
            await self.idempotency.purge()
            await self.revocations.forget()
            await self.auth.purge()

        async def warm() -> None:
            await asyncio.sleep(1.0)
            await asyncio.to_thread(self.users.warm)

        return [
            warm(),
            every(1.0, self.revocations.follow),
            every(_PENDING_S, self.erasure.sweep),
            every(_PENDING_S, self.games.answer_pending),
            every(_HOUR, purge),
        ]

    def _desk(self) -> gateway_http.Desk:
        async def fresh() -> bool:
            return self.revocations.age_s < STALE_S

        async def reachable() -> bool:
            return not await schema.is_behind(self.database)

        return gateway_http.Desk(TABLES, VERSION, {"database": reachable, "revocation feed": fresh})


@asynccontextmanager
async def opened(chosen: Settings, migrate: Callable[[Server], Awaitable[None]]) -> AsyncIterator[House]:
    """Open the data directory and the database, and put the house on them; raises Refusal, Unavailable.

    A database of our own, in the data directory, is brought up to date by `migrate`; a given one never is.
    """
    server = chosen.server
    directory.prepare(server.directory)
    secret = directory.secret(server.directory)
    database = await _connect(server)
    try:
        if await schema.is_behind(database):
            if server.database:
                raise Refusal("The database is behind this version of Noughts: run `noughts db migrate`.")
            await migrate(server)
        house = House(chosen, database, secret)
        yield house
        await house.games.close()
        house.passwords.close()
    finally:
        await database.close()


async def _connect(server: Server) -> Database:
    """Return the database the settings name; each driver is loaded only where it is used."""
    if server.database:
        from noughts.kit.database.postgres import Postgres

        return await Postgres.open(server.database)
    from noughts.kit.database.sqlite import Sqlite

    return Sqlite(server.directory / "noughts.db")
