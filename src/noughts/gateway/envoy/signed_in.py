"""Who is calling, as the edge sees it: the token's signature, issuer, audience and times; services look at all of it again.

The first filter never refuses: it names the caller if it can, so that limits count people by their name and strangers by
their address. The filter that refuses comes after the limits.
"""

from typing import Final

from noughts.gateway.envoy.plan import Json, Plan, any_of
from noughts.kit.edge import Who
from noughts.kit.tokens import AUDIENCE, LEEWAY_S

SUBJECT: Final = "x-noughts-subject"
"""The header between the edge's own filters; it comes from nowhere else and goes nowhere else."""
LOOKS: Final = "sign-in.look"
REQUIRES: Final = {Who.SIGNED_IN: "sign-in.required", Who.OPTIONAL: "sign-in.optional"}
_RULE: Final = "looked-at"
_METADATA: Final = "envoy.filters.http.jwt_authn"
_SAID, _FAILED = "said", "failed"
NAMED: Final = f"%DYNAMIC_METADATA({_METADATA}:{_SAID}:sub)%"
"""Whoever was named, in a log."""
_JWKS: Final = "/.well-known/jwks.json"
_UNREADABLE: Final = ("Jwks remote fetch is failed", "Jwks is not available")


def awake(who: Who) -> Json:
    """Return what a route says about tokens, by filter."""
    if who is Who.ANYONE:
        return {}
    jwt = any_of("envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig", requirement_name=_RULE)
    return {LOOKS: jwt, REQUIRES[who]: wake()}


def wake() -> Json:
    """Return what wakes a sleeping filter as it is."""
    return any_of("envoy.config.route.v3.FilterConfig", config={})


def look(plan: Plan) -> Json:
    """Return the filter that names the caller."""
    provider = {
        "issuer": plan.issuer,
        "audiences": [AUDIENCE],
        "forward": True,
        "require_expiration": True,
        "clock_skew_seconds": LEEWAY_S,
        "from_headers": [{"name": "authorization", "value_prefix": f"{scheme} "} for scheme in ("Bearer", "bearer")],
        "claim_to_headers": [{"header_name": SUBJECT, "claim_name": "sub"}],
        "payload_in_metadata": _SAID,
        "failed_status_in_metadata": _FAILED,
        "jwt_cache_config": {"jwt_cache_size": 10_000},
        "remote_jwks": {
            "http_uri": {"uri": f"http://auth{_JWKS}", "cluster": "auth", "timeout": "2s"},
            "cache_duration": {"seconds": 10},
            "async_fetch": {"failed_refetch_duration": "1s"},
        },
    }
    either = {"requirements": [{"provider_name": "noughts"}, {"allow_missing_or_failed": {}}]}
    config = any_of(
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers={"noughts": provider},
        requirement_map={_RULE: {"requires_any": either}},
    )
    return {"name": LOOKS, "typed_config": config}


def requirements() -> list[Json]:
    """Return the sleeping filters that refuse whoever could not be named."""
    named = {"header": {"name": SUBJECT, "present_match": True}}
    silent = {"not_id": {"header": {"name": "authorization", "present_match": True}}}
    return [
        _requirement(REQUIRES[Who.SIGNED_IN], [named, _unreadable_keys()]),
        _requirement(REQUIRES[Who.OPTIONAL], [named, silent, _unreadable_keys()]),
    ]


def _requirement(name: str, principals: list[Json]) -> Json:
    policy = {"permissions": [{"any": True}], "principals": principals}
    rules = {"action": "ALLOW", "policies": {"whoever is named": policy}}
    return {
        "name": name,
        "disabled": True,
        "typed_config": any_of("envoy.extensions.filters.http.rbac.v3.RBAC", rules=rules),
    }


def _unreadable_keys() -> Json:
    """Return who is let through because the edge could not read the keys: their token is for the services to judge."""
    texts = [{"string_match": {"prefix": text}} for text in _UNREADABLE]
    path = [{"key": _FAILED}, {"key": "message"}]
    found = [
        {"sourced_metadata": {"metadata_matcher": {"filter": _METADATA, "path": path, "value": text}}} for text in texts
    ]
    return {"or_ids": {"ids": found}}
