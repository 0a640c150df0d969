"""The entrance: looks at the first part of the address and shows everyone to their door."""

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from noughts.kit.errors import NotFound

_NOWHERE: Final = b"%2f"


class Gateway:
    """Doors by the first segment of the path; whoever names none of them wants the page."""

    def __init__(self, doors: Mapping[str, ASGIApp], web: ASGIApp) -> None:
        self._doors = doors
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; an encoded slash leads nowhere, so that no path is read two ways."""
        if _NOWHERE in scope["raw_path"].lower():
            raise NotFound
        segment = scope["path"][1:].partition("/")[0]
        await self._doors.get(segment, self._web)(scope, receive, send)
