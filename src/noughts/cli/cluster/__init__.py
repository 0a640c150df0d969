"""`noughts cluster`."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from noughts import compose, migrations
from noughts.cli.cluster import postgres
from noughts.cli.cluster.everything import Cluster
from noughts.cli.installation import chosen
from noughts.gateway import envoy
from noughts.kit import directory, server, settings
from noughts.kit.errors import Refusal

_FOLDER: Final = "noughts-cluster"


def cluster(
    *,
    port: int | None = None,
    replicas: int = 2,
    data: Annotated[str, Parameter(help="Directory of the secret, the mails and PostgreSQL's data.")] = _FOLDER,
    database: str | None = None,
) -> None:
    """Start a whole cluster on this machine: PostgreSQL, every service in processes of its own, Envoy before them.

    Parameters
    ----------
    port
        Port to listen on (NOUGHTS_PORT; 8000).
    replicas
        Processes of each service.
    database
        A postgresql:// address to use instead of starting one (NOUGHTS_DATABASE).
    """
    if not 1 <= replicas <= 16:
        raise Refusal("A cluster has 1 to 16 replicas of each service.")
    envoy.program()
    _require_free(chosen(port=port).server)
    folder = Path(data)
    _make(folder)
    found = chosen(port=port, data=str(folder / "data"), database=database)
    directory.prepare(found.server.directory)
    held = directory.hold(found.server.directory)
    from noughts.maintenance import roles

    databases = found.server.directory / "databases"
    with _database(found, folder) as address:
        asyncio.run(migrations.upgrade(address))
        asyncio.run(roles.ensure(address, databases))
        asyncio.run(Cluster(found, address, databases, replicas).run())
    os.close(held)


def _make(folder: Path) -> None:
    """Make the folder, which PostgreSQL's own user must be able to enter; raises Refusal where that cannot be."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"The directory {folder} cannot be used: {(error.strerror or str(error)).lower()}.") from None


def _require_free(wanted: settings.Server) -> None:
    """Raise Refusal where somebody listens already: Envoy would share the port with them."""
    server.listen(wanted.host, wanted.port).close()


def _database(found: compose.Settings, folder: Path) -> contextlib.AbstractContextManager[str]:
    if found.server.database:
        return contextlib.nullcontext(found.server.database)
    return postgres.running((folder / "postgres").absolute())
