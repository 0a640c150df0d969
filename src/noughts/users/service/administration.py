"""What administrators and operators do with other people's accounts."""

from typing import Final

import msgspec

from noughts.kit.audit import Event, Origin
from noughts.kit.conditions import EntityTags
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import Principal, Role, UserId
from noughts.users.model import accounts, addresses, names, notices
from noughts.users.model.accounts import Account
from noughts.users.providers import Provider
from noughts.users.store import Search, UserStore
from noughts.users.store.people import Sought

_LONGEST_PREFIX: Final = 64


class Administration:
    """The use cases of administrators (who sign in) and operators (who have the machine, and are `None` as `by`).

    Besides the problems their methods name they raise Unavailable and, for anybody else, Forbidden.
    """

    def __init__(self, store: UserStore, provider: Provider, fittings: Fittings) -> None:
        self._store = store.accounts
        self._people = store.people
        self._provider = provider
        self._fittings = fittings

    async def search(self, wanted: Search, by: Principal) -> tuple[list[Account], str | None]:
        """Return people by name, and after which name the list goes on, if it does."""
        accounts.require_admin(by)
        prefix = names.fold(wanted.prefix) if 0 < len(wanted.prefix) <= _LONGEST_PREFIX else ""
        if prefix is None or (wanted.prefix and not prefix):
            return [], None
        found = await self._people.search(msgspec.structs.replace(wanted, prefix=prefix, limit=wanted.limit + 1))
        shown = found[: wanted.limit]
        return shown, shown[-1].username_key if len(found) > len(shown) else None

    async def by_email(self, email: str, by: Principal) -> list[Account]:
        """Return who has this address: one, or nobody; raises Invalid."""
        accounts.require_admin(by)
        return await self._people.by_email_key(addresses.key(addresses.check(email)))

    async def named(self, username: str) -> Account:
        """Return the account of this name; raises NotFound. For operators only."""
        key = names.fold(username)
        return accounts.require_visible(await self._store.by_username_key(key) if key else None)

    async def set_status(
        self,
        user_id: UserId,
        status: Sought,
        by: Principal | None,
        origin: Origin,
        *,
        condition: EntityTags | None = None,
        current_password: str | None = None,
    ) -> Account:
        """Return the account disabled, its tokens over and its person told, or enabled again. May be repeated.

        Raises NotFound, PreconditionFailed, LastAdministrator, and what `Proof.require` does.
        """
        await self._require_administrator(by, current_password, origin)
        before = accounts.require_met(await self._store.get(user_id), condition)
        after = accounts.with_status(before, status, self._fittings.now())
        return await self._replace(before, after, "status-changed", by, origin)

    async def set_role(
        self,
        user_id: UserId,
        role: Role,
        by: Principal | None,
        origin: Origin,
        *,
        condition: EntityTags | None = None,
        current_password: str | None = None,
    ) -> Account:
        """Return the account in a role, tokens that say otherwise over and its person told. May be repeated.

        Raises NotFound, PreconditionFailed, LastAdministrator, Invalid for a guest, and what `Proof.require` does.
        """
        await self._require_administrator(by, current_password, origin)
        before = accounts.require_met(await self._store.get(user_id), condition)
        after = accounts.with_role(before, role, self._fittings.now())
        return await self._replace(before, after, "role-changed", by, origin)

    async def page(self, after: str | None, limit: int) -> list[Account]:
        """Return accounts by age, from the one after `after` on. For operators only."""
        return await self._store.page(after, limit)

    async def _require_administrator(self, by: Principal | None, password: str | None, origin: Origin) -> None:
        """Raise unless this is an operator, or an administrator who proves that it is still them who sits there."""
        if by is not None:
            accounts.require_admin(by)
            own = None if password is None else await self._store.get(by.user_id)
            await self._fittings.proof.require(by, own.password if own else None, password, origin)

    async def _replace(
        self, before: Account, after: Account, event: Event, by: Principal | None, origin: Origin
    ) -> Account:
        if after is before:
            return before
        if after.status != before.status and after.kind == "member":
            await self._provider.admit(after)
        ended = Revocation.of_user(after.id, after.epoch, after.updated_at)
        rows = [ended.row(), self._fittings.audit.row(event, after.id, origin, by)]
        if letter := notices.of_change(before, after):
            rows.append(self._fittings.outbox.row(letter, after.id))
        # Operators can always make another administrator, and must be able to stop the only one.
        if by is not None and before.administers and not after.administers:
            await self._store.replace_administrator(before, after, *rows)
        else:
            await self._store.replace(before, after, *rows)
        await self._fittings.account_changed(after.id, ended)
        log.info("user_administered", user=after.id, by=by and by.user_id, status=after.status, role=after.role)
        return after
