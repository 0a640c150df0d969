"""Whether anything of what the other processes sent is missing."""

from typing import Final

from noughts.kit.broadcast.envelopes import Envelope

_MOST: Final = 4_096


class Senders:
    """The last number heard of each sender lately."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def is_gap_before(self, envelope: Envelope) -> bool:
        """Return whether envelopes are missing between this one and the sender's last. Whoever is new begins with 1."""
        last = self._numbers.pop(envelope.sender, 0)
        if len(self._numbers) >= _MOST:
            del self._numbers[next(iter(self._numbers))]
        self._numbers[envelope.sender] = max(last, envelope.number)
        return envelope.number > last + 1
