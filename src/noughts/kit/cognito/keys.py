"""The tokens of a user pool, checked against the keys it publishes."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import httpx
import jwt
import msgspec

from noughts.kit.cognito.settings import CognitoSettings
from noughts.kit.errors import Unavailable
from noughts.kit.logging import log
from noughts.kit.tokens import LEEWAY_S
from noughts.kit.tracing import step

ALGORITHM: Final = "RS256"
READ_AGAIN_S: Final = 30.0
"""A token that names an unknown key has them read again, and no oftener than this."""
TRIED_AGAIN_S: Final = 1.0
"""Where they could not be read, nobody waits for another try before this."""
_DEADLINE_S: Final = 3.0
_UNREAD: Final = "The keys of the user pool cannot be read."
_LARGEST: Final = 64 * 1024
_LEAST_BITS: Final = 2_048
_CLAIMS: Final = ["exp", "iat", "iss", "sub", "token_use", "client_id", "username"]


class NotBelieved(Exception):
    """The token is none of this pool's, for this client and this person; the text says why."""


class Listed(msgspec.Struct, frozen=True):
    """A document of keys (RFC 7517)."""

    keys: list[dict[str, Any]]


class PoolKeys:
    """The pool's public keys by id: read when the first is wanted, and again when an unknown one is."""

    def __init__(self, url: str, now: Callable[[], float] = time.monotonic) -> None:
        self._url, self._now = url, now
        self._keys: dict[str, Any] = {}
        self._read_at = self._failed_at = float("-inf")
        self._reading = asyncio.Lock()

    async def find(self, key_id: str) -> Any:  # noqa: ANN401 - PyJWT leaves the type of its keys open
        """Return the key, or None where the pool publishes none of that id; raises Unavailable where that cannot be read."""
        if key_id not in self._keys:
            async with self._reading:  # who waited here finds what was read meanwhile
                if key_id not in self._keys and self._now() - self._read_at >= READ_AGAIN_S:
                    await self._read()
        return self._keys.get(key_id)

    async def _read(self) -> None:
        if self._now() - self._failed_at < TRIED_AGAIN_S:
            raise Unavailable(_UNREAD, retry_after=2)
        try:
            with step("cognito keys", kind="client"):
                async with asyncio.timeout(_DEADLINE_S), httpx.AsyncClient(timeout=_DEADLINE_S) as client:
                    told = (await client.get(self._url)).raise_for_status().content[:_LARGEST]
            found = msgspec.json.decode(told, type=Listed).keys
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, msgspec.MsgspecError) as error:
            log.error("cognito_keys_unread", url=self._url, reason=type(error).__name__)
            self._failed_at = self._now()
            raise Unavailable(_UNREAD, retry_after=2) from None
        self._read_at = self._now()
        self._keys = dict(key for one in found if (key := _usable(one)) is not None)


def _usable(listed: dict[str, Any]) -> tuple[str, Any] | None:
    """Return a listed key with its id; None for one of another kind, or too short."""
    if listed.get("kty") != "RSA" or listed.get("use", "sig") != "sig" or listed.get("alg", ALGORITHM) != ALGORITHM:
        return None
    try:
        key = jwt.PyJWK(listed, ALGORITHM).key
    except jwt.PyJWTError:
        return None
    return (str(listed.get("kid")), key) if key.key_size >= _LEAST_BITS else None


class AccessTokens:
    """Checks access tokens of one pool and one app client."""

    def __init__(self, chosen: CognitoSettings, keys: PoolKeys) -> None:
        self._issuer, self._client, self._keys = chosen.issuer, chosen.cognito_client, keys

    async def require(self, token: str, user_id: str) -> None:
        """Return where it is a current access token of this person; raises NotBelieved, Unavailable.

        The algorithm is RS256 whatever the token says, and the key one of the pool's.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM or not isinstance(header.get("kid"), str):
                raise NotBelieved("It is not signed with RS256 by a key that is named.")
            key = await self._keys.find(header["kid"])
            if key is None:
                raise NotBelieved("It is signed by a key the pool does not publish.")
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": _CLAIMS, "verify_aud": False},  # access tokens of Cognito have no `aud`
            )
        except (jwt.PyJWTError, ValueError) as error:  # ValueError: no text at all
            raise NotBelieved(f"{type(error).__name__}.") from None
        self._require_ours(claims, user_id)

    def _require_ours(self, claims: dict[str, Any], user_id: str) -> None:
        wanted = {"token_use": "access", "client_id": self._client, "username": user_id}
        for name, value in wanted.items():
            if claims[name] != value:
                raise NotBelieved(f"Its `{name}` is another one.")
