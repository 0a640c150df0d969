"""How often anyone may call."""

import math
import time
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from noughts.kit.address import host_and_network
from noughts.kit.browsers import Browser
from noughts.kit.edge import Limit
from noughts.kit.errors import TooManyRequests
from noughts.kit.rates import Rates
from noughts.kit.settings import Switch
from noughts.kit.tokens import Principal


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about the entrance."""

    rate_limits: Annotated[
        Switch, Meta(description="`off` lets anyone call as often as they like: for load tests.")
    ] = "on"
    trusted_proxies: Annotated[
        str, Meta(description="Networks whose X-Forwarded-For is believed, comma-separated; empty: none.")
    ] = ""
    origin_secret: Annotated[
        str,
        Meta(
            description="What CloudFront shows in X-Noughts-Origin for its CloudFront-Viewer-Address to be believed.",
            pattern="^([!-~]{32,}|)$",
        ),
    ] = ""


class Limiter:
    """Counts what each call's limit is about: people, browsers, addresses, neighbourhoods."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.rates = Rates(now)

    def admit(self, limit: Limit, address: str, principal: Principal | None, browser: Browser | None = None) -> None:
        """Count one call; raises TooManyRequests, with Retry-After, RateLimit and RateLimit-Policy, past the limit."""
        host, network = host_and_network(address)
        caller: str = browser.owner if limit.per_browser and browser is not None else host
        self._take(limit, principal.user_id if limit.per_user and principal is not None else caller)
        if limit.network is not None:
            self._take(limit.network, network)

    def _take(self, limit: Limit, caller: str) -> None:
        wait_s = self.rates.wait_s(limit.name, caller, limit.calls, limit.window_s)
        if wait_s:
            raise _too_many(limit, wait_s)


def _too_many(limit: Limit, wait_s: float) -> TooManyRequests:
    seconds = max(1, math.ceil(wait_s))
    return TooManyRequests(
        f"At most {limit.calls} in {limit.window_s} s; try again in {seconds} s.",
        headers=(
            ("Retry-After", str(seconds)),
            ("RateLimit-Policy", f'"{limit.name}";q={limit.calls};w={limit.window_s}'),
            ("RateLimit", f'"{limit.name}";r=0;t={seconds}'),
        ),
    )


def no_limits(limit: Limit, address: str, principal: Principal | None, browser: Browser | None = None) -> None:
    """Let every call through."""
