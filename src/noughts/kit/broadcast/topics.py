"""What may be told, and what everything that carries it promises."""

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from noughts.kit.metrics import Gauges
from noughts.kit.tokens import UserId
from noughts.kit.workers import Work

Message = TypeVar("Message", bound=msgspec.Struct)


class Topic(Generic[Message]):
    """A kind of news by its name on the way, and the struct each message is: it only ever gains fields with defaults."""

    __slots__ = ("into", "name")

    def __init__(self, name: str, into: type[Message]) -> None:
        self.name = name
        self.into = into


class AccountChanged(msgspec.Struct, frozen=True):
    """An account looks different now, or is gone."""

    user_id: UserId


USERS: Final = Topic("users", AccountChanged)


class Broadcast(Protocol):
    """A way for news. Listeners run on the event loop, one after the other, and must be harmless when repeated."""

    def subscribe(
        self, topic: Topic[Message], listener: Callable[[Message], None], *, missed: Callable[[], None] | None = None
    ) -> None:
        """Call the listener with every later message, and `missed` whenever some may have been lost on the way here."""

    def publish(self, topic: Topic[Message], message: Message) -> None:
        """Tell this process at once and the others soon. Neither waits nor raises, whatever is the matter."""

    async def heard(self) -> None:
        """Return once the others have had what was published so far, as far as can be told; within a tenth of a second.

        For whoever answers somebody who may ask another process next.
        """

    def workers(self) -> list[Work]:
        """Return the work that carries messages between processes."""

    def gauges(self) -> Gauges:
        """Return what is worth watching."""

    async def close(self) -> None:
        """Hand over what others have not been told yet, for two seconds at most. To be called when no worker runs."""
