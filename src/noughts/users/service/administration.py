"""What administrators and operators do with other people's accounts."""

from noughts.kit.audit import Origin
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import Principal
from noughts.users.model import accounts, names
from noughts.users.model.accounts import Account
from noughts.users.store import AccountStore


class Administration:
    """The use cases of administrators (who sign in) and operators (who have the machine)."""

    def __init__(self, store: AccountStore, fittings: Fittings) -> None:
        self._store = store
        self._fittings = fittings

    async def promote(self, username: str, origin: Origin, by: Principal | None = None) -> Account:
        """Return the member of this name as an administrator; raises NotFound, Invalid. For operators only."""
        key = names.fold(username)
        before = accounts.require_visible(await self._store.by_username_key(key) if key else None)
        at = self._fittings.now()
        after = accounts.promoted(before, at)
        if after is not before:
            ended = Revocation.of_user(after.id, after.epoch, at)
            told = self._fittings.audit.row("role-changed", after.id, origin, by)
            await self._store.replace(before, after, ended.row(), told)
            self._fittings.account_changed(after.id, ended)
            log.info("user_promoted", user=after.id)
        return after

    async def page(self, after: str | None, limit: int) -> list[Account]:
        """Return accounts by age, from the one after `after` on. For operators only."""
        return await self._store.page(after, limit)
