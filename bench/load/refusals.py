"""Answers that were not the expected ones."""

from collections import Counter


class Refusals:
    """Counts them by status and keeps the words of the first of each."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._words: dict[int, str] = {}

    def note(self, status: int, body: bytes) -> None:
        """Count one."""
        self._counts[status] += 1
        self._words.setdefault(status, body[:200].decode(errors="replace"))

    def counted(self) -> dict[str, int]:
        """Return how often each came."""
        return {f"{status} {self._words[status]}": n for status, n in self._counts.items()}
