"""The page: its shell at the addresses people see, its assets, and nothing anywhere else."""

import hashlib
import mimetypes
import re
from functools import cached_property
from pathlib import Path
from typing import Final

from noughts.kit.conditions import EntityTags
from noughts.kit.edge import Answer, Request, of_the_page
from noughts.kit.errors import MethodNotAllowed, NotFound

PAGE: Final = Path(__file__).parent / "page"
ADDRESSES: Final = re.compile(r"/(?:play/[\w-]+|@[^/.\x00-\x20\x7f]+|lobby|leaderboard|settings|admin|verify|recover)?")
_NOT_BUILT: Final = (
    "<!doctype html><title>Noughts</title><p>The page has not been built into this installation: run <code>make page"
    '</code>. The <a href="/docs">API</a> is here.'
)
_FOREVER: Final = "public, max-age=31536000, immutable"


class Web:
    """The door of the built page."""

    def __init__(self, folder: Path = PAGE) -> None:
        index = folder / "index.html"
        self._shell = index.read_bytes() if index.is_file() else _NOT_BUILT.encode()
        self._etag = f'"{hashlib.sha256(self._shell).hexdigest()[:16]}"'
        self._folder = folder

    @cached_property
    def _files(self) -> dict[str, tuple[bytes, str]]:
        """The other files, and of what kind they are, by their path: read with the first, so that no start waits."""
        files = [file for file in self._folder.rglob("*") if file.is_file() and file.name != "index.html"]
        return {f"/{file.relative_to(self._folder).as_posix()}": (file.read_bytes(), _kind(file)) for file in files}

    async def __call__(self, request: Request) -> Answer:
        """Answer with the shell or a file; raises NotFound anywhere else."""
        is_shell = ADDRESSES.fullmatch(request.path) is not None
        file = None if is_shell else self._files.get(request.path)
        if file is None and not is_shell:
            raise NotFound
        request.route = "page"
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed("It answers to GET, HEAD.", headers=(("Allow", "GET, HEAD"),))
        if file is None:
            return self._page(request.headers.get(b"if-none-match"))
        caching = _FOREVER if request.path.startswith("/assets/") else "public, max-age=3600"
        return of_the_page(*file, caching=caching)

    def missing(self) -> Answer:
        """Return the shell, which tells people that there is nothing at their address."""
        return of_the_page(self._shell, "text/html; charset=utf-8", caching="no-store", status=404)

    def _page(self, held: bytes | None) -> Answer:
        known = held is not None and EntityTags.parse(held.decode("latin-1")).match_weakly(self._etag)
        status = 304 if known else 200
        return of_the_page(self._shell, "text/html; charset=utf-8", caching="no-cache", etag=self._etag, status=status)


def _kind(file: Path) -> str:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
