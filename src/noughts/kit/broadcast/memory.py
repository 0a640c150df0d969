"""News within one process, for whoever runs only one."""

from collections.abc import Callable

from noughts.kit.broadcast.listeners import Listeners
from noughts.kit.broadcast.topics import Message, Topic
from noughts.kit.metrics import Gauges
from noughts.kit.workers import Work


class Memory:
    """Nothing is carried anywhere, so nothing is ever missed."""

    def __init__(self) -> None:
        self._listeners = Listeners()

    def subscribe(
        self, topic: Topic[Message], listener: Callable[[Message], None], *, missed: Callable[[], None] | None = None
    ) -> None:
        self._listeners.add(topic, listener, missed)

    def publish(self, topic: Topic[Message], message: Message) -> None:
        self._listeners.tell(topic.name, message)

    async def heard(self) -> None:
        """Whoever listens has heard it when it was told."""

    def workers(self) -> list[Work]:
        return []

    def gauges(self) -> Gauges:
        return {}

    async def close(self) -> None:
        """There is nothing to hand over."""
