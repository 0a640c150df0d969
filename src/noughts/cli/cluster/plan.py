"""Which processes make a cluster, and what each is told."""

import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from noughts import compose

DRAIN_S: Final = 2.0
"""Longer than the gateway takes to notice that a replica is not ready (it asks twice a second)."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A process: what it is called in the logs, its command, its environment, and the address that says it is ready."""

    name: str
    command: tuple[str, ...]
    environ: dict[str, str]
    ready: str


class Addresses(msgspec.Struct, frozen=True):
    """Where each replica of each service listens: `host:port`, on loopback."""

    users: tuple[str, ...]
    auth: tuple[str, ...]
    games: tuple[str, ...]
    gateway: tuple[str, ...]

    @classmethod
    def chosen(cls, replicas: int) -> "Addresses":
        """Return addresses that are free just now, all different."""
        with ExitStack() as held:
            return cls(*(tuple(_free(held) for _ in range(replicas)) for _ in compose.PARTS))

    def of(self, part: compose.Part) -> tuple[str, ...]:
        """Return those of one service."""
        found: tuple[str, ...] = getattr(self, part)
        return found


def members(addresses: Addresses, shared: Mapping[str, str], databases: Path) -> list[list[Member]]:
    """Return the replicas of all services: first the first of each, then the second of each, and so on.

    `databases` holds a file for each service that has a database: its address, with a role of its own.
    """
    services = [part for part in compose.PARTS if part != "gateway"]
    told = dict(shared) | {f"NOUGHTS_{part.upper()}_URL": _urls(addresses.of(part)) for part in services}
    own = {part: {"NOUGHTS_DATABASE_FILE": str(databases / part)} if part in services else {} for part in compose.PARTS}
    return [
        [_member(part, number, address, told | own[part]) for part, address in zip(compose.PARTS, each, strict=True)]
        for number, each in enumerate(zip(*map(addresses.of, compose.PARTS), strict=True), 1)
    ]


def _member(part: compose.Part, number: int, address: str, environ: dict[str, str]) -> Member:
    host, _, port = address.rpartition(":")
    return Member(
        name=f"{part}.{number}",
        command=(sys.executable, "-m", "noughts", "serve", part, "--host", host, "--port", port),
        environ=environ,
        ready=f"http://{address}/readyz",
    )


def _urls(addresses: tuple[str, ...]) -> str:
    return ",".join(f"http://{address}" for address in addresses)


def _free(held: ExitStack) -> str:
    probe = held.enter_context(socket.socket())
    probe.bind(("127.0.0.1", 0))
    return f"127.0.0.1:{probe.getsockname()[1]}"
