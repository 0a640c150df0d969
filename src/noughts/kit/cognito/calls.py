"""Calls of Amazon Cognito, one at a time: signed or not, within a deadline, so many at once and no more."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Final

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore import UNSIGNED, xform_name
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from noughts.kit.cognito.meanings import Said
from noughts.kit.cognito.settings import CognitoSettings
from noughts.kit.errors import Unavailable
from noughts.kit.logging import log
from noughts.kit.metrics import Gauges
from noughts.kit.tracing import Step, step

DEADLINE_S: Final = 3.0
AT_ONCE: Final = 32
MOST_WAITING: Final = 128
_CONNECT_S: Final = 1.0
_KEPT_S: Final = 10
"""Connections are let go of before Amazon does it: what was sent over one that just ended may have been done, or not."""
_THROTTLED: Final = frozenset(
    ("TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "SlowDown")
)
_NEVER_ASKED: Final = (EndpointConnectionError, ConnectTimeoutError)
_BROKEN_OFF: Final = (HTTPClientError, aiohttp.ClientError, OSError)


class Calls:
    """What speaks to one user pool's service. Calls that anyone may make are not signed, and take no credentials."""

    def __init__(self, chosen: CognitoSettings) -> None:
        self._region, self._endpoint = chosen.region, chosen.cognito_endpoint or None
        self._session = get_session()
        self._opening = asyncio.Lock()
        self._opened: dict[bool, Any] = {}
        self._stack = AsyncExitStack()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way = self._asked = self._unanswered = self._throttled = 0

    async def ask(self, operation: str, *, signed: bool, repeatable: bool = False, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - as many shapes as operations
        """Return the answer; raises Said where it is an error, Unavailable where none came within three seconds.

        A call that was never heard, or broke off and is `repeatable`, is made a second time in these three seconds.
        """
        if self._under_way >= AT_ONCE + MOST_WAITING:
            raise Unavailable("Too many sign-ins wait for the user pool.", retry_after=2)
        self._under_way += 1
        self._asked += 1
        try:
            with self._told(operation):
                async with asyncio.timeout(DEADLINE_S), self._room:
                    return await self._twice(operation, given, signed=signed, repeatable=repeatable)
        finally:
            self._under_way -= 1

    async def open(self, *, signed: bool) -> None:
        """Load what makes signed calls, or the others; raises Unavailable where there are no credentials."""
        await self._client(signed=signed)

    async def close(self) -> None:
        """Let go of the connections. May be repeated."""
        self._opened.clear()
        await self._stack.aclose()

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        return {
            "noughts_cognito_calls_under_way": ("Calls of the user pool, waiting ones too.", lambda: self._under_way),
            "noughts_cognito_calls_total": ("Calls of the user pool.", lambda: self._asked),
            "noughts_cognito_unanswered_total": ("Calls the pool did not answer.", lambda: self._unanswered),
            "noughts_cognito_throttled_total": ("Calls beyond the pool's quota.", lambda: self._throttled),
        }

    async def _twice(self, operation: str, given: dict[str, Any], *, signed: bool, repeatable: bool) -> dict[str, Any]:
        client = await self._client(signed=signed)
        call = getattr(client, xform_name(operation))
        again = (*_NEVER_ASKED, *_BROKEN_OFF) if repeatable else _NEVER_ASKED
        try:
            answer: dict[str, Any] = await call(**given)
        except again:
            answer = await call(**given)
        return answer

    async def _client(self, *, signed: bool) -> Any:  # noqa: ANN401 - botocore makes its clients' classes as it goes
        async with self._opening:
            if signed not in self._opened:
                if signed and await self._session.get_credentials() is None:
                    log.error("aws_credentials_missing", consequence="the user pool cannot be asked about people")
                    raise Unavailable("The user pool cannot be asked.", retry_after=5)
                making = self._session.create_client(
                    "cognito-idp", region_name=self._region, endpoint_url=self._endpoint, config=_config(signed=signed)
                )
                self._opened[signed] = await self._stack.enter_async_context(making)
            return self._opened[signed]

    @contextmanager
    def _told(self, operation: str) -> Iterator[None]:
        """Trace a call, and turn what may be raised into what callers know."""
        facts = {"rpc.system": "aws-api", "rpc.service": "CognitoIdentityProvider", "rpc.method": operation}
        with step(f"cognito {operation}", facts, kind="client") as asked:
            try:
                yield
            except ClientError as error:
                raise self._refused(operation, error, asked) from None  # its text may name people
            except (TimeoutError, *_BROKEN_OFF) as error:
                raise self._silent(operation, error, asked) from None
            except BotoCoreError as error:
                asked.fail(type(error).__name__)
                log.error("cognito_cannot_be_asked", operation=operation, reason=type(error).__name__)
                raise Unavailable("The user pool cannot be asked.", retry_after=5) from None

    def _refused(self, operation: str, error: ClientError, asked: Step) -> Said | Unavailable:
        code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        asked.fail(code)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _THROTTLED:
            self._throttled += 1
            log.warning("cognito_throttled", operation=operation)
            return Unavailable("The user pool has too much to do.", retry_after=2)
        if status >= 500:
            self._unanswered += 1
            log.warning("cognito_failed", operation=operation, status=status, code=code)
            return Unavailable("The user pool failed.", retry_after=2)
        return Said(operation, code, message)

    def _silent(self, operation: str, error: Exception, asked: Step) -> Unavailable:
        self._unanswered += 1
        asked.fail(type(error).__name__)
        log.warning("cognito_did_not_answer", operation=operation, reason=type(error).__name__)
        return Unavailable("The user pool does not answer.", retry_after=2)


def _config(*, signed: bool) -> AioConfig:
    return AioConfig(
        connect_timeout=_CONNECT_S,
        read_timeout=DEADLINE_S,
        retries={"total_max_attempts": 1},
        max_pool_connections=AT_ONCE,
        connector_args={"keepalive_timeout": _KEPT_S},
        **({} if signed else {"signature_version": UNSIGNED}),
    )
