"""How often anyone may call, counted at the edge: one token bucket for each caller and limit, whichever replica answers.

A limit is a filter of its own, asleep until a route wakes it: so routes that share a limit share its buckets, and what a
refusal says (`RateLimit-Policy`) can stand in the filter.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from noughts.gateway.envoy.plan import Json, Plan, any_of
from noughts.gateway.envoy.signed_in import SUBJECT
from noughts.kit.browsers import COOKIE
from noughts.kit.edge import Limit, Route, Who
from noughts.kit.edge.routes import EVERYTHING_ELSE

PAGE: Final = Limit("page", 500, 1)
"""For an address, behind which a whole school may open the page: what stands in no table."""
_CALLERS: Final = 50_000
"""Buckets of one limit that are kept; past that those not used for longest are forgotten."""
_SHORTEST_MS: Final = 50
_ALL: Final = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
_HOST: Final = {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}
_NETWORK: Final = {"masked_remote_address": {"v4_prefix_mask_len": 24, "v6_prefix_mask_len": 48}}
_ADDRESS: Final = "masked_remote_address"
_SHOWN: Final = {"name": "cookie", "string_match": {"contains": f"{COOKIE}="}}


def names(limit: Limit) -> list[str]:
    """Return the filters a call under this limit wakes."""
    shown = [_filter_name(_shown(limit))] if limit.per_browser else []
    network = [] if limit.network is None else [_filter_name(limit.network)]
    return [_filter_name(limit), *shown, *network]


def filters(tables: Mapping[str, Sequence[Route]], plan: Plan) -> list[Json]:
    """Return a sleeping filter for each limit of the public routes."""
    limits = [
        PAGE,
        EVERYTHING_ELSE,
        *(route.limit for table in tables.values() for route in table if route.who is not Who.SERVICE),
    ]
    callers = {limit.name: limit for limit in limits}.values()
    networks = {limit.network.name: limit.network for limit in limits if limit.network is not None}.values()
    return [
        *(_filter(plan, limit, _by_caller(limit)) for limit in callers),
        *(_filter(plan, _shown(limit), [_counted(_HOST, if_=_SHOWN)]) for limit in callers if limit.per_browser),
        *(_filter(plan, limit, [_counted(_NETWORK)]) for limit in networks),
    ]


def _by_caller(limit: Limit) -> list[Json]:
    if limit.per_user:
        someone = {"request_headers": {"header_name": SUBJECT, "descriptor_key": "user"}}
        return [{"actions": [someone]}, _counted(_HOST, unless={"name": SUBJECT, "present_match": True})]
    return [_counted(_HOST, unless=_SHOWN)] if limit.per_browser else [_counted(_HOST)]


def _shown(limit: Limit) -> Limit:
    """Return the limit of an address for calls that show a browser's cookie, which may be forged."""
    return Limit(f"{limit.name}-shown", EVERYTHING_ELSE.calls, EVERYTHING_ELSE.window_s)


def _counted(whom: Json, *, if_: Json | None = None, unless: Json | None = None) -> Json:
    """Return what is counted: an address, for some calls only."""
    condition = if_ or unless
    if condition is None:
        return {"actions": [whom]}
    chosen = {"header_value_match": {
        "descriptor_key": "which", "descriptor_value": "some", "expect_match": unless is None, "headers": [condition],
    }}  # fmt: skip
    return {"actions": [chosen, whom]}


def _filter(plan: Plan, limit: Limit, counted: Iterable[Json]) -> Json:
    bucket, counted = _bucket(limit), list(counted)
    config = any_of(
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=_filter_name(limit).replace(".", "_"),
        always_consume_default_token_bucket=False,
        **({"local_cluster_rate_limit": {}} if plan.peers else {}),
        filter_enabled={"runtime_key": "limits.enabled", **_ALL},
        filter_enforced={"runtime_key": "limits.enforced", **_ALL},
        max_dynamic_descriptors=_CALLERS,
        rate_limits=counted,
        descriptors=[{"entries": _entries(rule), "token_bucket": bucket} for rule in counted],
        response_headers_to_add=_told(limit),
    )
    return {"name": _filter_name(limit), "disabled": True, "typed_config": config}


def _entries(rule: Json) -> list[Json]:
    """Return the descriptor a rule yields; without a value any is meant, each with a bucket of its own."""
    found: list[Json] = []
    for action in rule["actions"]:
        if "header_value_match" in action:
            found.append({"key": "which", "value": "some"})
        else:
            found.append({"key": "user" if "request_headers" in action else _ADDRESS})
    return found


def _bucket(limit: Limit) -> Json:
    """Return a bucket that holds all calls of a window and is given them back one by one, at most 20 times a second."""
    each_ms = limit.window_s * 1_000 / limit.calls
    at_once = math.ceil(_SHORTEST_MS / each_ms)
    return {"max_tokens": limit.calls, "tokens_per_fill": at_once, "fill_interval": f"{each_ms * at_once / 1_000:g}s"}


def _told(limit: Limit) -> list[Json]:
    seconds = max(1, math.ceil(limit.window_s / limit.calls))
    name = limit.name.removesuffix("-shown")
    lines = {
        "retry-after": str(seconds),
        "ratelimit-policy": f'"{name}";q={limit.calls};w={limit.window_s}',
        "ratelimit": f'"{name}";r=0;t={seconds}',
    }
    return [
        {"append_action": "OVERWRITE_IF_EXISTS_OR_ADD", "header": {"key": key, "value": value}}
        for key, value in lines.items()
    ]


def _filter_name(limit: Limit) -> str:
    return f"limit.{limit.name}"
