"""A whole cluster: it begins, is replaced without a gap, and ends."""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from noughts import compose
from noughts.cli.cluster.lines import Teller
from noughts.cli.cluster.plan import DRAIN_S, Addresses, Member, members
from noughts.cli.cluster.processes import Kept
from noughts.cli.installation import command_name
from noughts.gateway import envoy
from noughts.kit import directory
from noughts.kit.errors import Refusal

_NOTICED_S: Final = 1.5
"""The gateway asks twice a second whether a replica is ready: within this it knows of one that is back."""
_BANNER: Final = """
  Noughts is at {origin}: {processes} processes behind Envoy (its own pages: http://{admin})
  {kept}
  To make an admin, sign up on the page, then:
    {database}{command} users promote <username> --data {data}
  Ctrl-C stops it. kill -HUP {pid} replaces everything, one replica after the other, while it serves.
"""


class Cluster:
    """Everything that runs, and what may be asked of it: to begin, to be replaced, to end."""

    def __init__(self, found: compose.Settings, database: str, databases: Path, replicas: int) -> None:
        self._found, self._database = found, database
        self._teller = Teller()
        self._addresses = Addresses.chosen(replicas)
        shared = _shared(os.environ, found)
        self._replicas = [
            [Kept(each, self._teller) for each in group] for group in members(self._addresses, shared, databases)
        ]
        self._envoy = self._gateway()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; on SIGHUP replace everything meanwhile."""
        loop, end, again = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end.set)
        loop.add_signal_handler(signal.SIGHUP, again.set)
        try:
            await _unless(end, self._begin())
            while not end.is_set():
                waiting = [asyncio.create_task(event.wait()) for event in (end, again)]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in waiting:
                    task.cancel()
                if again.is_set() and not end.is_set():
                    again.clear()
                    await self._roll(end)
        finally:
            await self._end()

    async def _begin(self) -> None:
        everyone = [kept for group in self._replicas for kept in group]
        for kept in everyone:
            await kept.start()
        await asyncio.gather(*(kept.until_ready() for kept in everyone))
        await self._envoy.start()
        await self._envoy.until_ready()
        self._greet(len(everyone))

    async def _roll(self, end: asyncio.Event) -> None:
        """Replace the first replica of each service, then the second, and so on, then the gateway.

        Whatever was not replaced yet when one does not become ready, or when everything is to end, stays as it is.
        """
        self._teller.say("cluster", "replacing everything")
        try:
            for group in self._replicas:
                restarted = await asyncio.gather(*(kept.restart() for kept in group), return_exceptions=True)
                for failed in filter(None, restarted):
                    raise failed
                await asyncio.sleep(_NOTICED_S)
                if end.is_set():
                    return
            await self._envoy.replace()
        except Refusal as refusal:
            self._teller.say("cluster", f"replaced no further: {refusal}")
        else:
            self._teller.say("cluster", "everything was replaced")

    async def _end(self) -> None:
        await self._envoy.stop()
        await asyncio.gather(*(kept.stop() for group in self._replicas for kept in group))

    def _gateway(self) -> Kept:
        admin = Addresses.chosen(1).gateway[0]
        plan = envoy.Plan(
            users=self._addresses.users,
            auth=self._addresses.auth,
            games=self._addresses.games,
            gateway=self._addresses.gateway,
            base_url=self._found.server.origin,
            listen=f"{self._found.server.host}:{self._found.server.port}",
            admin=admin,
            limited=self._found.gateway.rate_limits == "on",
        )
        self._admin = admin
        config = self._found.server.directory / "envoy.json"
        config.write_bytes(msgspec.json.format(msgspec.json.encode(envoy.bootstrap(compose.TABLES, plan))))
        base_id = self._found.server.port  # nobody else has it, and the next cluster here finds what this one left

        def command(replaced: int) -> Sequence[str]:
            return envoy.command(config, base_id=base_id, restart_epoch=replaced, drain_s=int(DRAIN_S))

        member = Member(name="envoy", command=(), environ=dict(os.environ), ready=f"http://{admin}/ready")
        return Kept(member, self._teller, command)

    def _greet(self, processes: int) -> None:
        data, given = self._found.server.directory.absolute(), self._found.server.database
        told = _BANNER.format(
            origin=self._found.server.origin,
            processes=processes + 1,
            admin=self._admin,
            kept=f"Secret and mails are kept in {data}" if given else f"Everything is kept in {data.parent}",
            data=shlex.quote(str(data)),
            database=_told_database(os.environ, given, self._database),
            command=command_name(),
            pid=os.getpid(),
        )
        print(told, flush=True, file=sys.stdout)


async def _unless(end: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do some work, and leave it where it is when everything is to end."""
    doing, told = asyncio.create_task(work), asyncio.create_task(end.wait())
    await asyncio.wait((doing, told), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if doing.cancel():
        await asyncio.wait((doing,))
    else:
        doing.result()


def _told_database(environ: Mapping[str, str], given: str, used: str) -> str:
    """Return what a command of the operator's needs before it to find the database; passwords given are not shown."""
    if "NOUGHTS_DATABASE" in environ or "NOUGHTS_DATABASE_FILE" in environ:
        return ""
    return "NOUGHTS_DATABASE='<the address you gave>' " if given else f"NOUGHTS_DATABASE={shlex.quote(used)} "


def _shared(environ: Mapping[str, str], found: compose.Settings) -> dict[str, str]:
    """Return the environment of every service: ours, and what they must agree on."""
    secret = found.server.secret or directory.secret(found.server.directory).hex()
    told = {
        "NOUGHTS_SECRET": secret,
        "NOUGHTS_BASE_URL": found.server.origin,
        "NOUGHTS_DATA": str(found.server.directory),
        "NOUGHTS_TRUSTED_PROXIES": "127.0.0.0/8",
        "NOUGHTS_DRAIN_S": str(DRAIN_S),
    }
    clashing = {f"{name}_FILE" for name in told} | {"NOUGHTS_ADMIN_PORT", "NOUGHTS_DATABASE", "NOUGHTS_DATABASE_FILE"}
    return {name: value for name, value in environ.items() if name not in clashing} | told
