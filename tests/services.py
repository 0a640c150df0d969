"""The house on a real database, wired as it is in production, but with a clock that is moved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from noughts import compose
from noughts.auth import http as auth_http
from noughts.auth.service import Grant
from noughts.games import http as games_http
from noughts.kit.audit import OPERATOR, Origin
from noughts.kit.conditions import EntityTags
from noughts.kit.database import Database
from noughts.kit.edge import ServiceApp
from noughts.kit.passwords import Hashing, Passwords
from noughts.kit.revocation import Revocations
from noughts.kit.tokens import Principal, UserId
from noughts.users import http as users_http
from noughts.users.model.accounts import Account
from noughts.users.model.one_time import ByCode, ByLink, Proof
from noughts.users.model.wishes import Registration, Wish
from noughts.users.service import Erasure
from tests.fakes import CHEAP, Clock
from tests.post import Box, Mail

SECRET = b"s" * 32
ISSUER = "http://localhost:8000"
PASSWORD = "a proper secret"
HERE = Origin("203.0.113.7", "0123456789abcdef", "a test")


def by_link(mail: Mail) -> ByLink:
    """Return what following the link in a mail shows."""
    return ByLink(mail.secret)


def by_code(mail: Mail) -> ByCode:
    """Return what typing the code in a mail shows."""
    return ByCode(mail.to, mail.code)


class Services(compose.House):
    """One process's worth of services. Several on one database behave as several processes do."""

    def __init__(self, database: Database, clock: Clock, passwords: Passwords, **environ: str) -> None:
        chosen = compose.read_settings({"NOUGHTS_BASE_URL": ISSUER, "NOUGHTS_COMPUTER_PAUSE": "off", **environ})
        self.box = Box()
        super().__init__(chosen, database, SECRET, now=clock, passwords=passwords, chance=Random(1), mailer=self.box)
        self.clock, self.passwords = clock, passwords
        self.erasure = Erasure(self.user_store.accounts, self.games, self.identity.of_users(passwords), self.fittings)

    def users_door(self) -> ServiceApp:
        """Return the User Service's own door."""
        return self.door(users_http.ROUTES, self.users)

    def auth_door(self) -> ServiceApp:
        """Return the Authentication Service's own door."""
        return self.door(auth_http.ROUTES, self.auth)

    def games_door(self) -> ServiceApp:
        """Return the Game Service's own door."""
        return self.door(games_http.ROUTES, self.games)

    @property
    def revocations(self) -> Revocations:
        """What this process knows to be over."""
        return self.fittings.revocations

    async def register(self, wanted: Registration, key: str | None = None) -> Account:
        """Register somebody."""
        return await self.users.registrations.register(wanted, HERE, key)

    async def change(self, user_id: UserId, wish: Wish, by: Principal, condition: EntityTags | None = None) -> Account:
        """Change an account."""
        return await self.users.profiles.change(user_id, wish, by, HERE, condition)

    async def delete(self, user_id: UserId, by: Principal, condition: EntityTags | None = None) -> None:
        """Delete an account."""
        await self.users.profiles.delete(user_id, by, HERE, condition)

    async def promote(self, username: str) -> Account:
        """Make somebody an administrator."""
        found = await self.users.administration.named(username)
        return await self.users.administration.set_role(found.id, "admin", None, OPERATOR)

    async def login(self, identifier: str = "alice", password: str = PASSWORD) -> Grant:
        """Sign in."""
        return await self.auth.sign_in.login(identifier, password, HERE)

    async def guest(self) -> Grant:
        """Start as a guest."""
        return await self.auth.sign_in.guest(HERE)

    async def refresh(self, token: str) -> Grant:
        """Go on with a session."""
        return await self.auth.refresh(token, HERE)

    async def logout(self, by: Principal | None, token: str | None = None, *, everywhere: bool = False) -> None:
        """Sign out."""
        await self.auth.sessions.logout(by, token, HERE, everywhere=everywhere)

    async def member(self, username: str = "alice") -> Account:
        """Return a new member whose password is `PASSWORD`."""
        wanted = Registration(username, f"{username}@example.com", PASSWORD)
        return await self.register(wanted)

    async def sign_in(self, username: str = "alice") -> Principal:
        """Return a member who has just signed in."""
        return self.verifier.verify((await self.login(username)).access_token)

    async def mails(self, to: str) -> list[Mail]:
        """Send what waits, and return every mail that came to an address."""
        await self.delivery.round()
        await self.delivery.settled()
        return self.box.to(to)

    async def verified(self, username: str = "alice") -> Account:
        """Return a new member who verified the address."""
        account = await self.member(username)
        await self.verify(by_link((await self.mails(f"{username}@example.com"))[-1]))
        return await self.stored(account.id)

    async def verify(self, proof: Proof) -> None:
        """Follow a link of a mail about an address, or type its code."""
        await self.users.emails.verify(proof, HERE)

    async def happened(self, user_id: UserId) -> list[str]:
        """Return what happened to an account, the oldest first."""
        return [row.event for row in reversed(await self.fittings.audit.page(user_id, None, 100))]

    async def stored(self, user_id: UserId) -> Account:
        """Return an account's row."""
        account = await self.user_store.accounts.get(user_id)
        assert account is not None
        return account


@asynccontextmanager
async def services(database: Database, hashing: Hashing = CHEAP, **environ: str) -> AsyncIterator[Services]:
    """Put the services on a database for the length of a block."""
    passwords = Passwords(hashing)
    yield await Services(database, Clock(), passwords, **environ).ready()
    passwords.close()
