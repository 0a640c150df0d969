"""The frames nearly all texts come and go in (RFC 6455, 5.2). All others are the library's."""

from typing import Final

from websockets.frames import Frame, apply_mask  # type: ignore[attr-defined]  # the fastest there is

_WHOLE_TEXT: Final = 0x81
_MASKED: Final = 0x80
_SHORT: Final = 125
_HEAD: Final = 6
"""Bytes before a client's short text: two, and its mask."""


def short_text(data: bytes) -> bytes | None:
    """Return the text of one frame of up to 125 bytes that came alone and whole; nothing of anything else.

    Only where a frame may begin, and no text is under way.
    """
    size = len(data) - _HEAD
    if 0 <= size <= _SHORT and data[0] == _WHOLE_TEXT and data[1] == _MASKED | size:
        return apply_mask(data[_HEAD:], data[2:_HEAD])
    return None


def least_size(frame: Frame) -> int:
    """Return how many bytes a client's frame takes at the least; its length may have been written longer than need be."""
    size = len(frame.data)
    return size + _HEAD + 2 * (size > _SHORT)


def framed(text: bytes) -> bytes:
    """Return a text as a server sends it: whole and unmasked, its length in one byte, three, or nine."""
    size = len(text)
    if size <= _SHORT:
        return bytes((_WHOLE_TEXT, size)) + text
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + text
    return b"\x81\x7f" + size.to_bytes(8, "big") + text
