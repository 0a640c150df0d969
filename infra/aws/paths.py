"""What the balancer and the HTTP API are told, drawn from the services' route tables."""

import re
from itertools import groupby
from typing import Final, NamedTuple

from noughts.compose.house import TABLES
from noughts.gateway.envoy.routing import public
from noughts.kit.edge import Who

_PARAMETER: Final = re.compile(r"{\w+}")
_ELSEWHERE: Final = "gateway"
INTERNAL: Final = ("/internal", "/internal/*")
_LASTING: Final = [path for _, path, methods in public(TABLES) if any(route.live for route in methods.values())]
_ELSE: Final = ("/games/export", "/users/*/export")
STREAMS: Final = tuple(dict.fromkeys([*(_PARAMETER.sub("*", path) for path in _LASTING), *_ELSE]))
"""What lasts or may be large: the HTTP API waits for the whole answer, for 30 s and 10 MB at most."""
DISCOVERY: Final = "/.well-known/*"
"""Read by the HTTP API's authorizer itself, so not through the HTTP API."""
ASSETS: Final = "/assets/*"
"""Named by what is in them: CloudFront keeps them."""
VALUES: Final = 4
"""So many paths in a rule of the balancer, beside the secret header: all its conditions together have five values at most."""


class Rule(NamedTuple):
    """Paths of one service, as the balancer writes them: `*` stands for anything, slashes too."""

    service: str
    patterns: tuple[str, ...]


class Call(NamedTuple):
    """A route of the HTTP API."""

    key: str
    needs_token: bool


def rules() -> list[Rule]:
    """Return which service answers which paths, the first match deciding; what matches nothing is the gateway's.

    The narrower pattern comes first, for `/users/*` takes in `/users/*/sessions`, which is another service's.
    """
    whose = {_PARAMETER.sub("*", path): service for service, path, _ in public(TABLES)}
    wider = {pattern: [whose[one] for one in whose if one != pattern and _matches(one, pattern)] for pattern in whose}
    led = [
        one for one, service in whose.items() if {*wider[one]} - {service} or (not wider[one] and service != _ELSEWHERE)
    ]
    led.sort(key=lambda one: (-len(wider[one]), whose[one], one))
    return [
        Rule(service, patterns[at : at + VALUES])
        for (_, service), some in groupby(led, key=lambda one: (len(wider[one]), whose[one]))
        for patterns in [tuple(some)]
        for at in range(0, len(patterns), VALUES)
    ]


def inside() -> dict[str, str]:
    """Return the pattern of what each service answers to other services alone."""
    return {service: f"/internal/{service}/*" for service in ("users", "auth", "games")}


def calls() -> list[Call]:
    """Return the routes of the HTTP API: those that need a token, and those that do not look at it or might."""
    return [
        Call(f"{method} {path}", needs_token=route.who is Who.SIGNED_IN)
        for _, path, methods in public(TABLES)
        for method, route in methods.items()
        if not route.live
    ]


def _matches(pattern: str, path: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), path) is not None
