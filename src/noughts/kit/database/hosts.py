"""Reaching PostgreSQL: of the hosts in an address, the one that can be written to."""

import asyncio
import os
from typing import Any, Final
from urllib.parse import parse_qs

import asyncpg

Connection = Any  # asyncpg ships no types
_PATIENCE_S: Final = 1.5
NOT_HERE: Final = (
    OSError,  # TimeoutError is one
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
    asyncpg.TargetServerAttributeNotMatched,
)
"""What it means that another host may be the right one, now or in a moment."""


def each_host(address: str) -> tuple[str, ...]:
    """Return an address for each host that a `postgresql://a,b/database` names before its path."""
    scheme, separator, rest = address.partition("://")
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    who, at, hosts = rest[:end].rpartition("@")
    return tuple(f"{scheme}{separator}{who}{at}{host}{rest[end:]}" for host in hosts.split(","))


def demands(address: str) -> dict[str, str]:
    """Return what a server must be besides reachable: writable, unless the address or the environment says otherwise.

    A standby answers reads with what once was, and nobody would notice.
    """
    said = "target_session_attrs" in parse_qs(address.partition("?")[2]) or "PGTARGETSESSIONATTRS" in os.environ
    return {} if said else {"target_session_attrs": "read-write"}


class Hosts:
    """Connects to the host that was right the last time, else to the next one that is."""

    def __init__(self, address: str) -> None:
        self._addresses = each_host(address)
        self._demands = demands(address)
        self._first = 0

    async def connect(self, *_: str, **options: object) -> Connection:
        """Return a connection; raises what the last of the hosts said."""
        count = len(self._addresses)
        for at in (number % count for number in range(self._first, self._first + count)):
            try:
                async with asyncio.timeout(_PATIENCE_S if count > 1 else None):
                    connection = await asyncpg.connect(self._addresses[at], **self._demands, **options)
            except NOT_HERE as error:
                last = error
                continue
            self._first = at
            return connection
        raise last
