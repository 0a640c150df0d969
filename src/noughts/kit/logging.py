"""Logs: what happened, in the past tense, one line each; JSON for machines, aligned text on a terminal."""

import asyncio
import atexit
import contextlib
import logging
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, BinaryIO, Final, Literal

import msgspec

from noughts.kit.clock import now
from noughts.kit.times import rfc3339

Level = Literal["debug", "info", "warning", "error"]
Facts = dict[str, Any]
_RANK: Final[dict[Level, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_ENCODER: Final = msgspec.json.Encoder(enc_hook=repr)
_NOTHING: Final[Facts] = {}
about: Final[ContextVar[Facts]] = ContextVar("about", default=_NOTHING)
"""What is being answered: its facts stand in every line told meanwhile."""


class Log:
    """Where everything that happens is told. Before it is configured, warnings and errors alone, as JSON."""

    def __init__(self) -> None:
        self._least = _RANK["warning"]
        self._render: Callable[[Facts], bytes] = _as_json
        self._lines = _Lines(sys.stderr.buffer)

    def info(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - whatever was the case
        """Tell what happened."""
        self._tell("info", event, facts)

    def warning(self, event: str, **facts: Any) -> None:  # noqa: ANN401
        """Tell what an operator should look at."""
        self._tell("warning", event, facts)

    def error(self, event: str, **facts: Any) -> None:  # noqa: ANN401
        """Tell what was lost."""
        self._tell("error", event, facts)

    def exception(self, event: str, **facts: Any) -> None:  # noqa: ANN401
        """Tell what broke, with the exception being handled."""
        self._tell("error", event, {**facts, "exception": traceback.format_exc()})

    def configure(self, least: Level) -> None:
        """Tell everything from a level on, readable where standard error is a terminal."""
        self._least = _RANK[least]
        self._render = _as_text if sys.stderr.isatty() else _as_json
        self._lines = _Lines(sys.stderr.buffer)
        logging.basicConfig(level=max(self._least, logging.WARNING), format="%(levelname)s %(name)s %(message)s")

    def _tell(self, level: Level, event: str, facts: Facts) -> None:
        if _RANK[level] >= self._least:
            told = {"time": rfc3339(now()), "level": level, "event": event, **facts, **about.get()}
            self._lines.write(self._render(told))


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

    def _hand_over(self) -> None:
        lines, self._waiting = self._waiting, []
        with contextlib.suppress(OSError, ValueError):  # ValueError: standard error was closed
            self._stream.write(b"".join(lines))


def _as_json(told: Facts) -> bytes:
    return _ENCODER.encode(told) + b"\n"


def _as_text(told: Facts) -> bytes:
    time, level, event = told.pop("time"), told.pop("level"), told.pop("event")
    exception = told.pop("exception", "")
    facts = " ".join(f"{name}={value}" for name, value in told.items())
    return f"{time} {level:7} {event:22} {facts}\n{exception}".encode("utf-8", "backslashreplace")


log: Final = Log()
