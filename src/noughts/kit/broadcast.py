"""Telling the other rooms of this process what changed. A message may be lost; the store is the truth."""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

Listener = Callable[[str], None]
USERS: Final = "users"
"""The topic on which ids of accounts are told that look different now."""


class Broadcast:
    """Topics in memory; listeners run at once, on the event loop."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)

    def subscribe(self, topic: str, listener: Listener) -> None:
        """Call the listener with the payload of every later message on the topic."""
        self._listeners[topic].append(listener)

    def publish(self, topic: str, payload: str) -> None:
        """Hand a payload (an id) to everyone who listens now."""
        for listener in self._listeners[topic]:
            listener(payload)
