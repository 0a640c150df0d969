"""What the house puts at every service's disposal."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from noughts.kit import sealing
from noughts.kit.audit import Audit
from noughts.kit.breached import BreachedPasswords
from noughts.kit.broadcast import USERS, AccountChanged, Broadcast
from noughts.kit.browsers import Browsers
from noughts.kit.database import Database
from noughts.kit.idempotency import Idempotency
from noughts.kit.metrics import Gauges
from noughts.kit.outbox import Outbox
from noughts.kit.passwords import Passwords
from noughts.kit.proof import PasswordCheck, Proof
from noughts.kit.revocation import READ_EVERY_S, REVOCATIONS, Revocation, Revocations
from noughts.kit.throttling import Throttle
from noughts.kit.tokens import UserId
from noughts.kit.workers import HOUR, Work, every


class Fittings(msgspec.Struct, frozen=True, kw_only=True):
    """The tools of the kit, one of each in a process, all on one database and one clock.

    `secret` is what keys for one purpose are derived from (`sealing.derive`); `origin` is where people reach us. Unless `limited`, anybody may
    do everything as often as they like.
    """

    now: Callable[[], datetime]
    secret: bytes
    origin: str
    passwords: Passwords
    breached: BreachedPasswords
    revocations: Revocations
    idempotency: Idempotency
    broadcast: Broadcast
    outbox: Outbox
    audit: Audit
    throttle: Throttle
    browsers: Browsers
    proof: Proof
    limited: bool

    @classmethod
    def on(
        cls,
        database: Database,
        secret: bytes,
        *,
        origin: str,
        now: Callable[[], datetime],
        passwords: Passwords,
        check: PasswordCheck,
        broadcast: Broadcast,
        limited: bool,
    ) -> "Fittings":
        """Return the tools for a database; unless `limited`, whoever guesses never waits."""
        revocations = Revocations(database, now)
        broadcast.subscribe(REVOCATIONS, revocations.apply, missed=revocations.reread)
        audit = Audit(database, now)
        throttle = Throttle(database, sealing.derive(secret, "throttle"), now, on=limited)
        return cls(
            now=now,
            secret=secret,
            origin=origin,
            passwords=passwords,
            breached=BreachedPasswords(),
            revocations=revocations,
            idempotency=Idempotency(database, sealing.derive(secret, "idempotency"), now),
            broadcast=broadcast,
            outbox=Outbox(sealing.derive(secret, "outbox"), now),
            audit=audit,
            throttle=throttle,
            limited=limited,
            browsers=Browsers(sealing.derive(secret, "browsers"), now),
            proof=Proof(database, check, throttle, audit, now),
        )

    async def account_changed(self, user_id: UserId, ended: Revocation | None = None) -> None:
        """Tell every process, after the commit, that an account changed and which of its tokens are over."""
        self.broadcast.publish(USERS, AccountChanged(user_id))
        await self.tokens_ended(*([] if ended is None else [ended]))

    async def tokens_ended(self, *revocations: Revocation) -> None:
        """Tell every process, after the commit, which tokens are over.

        This one refuses them at once; the others have heard of it when this returns, unless news travel slowly just now.
        """
        for revocation in revocations:
            self.broadcast.publish(REVOCATIONS, revocation)
        await self.broadcast.heard()

    async def sessions_ended(self, user_id: UserId, at: datetime) -> None:
        """Tell the same of every session of a person that a change at that time ended; raises Unavailable."""
        await self.tokens_ended(*await self.revocations.of(user_id, at))

    def gauges(self) -> Gauges:
        """Return what is worth watching about the kit."""
        return self.passwords.gauges() | self.revocations.gauges()

    def workers(self) -> list[Work]:
        """Return the kit's own work that comes round again in every process."""
        return [
            *self.broadcast.workers(),
            every(READ_EVERY_S, self.revocations.follow),
            every(HOUR, self.revocations.forget),
        ]

    def purges(self) -> list[Work]:
        """Return the work on the rows of all services, which one of them does: the others may not delete these rows."""
        return [
            every(HOUR, self.revocations.purge),
            every(HOUR, self.idempotency.purge),
            every(HOUR, self.audit.purge),
            every(HOUR, self.throttle.purge),
        ]
