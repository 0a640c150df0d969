"""How an answer is written: head and body in one system call, the largest single cost of a small answer."""

from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_BODILESS: Final = (204, 304)


class Cycle(RequestResponseCycle):
    """One request and its answer. An answer that is whole goes out at once; a stream as uvicorn sends it.

    A stream's head leaves with its first piece.
    """

    _start: Any = None

    async def send(self, message: Any) -> None:  # noqa: ANN401 - an ASGI message
        """Keep the start of the answer until its body comes."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is None:
            await super().send(message)
            return
        if message.get("more_body") or not self._has_length(start):
            await super().send(start)
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self.disconnected:
            self._send_whole(start["status"], start["headers"], message.get("body", b""))

    def _has_length(self, start: Any) -> bool:  # noqa: ANN401 - an ASGI message
        return start["status"] in _BODILESS or any(name == b"content-length" for name, _ in start["headers"])

    def _send_whole(self, status: int, given: list[tuple[bytes, bytes]], body: bytes) -> None:
        headers = [*self.default_headers, *given]
        if not self.keep_alive:
            headers.append((b"connection", b"close"))
        head = b"".join([STATUS_LINE[status], *[b"%b: %b\r\n" % header for header in headers]])
        if head.count(b"\n") != len(headers) + 1 or head.count(b"\r") != len(headers) + 1:
            raise RuntimeError("a header holds a line break")
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"%b\r\n%b" % (head, b"" if self.scope["method"] == "HEAD" else body))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
