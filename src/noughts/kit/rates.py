"""How often something may happen: counted by the generic cell rate algorithm."""

import time
from collections.abc import Callable
from typing import Final

_MOST: Final = 200_000


class Rates:
    """One number for each caller and limit, of at most 200 000."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._free_at: dict[tuple[str, str], float] = {}

    def wait_s(self, name: str, caller: str, calls: int, window_s: float) -> float:
        """Count one call and return 0; past the limit count nothing, and return after how many seconds it may be tried again."""
        now = self._now()
        key = (name, caller)
        free_at = max(self._free_at.get(key, now), now) + window_s / calls
        if free_at - now > window_s + 1e-9:
            return free_at - now - window_s
        if len(self._free_at) >= _MOST and key not in self._free_at:
            self._forget(now)
        self._free_at[key] = free_at
        return 0.0

    def __len__(self) -> int:
        return len(self._free_at)

    def _forget(self, now: float) -> None:
        """Drop everyone whose calls are used up by time; if nobody is, those who came first."""
        kept = {key: free_at for key, free_at in self._free_at.items() if free_at > now}
        self._free_at = dict(list(kept.items())[len(kept) // 2 :]) if len(kept) > _MOST // 2 else kept
