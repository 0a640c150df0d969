"""Logs: what happened, in the past tense, one line each; JSON for machines, aligned text on a terminal."""

import asyncio
import atexit
import contextlib
import logging
import sys
from typing import Any, BinaryIO, Final

import msgspec
import structlog

from noughts.kit.clock import now
from noughts.kit.times import rfc3339

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_ENCODER: Final = msgspec.json.Encoder(enc_hook=repr)


_log = structlog.get_logger()


class _Lines:
    """A stream that takes all lines of one turn of the event loop in one system call.

    It may fail, its disk full or its reader gone: that costs the lines, and nobody's request.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = getattr(stream, "raw", stream)  # whatever cannot be written is not kept for later either
        self._waiting: list[bytes] = []
        atexit.register(self._hand_over)

    def write(self, line: bytes) -> None:
        """Take a line, to be written with the others of this turn; at once where no loop runs."""
        self._waiting.append(line)
        if len(self._waiting) == 1:
            try:
                asyncio.get_running_loop().call_soon(self._hand_over)
            except RuntimeError:
                self._hand_over()

    def flush(self) -> None:
        """Do nothing: the turn of the loop decides."""

    def _hand_over(self) -> None:
        lines, self._waiting = self._waiting, []
        with contextlib.suppress(OSError):
            self._stream.write(b"".join(lines))


def _as_json(_: object, __: str, event: Any) -> bytes:  # noqa: ANN401 - structlog's signature
    return _ENCODER.encode(event)


def _stamped(_: object, __: str, event: Any) -> Any:  # noqa: ANN401 - structlog's signature
    event["time"] = rfc3339(now())
    return event


_json_lines: _Lines | None = None
_at_info = True


def configure(level: str) -> None:
    """Send structlog's lines to standard error from the given level on."""
    global _json_lines, _at_info
    shared: list[Any] = [structlog.processors.add_log_level, _stamped]
    least = structlog.make_filtering_bound_logger(_LEVELS[level])
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), format="%(levelname)s %(name)s %(message)s")
    if sys.stderr.isatty():
        rendering: list[Any] = [structlog.dev.ConsoleRenderer()]
        factory: Any = structlog.PrintLoggerFactory(sys.stderr)
    else:
        rendering = [structlog.processors.format_exc_info, _as_json]
        _json_lines, _at_info = _Lines(sys.stderr.buffer), _LEVELS[level] <= _LEVELS["info"]
        factory = structlog.BytesLoggerFactory(_json_lines)  # type: ignore[arg-type] # all it needs
    structlog.configure([*shared, *rendering], least, logger_factory=factory, cache_logger_on_first_use=True)


def request_answered(method: str, path: str, status: int, seconds: float, request_id: str) -> None:
    """Log that a request was answered; as JSON without structlog's detours, which cost a tenth of a small request."""
    told = {"method": method, "path": path, "status": status, "ms": round(seconds * 1000, 2), "request": request_id}
    if _json_lines is None:
        _log.info("request_answered", **told)
    elif _at_info:
        line = {**told, "event": "request_answered", "level": "info", "time": rfc3339(now())}
        _json_lines.write(_ENCODER.encode(line) + b"\n")
