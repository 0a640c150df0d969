"""Who keeps passwords and second factors: our own tables, or a user pool. What is not asked for is never loaded."""

from functools import cached_property
from typing import TYPE_CHECKING

from noughts.auth import providers as auth_providers
from noughts.auth.providers import local as auth_local
from noughts.auth.store import AuthStore
from noughts.kit.cognito import CognitoSettings
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.metrics import Gauges
from noughts.kit.passwords import Passwords
from noughts.kit.proof import HashCheck, PasswordCheck
from noughts.ports.users import Users
from noughts.users import providers as users_providers
from noughts.users.providers import local as users_local

if TYPE_CHECKING:
    from noughts.kit.cognito.pool import Pool


class Identity:
    """The providers an operator chose, one of each."""

    def __init__(self, chosen: CognitoSettings) -> None:
        self._chosen = chosen

    @property
    def is_elsewhere(self) -> bool:
        """Whether a pool keeps the passwords."""
        return self._chosen.identity == "cognito"

    @cached_property
    def pool(self) -> "Pool":
        """The user pool; raises Refusal where its extra is not installed or its settings are incomplete."""
        from noughts.kit.cognito.pool import Pool

        return Pool(self._chosen)

    def check(self, passwords: Passwords) -> PasswordCheck:
        """Return what tells whether a password is somebody's."""
        if not self.is_elsewhere:
            return HashCheck(passwords)
        from noughts.kit.cognito.check import PoolCheck

        return PoolCheck(self.pool)

    def of_users(self, passwords: Passwords) -> users_providers.Provider:
        """Return what keeps passwords."""
        if not self.is_elsewhere:
            return users_local.Local(passwords)
        from noughts.users.providers.cognito import Cognito

        return Cognito(self.pool)

    def of_auth(self, store: AuthStore, users: Users, fittings: Fittings) -> auth_providers.Provider:
        """Return what checks passwords and codes."""
        local = auth_local.Local(store, users, fittings)
        if not self.is_elsewhere:
            return local
        from noughts.auth.providers.cognito import Cognito

        return Cognito(self.pool, self.check(fittings.passwords), local, fittings)

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        return self.pool.gauges() if self.is_elsewhere else {}

    async def ready(self) -> None:
        """Load what asks the pool, so that nobody's sign-in waits for it."""
        if self.is_elsewhere:
            await self.pool.ready()
            if not self._chosen.cognito_client_secret:
                log.warning(
                    "cognito_client_has_no_secret",
                    setting="NOUGHTS_COGNITO_CLIENT_SECRET",
                    consequence="anyone may register at the pool itself, under the id of whoever is not in it yet",
                )

    async def close(self) -> None:
        """Let go of the pool."""
        if "pool" in self.__dict__:
            await self.pool.close()
