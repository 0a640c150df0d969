"""Everything that is kept about a person, handed out to them, piece by piece."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from noughts.kit.audit import Origin
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.outbox import WaitingLetter
from noughts.kit.times import rfc3339
from noughts.kit.tokens import Principal, UserId
from noughts.ports.auth import Auth
from noughts.ports.games import Games
from noughts.ports.users import Time
from noughts.users.model import accounts
from noughts.users.model.accounts import Account
from noughts.users.model.one_time import Purpose
from noughts.users.service.directory import view
from noughts.users.service.records import as_seen, entry
from noughts.users.store import UserStore
from noughts.users.store.held import HeldLink

_AT_ONCE: Final = 200


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link or code on its way, and to which address."""

    purpose: Purpose
    email: str
    created_at: Time
    expires_at: Time


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that waits to be sent."""

    to: str | None
    created_at: Time


class Row(Protocol):
    """What is listed page by page."""

    @property
    def id(self) -> str:
        """What the next page comes after."""


Page = TypeVar("Page", bound=Sequence[Row])
Part = msgspec.Struct | Sequence[msgspec.Struct] | AsyncIterator[Sequence[msgspec.Struct]]
Parts = AsyncGenerator[tuple[str, Part], None]


class Exports:
    """The use case of whoever wants to know everything. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, store: UserStore, auth: Auth, games: Games, fittings: Fittings) -> None:
        self._store = store
        self._auth = auth
        self._games = games
        self._fittings = fittings

    async def export(self, user_id: UserId, by: Principal, origin: Origin) -> tuple[Account, Parts]:
        """Return an account and everything kept about its person: named parts, a long list as its pages.

        No more than some hundred rows are in memory at a time. Raises Forbidden, InsufficientUserAuthentication
        (guests may always), NotFound.
        """
        accounts.require_control(by, user_id)
        account = accounts.require_visible(await self._store.accounts.get(user_id))
        if account.kind != "guest" or by.user_id != user_id:
            by.require_young(self._fittings.now())
        await self._store.one_time.note(self._fittings.audit.row("data-exported", user_id, origin, by))
        log.info("data_exported", user=user_id, by=by.user_id)
        return account, self._parts(account, by)

    async def _parts(self, account: Account, by: Principal) -> Parts:
        user_id, kept = account.id, self._store.held
        happened = _paged(lambda last: self._fittings.audit.page(user_id, last, _AT_ONCE))
        yield "account", view(account)
        yield "sign_in", await self._auth.held_proofs(user_id)
        yield "links", [_link(row) for row in await kept.links(user_id)]
        yield "mails", [self._mail(row) for row in await kept.letters(user_id)]
        yield "sessions", _paged(lambda last: self._auth.held_sessions(user_id, last))
        yield "audit", ([entry(as_seen(row, by)) for row in page] async for page in happened)
        yield "games", _paged(lambda last: self._games.held(user_id, last))

    def _mail(self, row: WaitingLetter) -> Mail:
        """Return what may be told of a letter: what it is about could tell whose else the address is."""
        try:
            to = self._fittings.outbox.opened(row.sealed).to
        except ValueError:
            to = None
        return Mail(to=to, created_at=rfc3339(row.created_at))


async def _paged(read: Callable[[Any], Awaitable[Page]]) -> AsyncIterator[Page]:
    """Yield page after page of what is read from after an id on."""
    last = None
    while page := await read(last):
        yield page
        last = page[-1].id


def _link(row: HeldLink) -> Link:
    return Link(
        purpose=row.purpose, email=row.email, created_at=rfc3339(row.created_at), expires_at=rfc3339(row.expires_at)
    )
