"""The outermost step of every process: request ids, problem documents, one log line and one count for each request."""

import re
import time
from typing import Final

from noughts.kit import ids
from noughts.kit.address import Client
from noughts.kit.edge.answers import Door, Reply, line, told
from noughts.kit.edge.requests import Request
from noughts.kit.errors import InternalError, Problem
from noughts.kit.logging import about, log
from noughts.kit.metrics import Requests

_REQUEST_ID: Final = re.compile(rb"[\w-]{1,64}", re.ASCII)
_ASKED_ALL_THE_TIME: Final = ("/healthz", "/readyz", "/internal/auth/keys", "/.well-known/jwks.json")
"""By balancers, other processes and gateways, day and night: told only where the answer is no."""


class Threshold:
    """Stands before a door; nothing that happens behind it leaves but as an answer."""

    def __init__(self, door: Door, requests: Requests, client: Client, *, secure: bool) -> None:
        self._door = door
        self._requests = requests
        self._client = client
        self._secure = secure
        self._marks = b"x-request-id: %b\r\n"
        if secure:
            self._marks += line("Strict-Transport-Security", "max-age=31536000; includeSubDomains")

    async def __call__(self, request: Request) -> Reply:
        """Return the answer, whatever happens."""
        started = time.perf_counter()
        request.id = request_id = _given_id(request) or ids.request_id()
        request.secure = self._secure
        request.address = self._client(request.address, request.headers)
        about.set({"request": request_id, "address": request.address})
        marks, problem = self._marks % request_id.encode(), None
        try:
            reply = (await self._door(request)).reply(marks)
        except Problem as raised:
            problem = raised.slug()
            reply = told(raised, request_id).reply(marks)
        except Exception:  # noqa: BLE001 - the last threshold: whatever happened becomes an answer
            log.exception("request_broke", path=request.path)
            problem = InternalError.slug()
            reply = told(InternalError(), request_id).reply(marks)
        self._note(request, reply.status, problem, time.perf_counter() - started)
        return reply

    def _note(self, request: Request, status: int, problem: str | None, seconds: float) -> None:
        """Count it and tell it: who, from where, what, and how it went."""
        self._requests.count(request.method, request.route, status, seconds)
        if status == 200 and request.route in _ASKED_ALL_THE_TIME:
            return
        facts = {} if request.user is None else {"user": request.user}
        if problem is not None:
            facts["problem"] = problem
            self._requests.refuse(problem)
        milliseconds = round(seconds * 1000, 2)
        log.info("request_answered", method=request.method, path=request.path, status=status, ms=milliseconds, **facts)


def _given_id(request: Request) -> str | None:
    """Return the request id the caller chose, if it is one that may be repeated in headers and logs."""
    chosen = request.headers.get(b"x-request-id")
    return None if chosen is None or _REQUEST_ID.fullmatch(chosen) is None else chosen.decode()
