"""`noughts serve`."""

import asyncio
import contextlib
import gc
import os
from collections.abc import Iterator

from noughts import compose
from noughts.cli.installation import Data, chosen, command_name, migrate_apart
from noughts.cli.patience import until_prepared
from noughts.kit import directory, server, settings
from noughts.kit.logging import log

_BANNER = """
  Noughts is at {origin}
  The API is described at {origin}/docs
  {kept} in {data}
  Mails are {mails}
  To make an admin, sign up on the page, then: {command} users promote <username>{where}
"""


def serve(*parts: compose.Part, host: str | None = None, port: int | None = None, data: Data = None) -> None:
    """Run everything in one process, or only the services named.

    Parameters
    ----------
    parts
        Services to run here: users, auth, games, gateway. Where the others are, `noughts settings` says how to say.
    host
        Address to listen on (NOUGHTS_HOST; 127.0.0.1).
    port
        Port to listen on (NOUGHTS_PORT; 8000).
    """
    import uvloop

    found = chosen(host=host, port=port, data=data)
    log.configure(found.server.log)
    here = frozenset(parts or compose.PARTS)
    with _held(found) if here == frozenset(compose.PARTS) else contextlib.nullcontext():
        # Before anybody can knock: neighbours try the next replica at once where nobody listens.
        asyncio.run(until_prepared(found.server))
        listener = server.listen(found.server.host, found.server.port)
        port = listener.getsockname()[1]
        if port != found.server.port:
            found = chosen(host=host, port=port, data=data)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(found, here, listener))


@contextlib.contextmanager
def _held(found: compose.Settings) -> Iterator[None]:
    """Keep every other server off the data directory; services that run apart hold nothing there."""
    directory.prepare(found.server.directory)
    held = directory.hold(found.server.directory)
    yield
    os.close(held)


async def _serve(found: compose.Settings, here: frozenset[compose.Part], listener: server.Listener) -> None:
    told = found.server
    admin = server.listen(told.admin_host, told.admin_port, "NOUGHTS_ADMIN_PORT") if told.admin_port else None
    apart = told.internal_port if "gateway" in here and 1 < len(here) < len(compose.PARTS) else 0
    inside = server.listen(told.host, apart, "NOUGHTS_INTERNAL_PORT") if apart else None
    async with compose.opened(found, migrate_apart, here) as house:
        entrance = (await house.ready()).entrance()
        tasks = [asyncio.create_task(work) for work in house.workers()]
        _settle()
        if here == frozenset(compose.PARTS):
            _greet(found, house.mailer.place)
        else:
            print(f"noughts: {', '.join(sorted(here))} at port {listener.getsockname()[1]}", flush=True)
        served = [(entrance, listener)]
        served += [(house.inside(), inside)] if inside else []
        served += [(house.admin(), admin)] if admin else []
        await server.serve(*served, requests=house.requests, drain=house.drain)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _settle() -> None:
    """Leave what the start made out of every later garbage collection: less work, and shorter pauses."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _greet(found: compose.Settings, mails: str) -> None:
    given = found.server.data
    where = "" if given == settings.Server().data else f" --data {given}"
    data = found.server.directory.absolute()
    kept = "Everything but the database is kept" if found.server.database else "Everything is kept"
    told = _BANNER.format(
        origin=found.server.origin, kept=kept, data=data, mails=mails, command=command_name(), where=where
    )
    print(told, flush=True)
