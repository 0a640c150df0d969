"""Many people of a user pool at a time: listing them, and bringing them in by files. For operators, with time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from noughts.kit.cognito.answers import Listed
from noughts.kit.cognito.files import Algorithm
from noughts.kit.cognito.opening import app_client
from noughts.kit.cognito.settings import CognitoSettings
from noughts.kit.errors import Refusal, Unavailable

PAGE: Final = 60
_PATIENCE_S: Final = (1, 2, 4, 8, 16)
_UPLOAD_S: Final = 600.0
_LOOK_AGAIN_S: Final = 2.0
_OVER: Final = frozenset(("Succeeded", "Failed", "Stopped", "Expired"))


class Outcome(msgspec.Struct, frozen=True):
    """What became of an import job, or how far it is. `message` is Amazon's own, where it has one."""

    status: str
    imported: int
    skipped: int
    failed: int
    message: str

    @property
    def is_good(self) -> bool:
        """Whether everybody is in the pool now, or was before."""
        return self.status == "Succeeded" and not self.failed


class Moving:
    """The way in and out of a pool."""

    def __init__(self, chosen: CognitoSettings, *, look_again_s: float = _LOOK_AGAIN_S) -> None:
        """Take the settings; raises Refusal where no pool is named, or the extra `cognito` is not installed."""
        if not chosen.cognito_pool:
            raise Refusal("NOUGHTS_COGNITO_POOL says which pool; it is missing.")
        self._pool = chosen.cognito_pool
        self._client = app_client(chosen)
        self._look_again_s = look_again_s

    async def pages(self) -> AsyncIterator[list[Listed]]:
        """Yield everybody in the pool, 60 at most at a time; raises Unavailable after half a minute without an answer."""
        following: dict[str, str] = {}
        while True:
            told = await self._patiently("ListUsers", Limit=PAGE, **following)
            yield [_listed(one) for one in told["Users"]]
            if not told.get("PaginationToken"):
                return
            following = {"PaginationToken": told["PaginationToken"]}

    async def columns(self) -> tuple[str, ...]:
        """Return the columns the pool wants in a file."""
        return tuple((await self._patiently("GetCSVHeader"))["CSVHeader"])

    async def bring(
        self, file: Path, algorithm: Algorithm | None, role: str, tell: Callable[[Outcome], None]
    ) -> Outcome:
        """Return what became of a file that was sent and imported; meanwhile `tell` how far it is.

        Not to be repeated blindly, though harmless: who is in the pool already is skipped. Raises Unavailable.
        """
        hashed: dict[str, Any] = {} if algorithm is None else {"PasswordHashingAlgorithm": algorithm}
        job = await self._ask("CreateUserImportJob", JobName=_name(file), CloudWatchLogsRoleArn=role, **hashed)
        await _upload(file, job["UserImportJob"]["PreSignedUrl"])
        about = {"JobId": job["UserImportJob"]["JobId"]}
        await self._ask("StartUserImportJob", **about)
        while True:
            found = _outcome((await self._patiently("DescribeUserImportJob", **about))["UserImportJob"])
            if found.status in _OVER:
                return found
            tell(found)
            await asyncio.sleep(self._look_again_s)

    async def disable(self, user_id: str) -> None:
        """Let somebody sign in no more: a file cannot say so. May be repeated; nobody of that id is fine."""
        await self._client.if_there("AdminDisableUser", user_id)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.calls.close()

    async def _ask(self, operation: str, *, repeatable: bool = False, **given: Any) -> dict[str, Any]:  # noqa: ANN401
        return await self._client.ask(operation, signed=True, repeatable=repeatable, UserPoolId=self._pool, **given)

    async def _patiently(self, operation: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the answer to what may be repeated, asked again for half a minute: a quota is over in a second."""
        for seconds in _PATIENCE_S:
            try:
                return await self._ask(operation, repeatable=True, **given)
            except Unavailable:
                await asyncio.sleep(seconds)
        return await self._ask(operation, repeatable=True, **given)


async def _upload(file: Path, to: str) -> None:
    """Send a file to the address of its job; raises Unavailable, which does not name it: it is as good as a password."""
    content = await asyncio.to_thread(file.read_bytes)
    try:
        async with httpx.AsyncClient(timeout=_UPLOAD_S) as client:
            told = await client.put(to, content=content, headers={"x-amz-server-side-encryption": "aws:kms"})
            told.raise_for_status()
    except httpx.HTTPError as error:
        raise Unavailable(f"{file.name} could not be sent to Amazon: {type(error).__name__}.") from None


def _name(file: Path) -> str:
    return f"noughts-{file.stem}"


def _outcome(job: dict[str, Any]) -> Outcome:
    return Outcome(
        status=job["Status"],
        imported=job.get("ImportedUsers", 0),
        skipped=job.get("SkippedUsers", 0),
        failed=job.get("FailedUsers", 0),
        message=job.get("CompletionMessage", ""),
    )


def _listed(told: dict[str, Any]) -> Listed:
    attributes = {one["Name"]: one.get("Value", "") for one in told.get("Attributes", [])}
    return Listed(
        id=told["Username"],
        email=attributes.get("email"),
        email_verified=attributes.get("email_verified") == "true",
        name=attributes.get("preferred_username"),
        enabled=told.get("Enabled", True),
        confirmed=told.get("UserStatus") != "UNCONFIRMED",
        created_at=told["UserCreateDate"],
    )
