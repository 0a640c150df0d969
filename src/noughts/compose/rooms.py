"""The program, wired by hand: each service is made where it runs; elsewhere it is asked over HTTP."""

import random
from collections.abc import Callable, Collection
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from noughts import VERSION
from noughts.auth.service import AuthService
from noughts.auth.store import AuthStore
from noughts.compose.identity import Identity
from noughts.compose.settings import PARTS, Part, Settings
from noughts.games.service import GameService, Invites
from noughts.games.store import GamesStore
from noughts.kit import broadcast, clock, mail, sealing
from noughts.kit.broadcast import Broadcast
from noughts.kit.database import Database
from noughts.kit.database.spans import traced_database
from noughts.kit.delivery import Delivery
from noughts.kit.fittings import Fittings
from noughts.kit.mail import Mailer
from noughts.kit.metrics import Requests
from noughts.kit.passwords import Passwords
from noughts.kit.published_keys import PublishedKeys
from noughts.kit.service_tokens import ServiceTokens
from noughts.kit.tokens import Verifier
from noughts.kit.tracing import Tracing
from noughts.ports.auth import Auth
from noughts.ports.games import Games
from noughts.ports.users import Users
from noughts.users.service import UserService
from noughts.users.store import UserStore

if TYPE_CHECKING:
    from noughts.compose.far import Far


class Rooms:
    """One process and the services that run in it. What is not asked for is never made."""

    def __init__(
        self,
        chosen: Settings,
        database: Database | None,
        secret: bytes,
        *,
        parts: Collection[Part] = PARTS,
        now: Callable[[], datetime] = clock.now,
        passwords: Passwords | None = None,
        chance: random.Random | None = None,
        mailer: Mailer | None = None,
    ) -> None:
        self.settings, self.parts, self.secret, self.now = chosen, parts, secret, now
        self._passwords, self._mailer = passwords, mailer
        self._chance = chance or random.SystemRandom()
        here = [part for part in PARTS if part in parts]
        self.requests = Requests(version=VERSION, services=" ".join(here))
        self.tracing = Tracing.to(chosen.server.traces, version=VERSION, name="-".join(("noughts", *here)))
        self.requests.gauges |= self.tracing.gauges()
        self._database = database and traced_database(database, self.tracing, chosen.server.database_address)
        self.identity = Identity(chosen.identity)
        self.service_tokens = ServiceTokens(sealing.derive(secret, "services"), now)
        self.limited = chosen.gateway.rate_limits == "on"

    # What the process has.

    @property
    def has_database(self) -> bool:
        """Whether this process has one: a gateway by itself does without."""
        return self._database is not None

    @property
    def database(self) -> Database:
        """The database, which a gateway by itself does without."""
        if self._database is None:
            raise AssertionError("this process has no database")
        return self._database

    @cached_property
    def fittings(self) -> Fittings:
        """The tools of the kit."""
        passwords = self._passwords or Passwords(self.settings.hashing)
        origin, limited = self.settings.server.origin, self.limited
        fittings = Fittings.on(
            self.database,
            self.secret,
            origin=origin,
            now=self.now,
            passwords=passwords,
            check=self.identity.check(passwords),
            broadcast=self.broadcast,
            limited=limited,
        )
        self.requests.gauges |= fittings.gauges() | self.database.gauges()
        return fittings

    @cached_property
    def broadcast(self) -> Broadcast:
        """The way of events between processes."""
        found = broadcast.chosen(self.settings.events, database=self.settings.server.database, secret=self.secret)
        self.requests.gauges |= found.gauges()
        return found

    @cached_property
    def mailer(self) -> Mailer:
        """What brings mail on its way."""
        return self._mailer or mail.mailer(self.settings.mail, self.settings.server.directory / "mails")

    @cached_property
    def delivery(self) -> Delivery:
        """The worker that sends what the services wrote."""
        sender = mail.sender(self.settings.mail, self.fittings.origin)
        return Delivery(
            self.database, self.fittings.outbox, self.mailer, sender=sender, chance=self._chance, now=self.now
        )

    # The services that may run here.

    @cached_property
    def user_store(self) -> UserStore:
        """The tables of accounts."""
        return UserStore(self.database)

    @cached_property
    def users(self) -> UserService:
        """The User Service."""
        provider = self.identity.of_users(self.fittings.passwords)
        return UserService(self.user_store, provider, self.fittings, self.settings.users)

    @cached_property
    def auth_store(self) -> AuthStore:
        """The tables of sign-in."""
        return AuthStore(self.database)

    @cached_property
    def auth(self) -> AuthService:
        """The Authentication Service."""
        provider = self.identity.of_auth(self.auth_store, self.users_port, self.fittings)
        return AuthService(self.auth_store, self.users_port, provider, self.fittings, self.settings.auth)

    @cached_property
    def games(self) -> GameService:
        """The Game Service."""
        invites = Invites(sealing.derive(self.secret, "invites"), self.fittings.origin)
        return GameService(
            GamesStore(self.database), self.users_port, invites, self.fittings, self._chance, self.settings.games
        )

    # The same as the others see them: near, or far.

    @cached_property
    def users_port(self) -> Users:
        """The User Service, near or far."""
        return self.users.directory if "users" in self.parts else self.far.users()

    @cached_property
    def auth_port(self) -> Auth:
        """The Authentication Service, near or far."""
        return self.auth.records if "auth" in self.parts else self.far.auth()

    @cached_property
    def games_port(self) -> Games:
        """The Game Service, near or far."""
        return self.games if "games" in self.parts else self.far.games()

    @cached_property
    def far(self) -> "Far":
        """The ways to the services that run elsewhere."""
        from noughts.compose.far import Far

        return Far(self.settings.neighbours, self.service_tokens.issue)

    # Who is calling.

    @cached_property
    def published_keys(self) -> PublishedKeys:
        """The keys of access tokens, where they are made elsewhere."""
        return PublishedKeys(self.auth_port.public_keys)

    @cached_property
    def verifier(self) -> Verifier:
        """What checks access tokens."""
        key_of = self.auth.signer.verifying.get if "auth" in self.parts else self.published_keys.find
        return Verifier(key_of, self.fittings.origin, self.now, self.fittings.revocations.check)
