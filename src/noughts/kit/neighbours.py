"""Reaching another service over HTTP: whichever of its replicas answers, within a deadline, and none that has stopped answering."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, TypeVar

import httpx

from noughts.kit import tracing
from noughts.kit.errors import BadRequest, Unavailable

DEADLINE_S: Final = 2.0
FAILURES: Final = 3
"""So many in a row, and a replica is left alone for a while."""
LEFT_ALONE_S: Final = 2.0
_A_TRY: Final = 0.25
"""Of the deadline: so long a replica may say nothing before another is asked, where asking twice does no harm."""
_CONNECT_S: Final = 0.5
_HEARTBEAT_S: Final = 45.0
"""An answer without end is never silent for so long."""
_CONNECTIONS: Final = httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=20.0)

_LASTING: Final = httpx.Limits(max_connections=None, max_keepalive_connections=0)
"""Each answer without end has a connection of its own, and takes none from the others."""
Spoken = TypeVar("Spoken", bound=asyncio.Protocol)


class _Replica:
    """One address of a service, and whether it has answered lately: a circuit breaker."""

    def __init__(self, url: str) -> None:
        self.url = httpx.URL(url)
        self._before = self.url.raw_path.rstrip(b"/")
        self._failures = 0
        self._tried_again_at = 0.0

    @property
    def is_well(self) -> bool:
        """Whether it has answered lately."""
        return self._failures < FAILURES

    def may_be_asked(self, now: float) -> bool:
        """Return whether it has not failed too often; one that has is tried again, by one request, after a while."""
        if self.is_well:
            return True
        if now < self._tried_again_at:
            return False
        self._tried_again_at = now + LEFT_ALONE_S
        return True

    def request(
        self, method: str, target: str, headers: httpx.Headers, content: bytes | None, timeout: httpx.Timeout
    ) -> httpx.Request:
        """Return a request of exactly this, sent to this replica and nowhere else, whatever the target says.

        A target made part of an address could name another host, and would be rewritten: `/users/../internal`.
        """
        to = {"target": self.target(target), "timeout": timeout.as_dict()}
        return httpx.Request(method, self.url, headers=headers, content=content, extensions=to)

    def target(self, target: str) -> bytes:
        """Return a target as this replica has it."""
        return self._before + target.encode("latin-1")

    async def dial(self, speak: Callable[[], Spoken]) -> Spoken:
        """Return what speaks on a new connection; raises OSError, TimeoutError."""
        is_tls = self.url.scheme == "https"
        port = self.url.port or (443 if is_tls else 80)
        async with asyncio.timeout(_CONNECT_S):
            made = await asyncio.get_running_loop().create_connection(speak, self.url.host, port, ssl=is_tls or None)
        return made[1]

    def answered(self) -> None:
        self._failures = 0

    def failed(self, now: float) -> None:
        self._failures += 1
        self._tried_again_at = now + LEFT_ALONE_S


class Neighbour:
    """A service in other processes. Its replicas are asked in turn."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        name: str = "neighbour",
        client: httpx.AsyncClient | None = None,
        now: Callable[[], float] = time.monotonic,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._name = name
        self._replicas = [_Replica(url) for url in urls]
        self._client = client or httpx.AsyncClient(trust_env=False, limits=_CONNECTIONS, cookies=_no_cookies())
        self._now = now
        self._deadline_s = deadline_s
        self._turn = 0

    async def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[bytes, bytes]],
        content: bytes | None = None,
        repeatable: bool = False,
        stream: bool = False,
        lasting: bool = False,
    ) -> httpx.Response:
        """Return a replica's answer, whatever it says; of a `stream` its head, the body still to be read.

        One that is `lasting` may take as long as it likes, with something in every 45 s.

        A replica that cannot be reached at all has not been asked: the next one is. One that breaks off, or says nothing
        for a while (0.5 s), may have done what it was asked: only what is `repeatable` is sent again. Raises Unavailable
        when none answers in time (2 s), and at once when none has answered lately; BadRequest for what HTTP does not allow.
        """
        with tracing.asking(method, self._name) as asked:
            given = httpx.Headers(headers)
            given.update(tracing.carried())
            try:
                async with asyncio.timeout(self._deadline_s):
                    told = await self._first_answer(
                        method, target, given, content, repeatable=repeatable, stream=stream, lasting=lasting
                    )
            except TimeoutError:
                raise Unavailable("A neighbouring service takes too long.", retry_after=1) from None
            tracing.answered(asked, told.status_code)
            return told

    async def dial(self, speak: Callable[[], Spoken], target: str) -> tuple[Spoken, bytes]:
        """Return what speaks on a new connection to a replica, and a target as that replica has it.

        Raises Unavailable when none takes it.
        """
        for replica, _ in self._in_turn():
            try:
                spoken = await replica.dial(speak)
            except (OSError, TimeoutError):
                replica.failed(self._now())
            else:
                replica.answered()
                return spoken, replica.target(target)
        raise Unavailable("A neighbouring service does not answer.", retry_after=1)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()
        if "_lasting" in self.__dict__:
            await self._lasting.aclose()

    async def _first_answer(
        self,
        method: str,
        target: str,
        headers: httpx.Headers,
        content: bytes | None,
        *,
        repeatable: bool,
        stream: bool,
        lasting: bool,
    ) -> httpx.Response:
        client, patience = (self._lasting, self._endless) if lasting else (self._client, self._patience)
        for replica, is_last in self._in_turn():
            # The client would add headers of its own to what it builds, and cookies of whoever asked before.
            request = replica.request(method, target, headers, content, patience)
            try:
                async with asyncio.timeout(self._deadline_s * _A_TRY if repeatable and not is_last else None):
                    answer = await client.send(request, stream=stream)
            except TimeoutError:
                replica.failed(self._now())
            except httpx.LocalProtocolError as error:  # nothing was sent: no replica is to blame
                raise BadRequest("This cannot be passed on as it is.") from error
            except httpx.TransportError as error:
                replica.failed(self._now())
                never_asked = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if not (never_asked or repeatable):
                    raise Unavailable("A neighbouring service broke off.", retry_after=1) from error
            except asyncio.CancelledError:  # the deadline: it was too slow
                replica.failed(self._now())
                raise
            else:
                replica.answered()
                return answer
        raise Unavailable("A neighbouring service does not answer.", retry_after=1)

    def _in_turn(self) -> Iterator[tuple[_Replica, bool]]:
        """Yield the replicas that may be asked, another one first each time, and whether no other that is well is left.

        A lone one is asked twice, as its connection may be old.
        """
        self._turn = first = (self._turn + 1) % len(self._replicas)
        order = self._replicas[first:] + self._replicas[:first]
        now = self._now()
        for place, replica in enumerate(order if len(order) > 1 else order * 2):
            if replica.may_be_asked(now):
                yield replica, not any(other.is_well for other in order[place + 1 :])

    @cached_property
    def _lasting(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(trust_env=False, limits=_LASTING, cookies=_no_cookies())

    @property
    def _endless(self) -> httpx.Timeout:
        return httpx.Timeout(self._deadline_s, connect=min(_CONNECT_S, self._deadline_s), read=_HEARTBEAT_S)

    @property
    def _patience(self) -> httpx.Timeout:
        return httpx.Timeout(self._deadline_s, connect=min(_CONNECT_S, self._deadline_s))


def _no_cookies() -> CookieJar:
    """Return a jar that takes nothing: what is set is set for whoever asked, and passed on to nobody else."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))
