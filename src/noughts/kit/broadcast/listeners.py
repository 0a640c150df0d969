"""Who in this process listens to what."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec

from noughts.kit.broadcast.topics import Message, Topic
from noughts.kit.logging import log


class Listeners:
    """Topics in memory. What one listener breaks, neither the others nor whoever publishes notices."""

    def __init__(self) -> None:
        self._listening: defaultdict[str, list[Callable[[Any], None]]] = defaultdict(list)
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {}
        self._missed: list[Callable[[], None]] = []

    def add(
        self, topic: Topic[Message], listener: Callable[[Message], None], missed: Callable[[], None] | None
    ) -> None:
        """Take in a listener."""
        self._listening[topic.name].append(listener)
        self._decoders[topic.name] = msgspec.json.Decoder(topic.into)
        if missed is not None:
            self._missed.append(missed)

    def tell(self, topic: str, message: msgspec.Struct) -> None:
        """Hand a message to everyone who listens to the topic now."""
        for listener in self._listening.get(topic, ()):
            _run(listener, message)

    def read(self, topic: str, payload: msgspec.Raw) -> None:
        """Hand over a message that came in; raises MsgspecError when it cannot be read, KeyError for an unknown topic."""
        self.tell(topic, self._decoders[topic].decode(payload))

    def missed(self) -> None:
        """Tell everyone who wants to know that messages may have been lost."""
        for missed in self._missed:
            _run(missed)


def _run(listener: Callable[..., None], *args: msgspec.Struct) -> None:
    try:
        listener(*args)
    except Exception:  # noqa: BLE001 - the news is true whatever one of its listeners makes of it
        log.exception("listener_broke")
