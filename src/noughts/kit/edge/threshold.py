"""The outermost step of every process: request ids, problem documents, one log line and one count for each request."""

import re
import time
from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from noughts.kit import ids, problems
from noughts.kit.edge.answers import Answer
from noughts.kit.errors import InternalError, InvalidToken, MethodNotAllowed, NotFound, Problem
from noughts.kit.logging import log
from noughts.kit.metrics import Requests

_REQUEST_ID: Final = re.compile(rb"[\w-]{1,64}", re.ASCII)
Address = Callable[[Scope], str]


class Threshold:
    """Wraps an application; nothing that happens inside leaves but as an answer."""

    def __init__(self, app: ASGIApp, requests: Requests, address: Address, *, secure: bool) -> None:
        self._app = app
        self._requests = requests
        self._address = address
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = scope["noughts.headers"] = dict(scope["headers"])
        request_id = scope["noughts.request_id"] = _given_id(headers) or ids.request_id()
        scope["noughts.secure"] = self._secure
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id.encode()))
                if self._secure:
                    message["headers"].append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
            await send(message)

        try:
            scope["noughts.address"] = self._address(scope)
            await self._app(scope, receive, send_marked)
        except Exception as error:  # noqa: BLE001 - the last threshold: whatever happened becomes an answer
            problem = _as_problem(error)
            if problem.status == 500:
                log.exception("request_broke", request=request_id, path=scope["path"])
            if status == 0:
                await _tell(problem, request_id, scope, send_marked)
        self._note(scope, status, time.perf_counter() - started, request_id)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = scope.get("noughts.route")
        self._requests.count(scope["method"], route.path if route else "other", status, seconds)
        log.info(
            "request_answered",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 2),
            request=request_id,
        )


def _given_id(headers: dict[bytes, bytes]) -> str | None:
    """Return the request id the caller chose, if it is one that may be repeated in headers and logs."""
    chosen = headers.get(b"x-request-id")
    return None if chosen is None or _REQUEST_ID.fullmatch(chosen) is None else chosen.decode()


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return {404: NotFound(), 405: MethodNotAllowed()}.get(error.status_code, InternalError())
    return InternalError()


async def _tell(problem: Problem, request_id: str, scope: Scope, send: Send) -> None:
    answer = Answer(problems.encode(problem, request_id), status=problem.status, media_type=problems.MEDIA_TYPE)
    body = answer.encoded()
    headers = answer.headers(body)
    headers += [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in problem.headers]
    if problem.status == 401 and not any(name == b"www-authenticate" for name, _ in headers):
        invalid = isinstance(problem, InvalidToken)
        headers.append((b"www-authenticate", b'Bearer error="invalid_token"' if invalid else b"Bearer"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
