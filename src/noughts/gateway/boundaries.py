"""Where one of a service's WebSocket frames ends and the next begins: between them something may be said for it."""


class Boundary:
    """Looks at what a service sends as it passes by."""

    def __init__(self) -> None:
        self._head, self._left = b"", 0

    @property
    def is_between(self) -> bool:
        """Whether every frame that began has ended."""
        return not (self._head or self._left)

    def pass_by(self, data: bytes) -> None:
        """Look at what is passed on."""
        at = 0
        while at < len(data):
            if not self._left:
                wanted = _length_of_head(self._head) - len(self._head)
                self._head += data[at : at + wanted]
                at += wanted
                if len(self._head) == _length_of_head(self._head):
                    self._left, self._head = _length_of_payload(self._head), b""
                continue
            step = min(self._left, len(data) - at)
            self._left -= step
            at += step


def _length_of_head(head: bytes) -> int:
    """Return how long a frame's head is, as far as that can be seen (RFC 6455, 5.2); a server's has no mask."""
    return 2 if len(head) < 2 else {126: 4, 127: 10}.get(head[1], 2)


def _length_of_payload(head: bytes) -> int:
    return int.from_bytes(head[2:], "big") if len(head) > 2 else head[1]
