"""Asking another service a question of a port: with a token of narrow scope, its answer as a struct, its problems as our own."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import httpx
import msgspec

from noughts.kit.errors import NotFound, Problem, Unavailable
from noughts.kit.logging import about, log
from noughts.kit.neighbours import Neighbour

Answer = TypeVar("Answer")
_TOLD_EVERY_S: Final = 60.0
_CHECK: Final = "whether NOUGHTS_SECRET is the same there as here, and the clocks are right"
_KNOWN: Final[tuple[type[Problem], ...]] = (NotFound,)


class Remote:
    """One neighbour. Raises Unavailable when it could not be asked, its own problem when it said no."""

    def __init__(
        self,
        neighbour: Neighbour,
        token: Callable[[str], str],
        *known: type[Problem],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._neighbour, self._now = neighbour, now
        self._quiet_until = float("-inf")
        self._token = token
        self._problems = {problem.slug(): problem for problem in (*_KNOWN, *known)}

    async def ask(
        self, method: str, path: str, answer: type[Answer], *, scope: str, body: object = None, repeatable: bool = True
    ) -> Answer:
        """Return the neighbour's answer as its struct (`None`: it has none); what is repeatable is asked once more."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {"authorization": f"Bearer {self._token(scope)}", "content-type": "application/json"}
        if request_id := about.get().get("request"):
            headers["x-request-id"] = request_id
        response = await self._neighbour.send(method, path, headers=headers, content=content, repeatable=repeatable)
        if not response.is_success:
            if response.status_code in (401, 403):
                self._tell_refused(path, response.status_code)
            raise self._refusal(response)
        try:
            return msgspec.json.decode(response.content or b"null", type=answer)
        except msgspec.MsgspecError as error:
            raise Unavailable("A neighbouring service answers what it should not.") from error

    def _tell_refused(self, path: str, status: int) -> None:
        """Say once a minute that our token is not taken: every question meets the same."""
        if self._now() >= self._quiet_until:
            self._quiet_until = self._now() + _TOLD_EVERY_S
            log.error("neighbour_refused", path=path, status=status, check=_CHECK)

    def _refusal(self, response: httpx.Response) -> Problem:
        """Return the problem the neighbour answered with; what it should never say counts as no answer."""
        try:
            slug = str(msgspec.json.decode(response.content)["type"]).rpartition("/")[2]
        except (msgspec.MsgspecError, KeyError, TypeError):
            slug = ""
        known = self._problems.get(slug)
        return known() if known is not None else Unavailable("A neighbouring service cannot answer.")
