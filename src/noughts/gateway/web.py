"""The page: its shell at the addresses people see, its assets, and nothing anywhere else."""

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.types import Receive, Scope, Send

from noughts.kit.edge.answers import PAGE_GUARDS, PAGE_POLICY
from noughts.kit.errors import MethodNotAllowed, NotFound

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.staticfiles import StaticFiles

PAGE: Final = Path(__file__).parent / "page"
ADDRESSES: Final = re.compile(r"/(?:play/[\w-]+|@[^/]+|lobby|leaderboard|settings|admin|verify|recover)?")
_NOT_BUILT: Final = (
    "<!doctype html><title>Noughts</title><p>The page has not been built into this installation: run <code>make page"
    '</code>. The <a href="/docs">API</a> is here.'
)
_FOREVER: Final = "public, max-age=31536000, immutable"


class Web:
    """The built page as an ASGI application."""

    def __init__(self, folder: Path = PAGE) -> None:
        index = folder / "index.html"
        self._shell = index.read_bytes() if index.is_file() else _NOT_BUILT.encode()
        self._etag = f'"{hashlib.sha256(self._shell).hexdigest()[:16]}"'
        self._folder = folder

    @cached_property
    def _files(self) -> "StaticFiles":
        """The folder's files; what serves them is loaded with the first, so that no start waits for it."""
        from starlette.staticfiles import StaticFiles

        return StaticFiles(directory=self._folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the shell or an asset; raises NotFound anywhere else."""
        path = scope["path"]
        if not (ADDRESSES.fullmatch(path) or path.startswith("/assets/") or path == "/favicon.svg"):
            raise NotFound
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed("It answers to GET, HEAD.", headers=(("Allow", "GET, HEAD"),))
        response = await self._file(path, scope) if "." in path.rpartition("/")[2] else self._page(scope)
        for name, value in (
            *PAGE_GUARDS,
            (b"x-content-type-options", b"nosniff"),
            (b"content-security-policy", PAGE_POLICY.encode()),
        ):
            response.headers[name.decode()] = value.decode()
        await response(scope, receive, send)

    async def _file(self, path: str, scope: Scope) -> "Response":
        response = await self._files.get_response(path.lstrip("/"), scope)
        response.headers["cache-control"] = _FOREVER if path.startswith("/assets/") else "public, max-age=3600"
        return response

    def _page(self, scope: Scope) -> "Response":
        from starlette.responses import Response

        headers = {"etag": self._etag, "cache-control": "no-cache"}
        if (b"if-none-match", self._etag.encode()) in scope["headers"]:
            return Response(status_code=304, headers=headers)
        return Response(self._shell, media_type="text/html", headers=headers)
