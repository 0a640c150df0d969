"""What the entrance answers itself: whether it lives and is ready, how it is used, and what it composes from several services."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import msgspec

from noughts.gateway import docs
from noughts.gateway.profiles import HeadToHead, Lobby, Profile, Profiles
from noughts.kit import openapi
from noughts.kit.edge import Answer, Ask, Limit, NoQuery, Route, Who, page
from noughts.kit.errors import NotFound, Unavailable

LOOKS: Final = Limit("looks", 20, 1)
_PROFILE_KEPT_S: Final = 5
_LOBBY_KEPT_S: Final = 1
_TAG_BYTES: Final = 9
Check = Callable[[], Awaitable[bool]]


class NotReady(Unavailable):
    """This process cannot serve just now."""


class Alive(msgspec.Struct, frozen=True):
    """It lives."""

    status: str


class Desk:
    """What the entrance has at hand: the documents, drawn from the route tables when first asked for, and the checks."""

    def __init__(self, tables: Mapping[str, Sequence[Route]], version: str, checks: Mapping[str, Check]) -> None:
        self._tables = tables
        self._version = version
        self.checks = checks

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return openapi.document(self._tables, self._version)

    @cached_property
    def calls(self) -> str:
        """The page of all calls."""
        return docs.calls(self._tables, self.document)

    @cached_property
    def problems(self) -> dict[str, str]:
        """The page of each kind of problem."""
        return docs.problems(self._tables)


async def healthz(desk: Desk, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(Alive("alive"))


async def readyz(desk: Desk, ask: Ask[None, NoQuery]) -> Answer:
    missing = [name for name, check in desk.checks.items() if not await check()]
    if missing:
        raise NotReady(f"Not ready: {', '.join(missing)}.")
    return Answer(Alive("ready"))


async def openapi_document(desk: Desk, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(desk.document, caching="public, max-age=300")


async def docs_page(desk: Desk, ask: Ask[None, NoQuery]) -> Answer:
    return page(desk.calls)


async def docs_style(desk: Desk, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(docs.STYLE.encode(), media_type="text/css; charset=utf-8", caching="public, max-age=300")


async def problem_type(desk: Desk, ask: Ask[None, NoQuery]) -> Answer:
    found = desk.problems.get(ask.path["slug"])
    if found is None:
        raise NotFound("There is no such kind of problem.")
    return page(found)


async def get_player(profiles: Profiles, ask: Ask[None, NoQuery]) -> Answer:
    return _composed(await profiles.player(ask.path["username"]), ask, kept_s=_PROFILE_KEPT_S)


async def get_versus(profiles: Profiles, ask: Ask[None, NoQuery]) -> Answer:
    found = await profiles.versus(ask.path["username"], ask.path["other"])
    return _composed(found, ask, kept_s=_PROFILE_KEPT_S)


async def get_lobby(profiles: Profiles, ask: Ask[None, NoQuery]) -> Answer:
    return _composed(await profiles.lobby(), ask, kept_s=_LOBBY_KEPT_S)


def _composed(found: Profile | HeadToHead | Lobby, ask: Ask[None, NoQuery], *, kept_s: int) -> Answer:
    """Return a composed answer: the same for everyone and kept for a moment, unless something is missing."""
    body = msgspec.json.encode(found)
    if found.partial:
        return Answer(body)
    tag = f'"{hashlib.blake2s(body, digest_size=_TAG_BYTES).hexdigest()}"'
    held = ask.has(tag)
    return Answer(None if held else body, 304 if held else 200, tag, caching=f"public, max-age={kept_s}")


HEALTH: Final = (
    Route("GET", "/healthz", healthz, "Whether the process lives.", answer=Alive, who=Who.ANYONE),
    Route("GET", "/readyz", readyz, "Whether it can serve.", answer=Alive, errors=(NotReady,), who=Who.ANYONE),
)  # fmt: skip
"""What every process answers, whichever services run in it."""

ROUTES: Final = (
    *HEALTH,
    Route("GET", "/openapi.json", openapi_document, "This API as an OpenAPI 3.1 document.", who=Who.ANYONE),
    Route("GET", "/docs", docs_page, "This API for reading.", who=Who.ANYONE),
    Route("GET", "/docs/style.css", docs_style, "How the pages for reading look.", who=Who.ANYONE),
    Route("GET", "/problems/{slug}", problem_type, "What a kind of problem means.", who=Who.ANYONE),
)

COMPOSED: Final = (
    Route("GET", "/players/{username}", get_player, "Who somebody is, how they fared, how good they are, and their latest public games.",
          who=Who.ANYONE, answer=Profile, also=(304,), conditional=True, limit=LOOKS),
    Route("GET", "/players/{username}/versus/{other}", get_versus, "How two fared against each other, and their latest public games.",
          who=Who.ANYONE, answer=HeadToHead, also=(304,), conditional=True, limit=LOOKS),
    Route("GET", "/lobby", get_lobby, "Who waits for an opponent, and how much is played. Who prefers `text/html` gets the page.",
          who=Who.ANYONE, answer=Lobby, also=(304,), conditional=True, limit=LOOKS),
)  # fmt: skip
"""What is put together from what several services know; `partial` names those that could not be asked."""
