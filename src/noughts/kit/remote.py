"""Asking another service over HTTP: with a deadline, a token of narrow scope, and its problems as our own."""

from collections.abc import Callable
from typing import Final, TypeVar

import httpx
import msgspec

from noughts.kit.errors import NotFound, Problem, Unavailable

Answer = TypeVar("Answer")
DEADLINE_S: Final = 2.0
_TRIES: Final = 2


class Remote:
    """One neighbour. Raises Unavailable when it could not be asked, its own problem when it said no."""

    def __init__(self, client: httpx.AsyncClient, token: Callable[[], str], *known: type[Problem]) -> None:
        self._client = client
        self._token = token
        kinds: tuple[type[Problem], ...] = (NotFound, *known)
        self._problems = {problem.slug(): problem for problem in kinds}

    async def ask(
        self, method: str, path: str, answer: type[Answer], *, body: object = None, repeatable: bool = False
    ) -> Answer:
        """Return the neighbour's answer as its struct; a repeatable question is asked once more when unanswered."""
        content = None if body is None else msgspec.json.encode(body)
        response = await self._send(method, path, content, _TRIES if repeatable else 1)
        if not response.is_success:
            raise self._refusal(response)
        try:
            return msgspec.json.decode(response.content, type=answer)
        except msgspec.MsgspecError as error:
            raise Unavailable("A neighbouring service answers what it should not.") from error

    async def _send(self, method: str, path: str, content: bytes | None, tries: int) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._token()}", "content-type": "application/json"}
        for left in reversed(range(tries)):
            try:
                return await self._client.request(method, path, content=content, headers=headers, timeout=DEADLINE_S)
            except httpx.TransportError as error:
                if not left:
                    raise Unavailable("A neighbouring service does not answer.") from error
        raise AssertionError("unreachable: the last try returns or raises")

    def _refusal(self, response: httpx.Response) -> Problem:
        """Return the problem the neighbour answered with; what it should never say counts as no answer."""
        try:
            slug = str(msgspec.json.decode(response.content)["type"]).rpartition("/")[2]
        except (msgspec.MsgspecError, KeyError, TypeError):
            slug = ""
        known = self._problems.get(slug)
        return known() if known is not None else Unavailable("A neighbouring service cannot answer.")
