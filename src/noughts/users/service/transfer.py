"""Moving people in from elsewhere, and out again: what operators do with files."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from noughts.kit import ids
from noughts.kit.audit import Origin
from noughts.kit.errors import Invalid
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.tokens import UserId
from noughts.users.model import newcomers
from noughts.users.model.accounts import Account
from noughts.users.model.newcomers import Complaint, Newcomer
from noughts.users.model.settings import UserSettings
from noughts.users.store import UserStore
from noughts.users.store.people import BATCH, Meanwhile

_AT_ONCE: Final = 500


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of some lines: how many are new, administrators among them, were here already, or are wrong."""

    added: int = 0
    administrators: int = 0
    present: int = 0
    complaints: tuple[Complaint, ...] = ()


class Transfer:
    """The use cases of operators with many people. Besides the problems their methods name they raise Unavailable."""

    def __init__(self, store: UserStore, fittings: Fittings, settings: UserSettings) -> None:
        self._people = store.people
        self._fittings = fittings
        self._settings = settings

    async def take_in(
        self, lines: Sequence[tuple[int, Newcomer]], origin: Origin, *, dry: bool = False, by_id: bool = False
    ) -> Taken:
        """Return what became of at most 250 numbered lines: all who are new are added, or nobody where one is wrong.

        Those who are here already stay as they are, so that it may be repeated. `dry`: nobody is added at all. `by_id`: whoever
        has the same id is the same person, too, whatever name they took since.
        """
        assert len(lines) <= BATCH  # noqa: S101 - what the statement has room for
        wanted, wrong = self._read(lines)
        held = await self._people.holders([account for _, account in wanted]) if wanted else []
        new, clashes = newcomers.sorted_out(wanted, held, by_id=by_id)
        complaints = tuple(sorted([*wrong, *clashes], key=lambda complaint: complaint.line))
        present = len(wanted) - len(new) - len(clashes)
        if complaints:
            return Taken(present=present, complaints=complaints)
        if new and not dry:
            try:
                told = self._fittings.audit.rows("user-imported", [one.id for one in new], origin)
                await self._people.add(new, told)
            except Meanwhile as error:
                return Taken(present=present, complaints=(Complaint(lines[0][0], str(error)),))
            log.info("users_imported", count=len(new))
        return Taken(added=len(new), administrators=sum(one.role == "admin" for one in new), present=present)

    async def members(self) -> AsyncIterator[Account]:
        """Yield every member who is not being deleted, the oldest first."""
        after = None
        while page := await self._people.members(after, _AT_ONCE):
            for account in page:
                yield account
            after = page[-1].id

    def _read(self, lines: Sequence[tuple[int, Newcomer]]) -> tuple[list[tuple[int, Account]], list[Complaint]]:
        """Return the accounts the lines are about, and what is wrong with the others."""
        wanted: list[tuple[int, Account]] = []
        wrong: list[Complaint] = []
        claims, usable, at = not self._settings.conceals, self._fittings.passwords.require_usable, self._fittings.now()
        for line, given in lines:
            try:
                account = newcomers.account_of(given, UserId(ids.new()), claims=claims, usable=usable, at=at)
                wanted.append((line, account))
            except Invalid as problem:
                wrong += [Complaint(line, f"{error.pointer[2:]}: {error.detail}") for error in problem.errors]
        return wanted, wrong
