"""Logs: what happened, in the past tense, one line each; JSON for machines, aligned text on a terminal."""

import logging
import sys
from typing import Any, Final

import msgspec
import structlog

from noughts.kit.clock import now
from noughts.kit.times import rfc3339

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_ENCODER: Final = msgspec.json.Encoder(enc_hook=repr)


def _as_json(_: object, __: str, event: Any) -> bytes:  # noqa: ANN401 - structlog's signature
    return _ENCODER.encode(event)


def _stamped(_: object, __: str, event: Any) -> Any:  # noqa: ANN401 - structlog's signature
    event["time"] = rfc3339(now())
    return event


def configure(level: str) -> None:
    """Send structlog's lines to standard error from the given level on."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        _stamped,
    ]
    least = structlog.make_filtering_bound_logger(_LEVELS[level])
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), format="%(levelname)s %(name)s %(message)s")
    if sys.stderr.isatty():
        structlog.configure(
            [*shared, structlog.dev.ConsoleRenderer()], least, logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )  # fmt: skip
        return
    structlog.configure(
        [*shared, structlog.processors.format_exc_info, _as_json],
        least,
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
