"""A row of a service's route table: the whole truth about one call, from which routing, limits and OpenAPI follow."""

import enum
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from noughts.kit.edge.answers import Answer
from noughts.kit.edge.asks import Ask
from noughts.kit.errors import Problem


class Who(enum.Enum):
    """Whether a call looks at the access token."""

    ANYONE = "not looked at"
    OPTIONAL = "optional"
    SIGNED_IN = "required"
    SERVICE = "another service's"


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call without query parameters."""


class Limit(msgspec.Struct, frozen=True):
    """So many calls in a window for one address; and for its `network` together.

    Where `per_user`, it is for whoever is signed in instead; where `per_browser`, for whoever's browser it is.
    """

    name: str
    calls: int
    window_s: int
    per_user: bool = False
    per_browser: bool = False
    network: "Limit | None" = None


EVERYTHING_ELSE = Limit("requests", 100, 1, per_user=True)


class Route(msgspec.Struct, frozen=True):
    """One call. `handler` is given the service and what was asked; it decodes nothing and decides nothing."""

    method: str
    path: str
    handler: Callable[[Any, Ask[Any, Any]], Awaitable[Answer]]
    summary: str
    who: Who = Who.SIGNED_IN
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] = NoQuery
    answer: type[msgspec.Struct] | tuple[type[msgspec.Struct], ...] = ()
    status: int = 200
    also: tuple[int, ...] = ()
    errors: tuple[type[Problem], ...] = ()
    limit: Limit = EVERYTHING_ELSE
    keyed: bool = False
    conditional: bool = False
    scope: str | None = None
    repeatable: bool = False  # as harmless twice as once, though its method does not say so
    media_types: tuple[str, ...] = ("application/json",)
    media_type: str = ""
    """What is answered in, where it is not JSON and does not last."""
    live: Literal["", "socket", "stream", "lines"] = ""
    """Whether it lasts: a WebSocket (`Upgrade`, status 101), server-sent events (`events`), lines of JSON (`lines`)."""
