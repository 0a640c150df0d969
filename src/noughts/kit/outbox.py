"""Letters on their way: a row in the transaction of the change they tell of, sent by a worker afterwards."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from noughts.kit import ids, sealing
from noughts.kit.database import Sql, Write
from noughts.kit.tokens import UserId


class Letter(msgspec.Struct, frozen=True):
    """A mail before it has a form: what it says, the one link it may carry, the code that does the same.

    `kind` is a stable id (`verify-email`); paragraphs are plain text; `link` is the text and the address of a button.
    """

    kind: str
    to: str
    subject: str
    paragraphs: tuple[str, ...]
    link: tuple[str, str] | None = None
    code: str | None = None
    closing: tuple[str, ...] = ()


_INSERT: Final = Sql(
    "INSERT INTO outbox (id, user_id, sealed, tries, due_at, created_at) VALUES ($1, $2, $3, 0, $4, $4)"
)


class Outbox:
    """Takes letters in, sealed: they hold addresses and secrets."""

    def __init__(self, key: bytes, now: Callable[[], datetime]) -> None:
        self._key = key
        self._now = now

    def row(self, letter: Letter, user_id: UserId | None = None) -> Write:
        """Return the write that belongs into the transaction of the change; with a person goes their mail."""
        sealed = sealing.seal(self._key, msgspec.json.encode(letter))
        return Write(_INSERT, (ids.new(), user_id, sealed, self._now()))
