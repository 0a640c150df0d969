"""Whether a password is somebody's, as the pool says."""

from contextlib import AbstractContextManager, nullcontext

from noughts.kit.cognito.pool import Pool
from noughts.kit.tokens import UserId


class PoolCheck:
    """Asks a pool; how many may ask at once is its own affair."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def seat(self) -> AbstractContextManager[None]:
        """Hold nothing."""
        return nullcontext()

    async def fits(self, user_id: UserId, stored: str | None, password: str) -> bool:
        """Return whether it is; raises Unavailable."""
        return await self._pool.fits(user_id, password)
