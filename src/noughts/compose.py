"""The program, wired by hand: read it from top to bottom. The only room that knows every other."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property
from typing import Final, Self

import msgspec

from noughts import VERSION
from noughts.auth import http as auth_http
from noughts.auth.service import AuthService, AuthSettings
from noughts.auth.store import AuthStore
from noughts.games import http as games_http
from noughts.games.service import GameService, Invites
from noughts.games.store import GameStore
from noughts.gateway import http as gateway_http
from noughts.gateway.app import Gateway
from noughts.gateway.limits import GatewaySettings, Limiter, no_limits
from noughts.gateway.metrics import Metrics
from noughts.gateway.web import Web
from noughts.kit import address, clock, directory, mail, sealing, settings
from noughts.kit.audit import OPERATOR
from noughts.kit.database import Database, schema
from noughts.kit.delivery import Delivery
from noughts.kit.edge import Admit, Entrance, Route, ServiceApp, Threshold
from noughts.kit.errors import Refusal
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.mail import Mailer, MailSettings
from noughts.kit.metrics import Requests
from noughts.kit.passwords import Hashing, Passwords
from noughts.kit.revocation import STALE_S
from noughts.kit.service_tokens import ServiceTokens
from noughts.kit.settings import Server
from noughts.kit.tokens import Verifier
from noughts.kit.workers import Work
from noughts.users import http as users_http
from noughts.users.model.wishes import Registration
from noughts.users.service import Exports, UserService, UserSettings
from noughts.users.store import UserStore

__all__ = ["OPERATOR", "TABLES", "House", "Registration", "Settings", "opened", "read_settings"]

TABLES: Final[dict[str, Sequence[Route]]] = {
    "Users": users_http.ROUTES,
    "Sign-in": auth_http.ROUTES,
    "Games": games_http.ROUTES,
    "Operations": gateway_http.ROUTES,
}


class Settings(msgspec.Struct, frozen=True):
    """Everything an operator may set."""

    server: Server
    users: UserSettings
    auth: AuthSettings
    gateway: GatewaySettings
    hashing: Hashing
    mail: MailSettings


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return what the environment says, or its defaults; raises Refusal."""
    return Settings(*settings.read(environ, *(field.type for field in msgspec.structs.fields(Settings))))


class House:
    """One process with every service in it: how each is made and what each is given."""

    def __init__(
        self,
        chosen: Settings,
        database: Database,
        secret: bytes,
        *,
        now: Callable[[], datetime] = clock.now,
        passwords: Passwords | None = None,
        chance: random.Random | None = None,
        mailer: Mailer | None = None,
    ) -> None:
        self.settings, self.database, self.now, self.requests = chosen, database, now, Requests()
        self._client = address.resolver(address.networks(chosen.gateway.trusted_proxies))
        hashing, self.limited = passwords or Passwords(chosen.hashing), chosen.gateway.rate_limits == "on"
        chance = chance or random.SystemRandom()
        self.fittings = kit = Fittings.on(
            database, secret, origin=chosen.server.origin, now=now, passwords=hashing, limited=self.limited
        )
        self.user_store, self.auth_store = UserStore(database), AuthStore(database)
        self.users = UserService(self.user_store, kit, chosen.users)
        self.auth = AuthService(self.auth_store, self.users.directory, kit, chosen.auth)
        self.verifier = Verifier(self.auth.signer.verifying, kit.origin, now, kit.revocations.check)
        self.games = GameService(
            GameStore(database),
            users=self.users.directory,
            idempotency=kit.idempotency,
            broadcast=kit.broadcast,
            invites=Invites(sealing.derive(secret, "invites"), chosen.server.origin),
            chance=chance,
            now=now,
        )
        self.users.exports = Exports(self.user_store, self.auth.records, self.games, kit)
        self.mailer = mailer or mail.mailer(chosen.mail, chosen.server.directory / "mails")
        self.delivery = Delivery(
            database, kit.outbox, self.mailer, sender=mail.sender(chosen.mail, kit.origin), chance=chance, now=now
        )
        self.requests.gauges |= self.delivery.gauges()
        self.service_tokens = ServiceTokens(sealing.derive(secret, "services"), now)

    async def ready(self) -> Self:
        """Load what sign-in needs from the database; raises Refusal, Unavailable."""
        await self.auth.keys.load()
        await self.fittings.revocations.read()
        return self

    def entrance(self) -> Entrance:
        """Return the entrance to the whole platform, once it is ready."""
        services = {"Users": self.users, "Sign-in": self.auth, "Games": self.games, "Operations": self._desk()}
        doors = [(routes, self.door(routes, services[name])) for name, routes in TABLES.items()]
        secure = self.fittings.origin.startswith("https:")
        return Threshold(Gateway(doors, Web()), self.requests, self._client, secure=secure)

    def door(self, routes: Sequence[Route], service: object) -> ServiceApp:
        """Return a service's own door."""
        verify, verify_service = self.verifier.verify, self.service_tokens.verify
        recognise = self.fittings.browsers.recognise
        return ServiceApp(
            routes, service, verify=verify, admit=self._admit, verify_service=verify_service, recognise=recognise
        )

    @cached_property
    def _admit(self) -> Admit:
        if self.limited:
            return Limiter().admit
        log.warning("limits_are_off", setting="NOUGHTS_RATE_LIMITS", consequence="anyone may guess passwords at will")
        return no_limits

    def admin(self) -> Entrance:
        """Return what only operators may see."""
        return Metrics(self.requests)

    def workers(self) -> list[Work]:
        """Return the work that comes round again, for as long as the process lives."""
        users, games = self.users.workers(self.games, self.auth.records), self.games.workers()
        return [*self.fittings.workers(), *self.delivery.workers(), *users, *self.auth.workers(), *games]

    def _desk(self) -> gateway_http.Desk:
        async def fresh() -> bool:
            return self.fittings.revocations.age_s < STALE_S

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
        await house.delivery.close()
        house.fittings.passwords.close()
    finally:
        await database.close()


async def _connect(server: Server) -> Database:
    """Return the database the settings name; each driver is loaded only where it is used."""
    if server.database:
        from noughts.kit.database.postgres import Postgres

        return await Postgres.open(server.database)
    from noughts.kit.database.sqlite import Sqlite

    return Sqlite(server.directory / "noughts.db")
