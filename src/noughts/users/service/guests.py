"""Guests who are gone: nobody can sign in as them again, and no other person's history needs them."""

import contextlib
from datetime import timedelta
from typing import Final

from noughts.kit.audit import OPERATOR
from noughts.kit.errors import PreconditionFailed
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.ports.auth import Auth
from noughts.ports.games import Games
from noughts.users.model import accounts
from noughts.users.model.accounts import Account
from noughts.users.store import AccountStore

KEPT: Final = timedelta(days=30)
_AT_ONCE: Final = 100


class Guests:
    """The worker. It marks them as if they had asked to be deleted; the rest is the work of `Erasure`."""

    def __init__(self, store: AccountStore, games: Games, auth: Auth, fittings: Fittings) -> None:
        self._store = store
        self._games = games
        self._auth = auth
        self._fittings = fittings

    async def sweep(self) -> None:
        """Let go of every guest of more than 30 days who is signed in nowhere and finished no game with a person."""
        before, after = self._fittings.now() - KEPT, None
        while guests := await self._store.guests(after, _AT_ONCE):
            after = guests[-1].id
            await self._let_go([guest for guest in guests if guest.created_at < before and guest.status == "active"])
            if guests[-1].created_at >= before:
                return

    async def _let_go(self, guests: list[Account]) -> None:
        if not guests:
            return
        ids = [guest.id for guest in guests]
        needed = await self._auth.signed_in(ids) | await self._games.played_humans(ids)
        for guest in guests:
            if guest.id not in needed:
                with contextlib.suppress(PreconditionFailed):  # another process was quicker
                    await self._mark(guest)

    async def _mark(self, guest: Account) -> None:
        at = self._fittings.now()
        told = self._fittings.audit.row("deletion-accepted", guest.id, OPERATOR)
        # No revocation: without a session there has been no access token for longer than one lives.
        await self._store.replace(guest, accounts.deleting(guest, at), told)
        await self._fittings.account_changed(guest.id)
        log.info("idle_guest_let_go", user=guest.id)
