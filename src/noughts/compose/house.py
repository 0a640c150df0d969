"""How a process begins, is entered, works and ends, whichever services run in it."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final, Self

from noughts import VERSION
from noughts.auth import http as auth_http
from noughts.compose.rooms import Rooms
from noughts.compose.settings import PARTS, Part
from noughts.games import http as games_http
from noughts.gateway import http as gateway_http
from noughts.gateway.app import Gateway, nowhere
from noughts.gateway.limits import Limiter, no_limits
from noughts.gateway.metrics import Metrics
from noughts.gateway.negotiation import Astray, Negotiated
from noughts.gateway.profiles import Profiles
from noughts.gateway.web import Web
from noughts.kit import address
from noughts.kit.database import schema
from noughts.kit.edge import Admit, Door, Entrance, Route, ServiceApp, Threshold, Who, traced_door
from noughts.kit.errors import Unavailable
from noughts.kit.logging import log
from noughts.kit.published_keys import FOLLOW_EVERY_S
from noughts.kit.revocation import STALE_S
from noughts.kit.tokens import Principal
from noughts.kit.workers import Work, every
from noughts.users import http as users_http
from noughts.users.service import Exports

TABLES: Final[dict[str, Sequence[Route]]] = {
    "Users": users_http.ROUTES,
    "Sign-in": auth_http.ROUTES,
    "Games": games_http.ROUTES,
    "Players": gateway_http.COMPOSED,
    "Operations": gateway_http.ROUTES,
}
TABLE_OF: Final[dict[Part, str]] = {"users": "Users", "auth": "Sign-in", "games": "Games", "gateway": "Operations"}


class House(Rooms):
    """A process to be entered."""

    _client: address.Client
    _is_draining = False

    async def ready(self) -> Self:
        """Load what sign-in needs from the database, and look at the neighbours' addresses; raises Refusal, Unavailable."""
        # What cannot be is refused before anything is made.
        entrance = self.settings.gateway
        self._client = address.resolver(address.networks(entrance.trusted_proxies), entrance.origin_secret)
        if "users" in self.parts:
            self.requests.gauges |= self.delivery.gauges()
            self.users.exports = Exports(self.user_store, self.auth_port, self.games_port, self.fittings)
        if "auth" in self.parts:
            await self.auth.keys.load()
        if {"users", "auth"} & {*self.parts}:
            await self.identity.ready()
            self.requests.gauges |= self.identity.gauges()
        if self.has_database:
            await self.fittings.revocations.read()
        return self

    def entrance(self) -> Entrance:
        """Return the entrance to the services that run here; where the gateway does, to the whole platform."""
        doors = [(self._routes(part), self._door_of(part)) for part in PARTS if {part, "gateway"} & {*self.parts}]
        if "gateway" in self.parts:
            page = Web()
            elsewhere: Door = Astray(page)
            doors.append((gateway_http.COMPOSED, Negotiated(self._composed, page)))
        else:
            elsewhere = nowhere
            doors.append((gateway_http.HEALTH, self.door(gateway_http.HEALTH, self._desk)))
        return self._entered_by(Gateway(doors, elsewhere, inside="gateway" not in self.parts))

    def inside(self) -> Entrance:
        """Return the entrance for services that run elsewhere, where the gateway runs here: behind its door nobody is one."""
        here = [(self._routes(part), self._door_of(part)) for part in PARTS if part in self.parts and part != "gateway"]
        here.append((gateway_http.HEALTH, self.door(gateway_http.HEALTH, self._desk)))
        return self._entered_by(Gateway(here, nowhere, inside=True))

    def _entered_by(self, gateway: Gateway) -> Entrance:
        door, secure = traced_door(gateway, self.tracing), self.settings.server.origin.startswith("https:")
        return Threshold(door, self.requests, self._client, secure=secure)

    def door(self, routes: Sequence[Route], service: object) -> ServiceApp:
        """Return a service's own door."""
        with_people = self.has_database
        return ServiceApp(
            routes,
            service,
            verify=self.verifier.verify if with_people else _nobody,
            admit=self._admit,
            verify_service=self.service_tokens.verify,
            recognise=self.fittings.browsers.recognise if with_people else lambda _: None,
        )

    def admin(self) -> Entrance:
        """Return what only operators may see."""
        return Metrics(self.requests)

    def workers(self) -> list[Work]:
        """Return the work that comes round again, for as long as the process lives."""
        work = self.fittings.workers() if self.has_database else []
        if "users" in self.parts:
            work += [*self.delivery.workers(), *self.fittings.purges()]
            work += self.users.workers(self.games_port, self.auth_port)
        if "auth" in self.parts:
            work += self.auth.workers()
        elif self.has_database:
            work.append(every(FOLLOW_EVERY_S, self.published_keys.follow))
        return work + self.games.workers() if "games" in self.parts else work

    async def drain(self) -> None:
        """Say that this process is not ready, and go on for as long as whoever balances the load takes to notice."""
        self._is_draining = True
        if seconds := self.settings.server.drain_s:
            log.info("draining", seconds=seconds)
            await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Finish what is under way."""
        if "games" in self.parts:
            await self.games.close()
        if "users" in self.parts:
            await self.delivery.close()
        if self.has_database:
            await self.broadcast.close()
            self.fittings.passwords.close()
        await self.identity.close()
        if len(self.parts) < len(PARTS):
            await self.far.close()
        await self.tracing.close()

    # Its doors.

    def _routes(self, part: Part) -> Sequence[Route]:
        """Return a service's calls; of one that runs elsewhere, those that are not for services alone."""
        table = TABLES[TABLE_OF[part]]
        return table if part in self.parts else [route for route in table if route.who is not Who.SERVICE]

    def _door_of(self, part: Part) -> Door:
        if part not in self.parts:
            return self.far.door(part, self._routes(part))
        here: dict[Part, Callable[[], object]] = {
            "users": lambda: self.users,
            "auth": lambda: self.auth,
            "games": lambda: self.games,
            "gateway": lambda: self._desk,
        }
        return self.door(self._routes(part), here[part]())

    @cached_property
    def _composed(self) -> Door:
        return self.door(gateway_http.COMPOSED, Profiles(self.users_port, self.games_port))

    @cached_property
    def _admit(self) -> Admit:
        if self.limited:
            return Limiter().admit
        log.warning("limits_are_off", setting="NOUGHTS_RATE_LIMITS", consequence="anyone may guess passwords at will")
        return no_limits

    @cached_property
    def _desk(self) -> gateway_http.Desk:
        async def staying() -> bool:
            return not self._is_draining

        async def fresh() -> bool:
            return self.fittings.revocations.age_s < STALE_S

        async def reachable() -> bool:
            return not await schema.is_behind(self.database)

        async def known() -> bool:
            return "auth" in self.parts or self.published_keys.are_known

        checks: dict[str, gateway_http.Check] = {"draining": staying}
        if self.has_database:
            checks |= {"database": reachable, "revocation feed": fresh, "signing keys": known}
        return gateway_http.Desk(TABLES, VERSION, checks)


def _nobody(token: str) -> Principal:
    """Refuse to tell who is calling; raises Unavailable."""
    raise Unavailable("Access tokens are not checked here.")
