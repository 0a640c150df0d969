"""How messages travel: several in an envelope, each envelope numbered by its sender."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from noughts.kit.broadcast.topics import Message, Topic

LONGEST: Final = 7_999
"""Bytes in an envelope at most: a NOTIFY takes no more, and what one way carries every way must carry."""
_COVER: Final = 128
"""Bytes an envelope needs beside its messages, and more."""


class Envelope(msgspec.Struct, frozen=True):
    """Messages of one process, in order. Its envelopes are numbered without a gap, as long as nothing was lost."""

    v: Literal[1]
    sender: str
    number: int
    messages: list[msgspec.Raw]


_READ_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_READ_MESSAGE: Final = msgspec.json.Decoder(tuple[str, msgspec.Raw])


def written(topic: Topic[Message], message: Message) -> bytes:
    """Return a message as it travels; raises ValueError where no envelope holds it."""
    found = msgspec.json.encode((topic.name, message))
    if len(found) > LONGEST - _COVER:
        raise ValueError(f"{len(found)} bytes; at most {LONGEST - _COVER} travel")
    return found


def packed(sender: str, number: int, messages: Sequence[bytes]) -> list[bytes]:
    """Return messages in as few envelopes as hold them, numbered from `number` on; for no messages an empty one."""
    return [
        msgspec.json.encode(Envelope(1, sender, place, [msgspec.Raw(message) for message in part]))
        for place, part in enumerate(_parted(messages), number)
    ]


def _parted(messages: Sequence[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    room = LONGEST - _COVER
    for message in messages:
        if part and room < len(message):
            yield part
            part, room = [], LONGEST - _COVER
        part.append(message)
        room -= len(message) + 1
    yield part


def opened(found: bytes) -> Envelope:
    """Return what an envelope holds; raises MsgspecError when it is none, or of a version nobody here knows."""
    return _READ_ENVELOPE.decode(found)


def read(message: msgspec.Raw) -> tuple[str, msgspec.Raw]:
    """Return a message's topic and payload; raises MsgspecError."""
    return _READ_MESSAGE.decode(message)
