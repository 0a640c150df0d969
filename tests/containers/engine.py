"""Podman with a storage of its own: what the tests make touches no other image, and lasts from one run to the next."""

import os
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "noughts" / "containers"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
# Machines without systemd, without CAP_SYS_RESOURCE or with the first kind of cgroups run podman with these.
_ENGINE = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=30000:30000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{run}/engine"
[network]
network_backend = "netavark"
network_config_dir = "{cache}/networks"
"""
_STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{cache}/storage"
runroot = "{run}/storage"
"""


class Podman:
    """The `podman` command on the storage of the tests."""

    def __init__(self) -> None:
        CACHE.mkdir(parents=True, exist_ok=True)
        run = Path("/run/noughts-tests")
        names = {"CONTAINERS_CONF": _ENGINE, "CONTAINERS_STORAGE_CONF": _STORAGE}
        self.environ = dict(os.environ)
        for name, text in names.items():
            file = CACHE / f"{name.lower()}.conf"
            file.write_text(text.format(cache=CACHE, run=run))
            self.environ[name] = str(file)

    def __call__(self, *arguments: str, check: bool = True, timeout: float = 600) -> str:
        """Return what a command says; raises RuntimeError with what it complains of."""
        done = self.attempt(*arguments, timeout=timeout)
        if check and done.returncode:
            raise RuntimeError(f"podman {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-4000:]}")
        return done.stdout.strip()

    def attempt(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Return a command that ended, whichever way."""
        return subprocess.run(
            ["podman", *arguments], env=self.environ, capture_output=True, text=True, timeout=timeout, check=False
        )

    def has(self, image: str) -> bool:
        """Return whether an image is in the storage."""
        return self.attempt("image", "exists", image).returncode == 0

    def build(self, context: Path, *options: str) -> None:
        """Build an image; the machine's authorities are trusted inside, as its registries may stand behind a proxy."""
        authorities = [f"--volume={AUTHORITIES}:{AUTHORITIES}:ro"] if AUTHORITIES.is_file() else []
        self("build", "--format=docker", "--pull=never", *authorities, *options, str(context))

    @contextmanager
    def running(self, image: str, *command: str, options: Sequence[str] = ()) -> Iterator[str]:
        """Run a container for the length of a block; yield its name."""
        name = f"noughts-test-{uuid.uuid4().hex[:12]}"
        self("run", "--detach", "--name", name, *options, image, *command)
        try:
            yield name
        finally:
            self("rm", "--force", "--time=0", "--volumes", name)
