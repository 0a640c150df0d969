"""The images: those of Noughts from a clean checkout, and what they stand on where no container registry is reached."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from tests.containers.engine import Podman

ROOT: Final = Path(__file__).parents[2]
PYTHON: Final = "docker.io/library/python:3.11-slim-bookworm"
POSTGRES: Final = "docker.io/library/postgres:17"
_INCLUDED: Final = "ca-certificates,python3,python3-pip,python3-venv"
_MADE_FROM: Final = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "CHANGELOG.md", ".containerignore",
                     "docs/openapi.json", "requirements", "infra/container", "src", "web")  # fmt: skip


class Images(NamedTuple):
    """The names of what was built, and the checkout it was built from."""

    noughts: str
    envoy: str
    checkout: Path


def checkout(folder: Path) -> Path:
    """Return a copy of what is under version control, and nothing else that lies around."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def built(podman: Podman, folder: Path) -> Images:
    """Return the images of this checkout, built unless they are there."""
    foundation(podman)
    clean = checkout(folder)
    mark = _digest(clean)
    images = Images(f"localhost/noughts-test:{mark}", f"localhost/noughts-envoy-test:{mark}", clean)
    for target, name in (("noughts", images.noughts), ("envoy", images.envoy)):
        if not podman.has(name):
            containerfile = clean / "infra/container/Containerfile"
            podman.build(clean, f"--file={containerfile}", f"--target={target}", f"--tag={name}")
    _forget_older(podman, images)
    return images


def foundation(podman: Podman) -> None:
    """Make what stands for the official images of Python and PostgreSQL, from Debian's packages, unless it is there."""
    if not podman.has(PYTHON):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "root")
            subprocess.run(
                ["debootstrap", "--variant=minbase", f"--include={_INCLUDED}", "bookworm", str(root)],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            shutil.rmtree(root / "var/cache/apt/archives")
            packed = Path(folder, "root.tar")
            subprocess.run(["tar", "-C", str(root), "-cf", str(packed), "."], check=True)
            podman("import", str(packed), PYTHON)
    if not podman.has(POSTGRES):
        podman.build(ROOT / "tests/containers/postgres", f"--build-arg=DEBIAN={PYTHON}", f"--tag={POSTGRES}")


def size(podman: Podman, image: str) -> int:
    """Return the bytes of an image, unpacked."""
    return int(podman("image", "inspect", "--format={{.Size}}", image))


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for name in _MADE_FROM:
        files = [folder / name] if (folder / name).is_file() else sorted((folder / name).rglob("*"))
        for file in files:
            if file.is_file():
                total.update(f"{file.relative_to(folder)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]


def _forget_older(podman: Podman, images: Images) -> None:
    for name in podman("images", "--format={{.Repository}}:{{.Tag}}").splitlines():
        if name.startswith(("localhost/noughts-test:", "localhost/noughts-envoy-test:")) and name not in images:
            podman("rmi", name, check=False)
    # What other builds left, the steps they may share with the next one for a week.
    podman("image", "prune", "--force", "--filter=until=168h", check=False)
