"""Letters on their way: a row in the transaction of the change they tell of, sent by a worker afterwards."""

import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from noughts.kit import ids, sealing
from noughts.kit.database import Query, Sql, Write
from noughts.kit.tokens import UserId


class Letter(msgspec.Struct, frozen=True):
    """A mail before it has a form: what it says, the one link it may carry, the code that does the same.

    `kind` is a stable id (`verify-email`); paragraphs are plain text; `link` is the text and the address of a button.
    `until` is when its link and code expire: after that it is not sent any more. Raises ValueError when the lines of
    its head hold anything but text.
    """

    kind: str
    to: str
    subject: str
    paragraphs: tuple[str, ...]
    link: tuple[str, str] | None = None
    code: str | None = None
    closing: tuple[str, ...] = ()
    until: datetime | None = None

    def __post_init__(self) -> None:
        if any(unicodedata.category(character) in _NO_TEXT for character in self.to + self.subject):
            raise ValueError("a control character in the head of a letter")


_NO_TEXT: Final = ("Cc", "Cs", "Zl", "Zp")
_INSERT: Final = Sql(
    "INSERT INTO outbox (id, user_id, sealed, tries, due_at, created_at) VALUES ($1, $2, $3, 0, $4, $4)"
)


class WaitingLetter(msgspec.Struct, frozen=True, array_like=True):
    """A letter as it waits."""

    sealed: bytes
    created_at: datetime


WAITING_FOR: Final = Query(
    "SELECT sealed, created_at FROM outbox WHERE user_id = $1 ORDER BY id LIMIT 1000", WaitingLetter
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

    def opened(self, sealed: bytes) -> Letter:
        """Return a letter that was taken in; raises ValueError when it was sealed under another secret."""
        plain = sealing.unseal(self._key, sealed)
        if plain is None:
            raise ValueError("sealed under another secret")
        return msgspec.json.decode(plain, type=Letter)
