"""Which other sites' pages may read answers: none unless named."""

from typing import Final

from noughts.gateway.envoy.plan import Json, Plan, any_of

_FILTER: Final = "cors"
_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_ASKED_WITH: Final = "authorization, content-type, if-match, if-none-match, idempotency-key, x-request-id"
_READ: Final = "etag, location, retry-after, ratelimit, ratelimit-policy, www-authenticate, x-request-id"


def filters(plan: Plan) -> list[Json]:
    """Return the filter that tells browsers, where any site is named."""
    config = any_of("envoy.extensions.filters.http.cors.v3.Cors")
    return [{"name": _FILTER, "typed_config": config}] if plan.origins else []


def policy(plan: Plan) -> Json:
    """Return what pages of the named sites may do, by filter: read answers and send tokens, but no cookies."""
    if not plan.origins:
        return {}
    allowed = any_of(
        "envoy.extensions.filters.http.cors.v3.CorsPolicy",
        allow_origin_string_match=[{"exact": origin} for origin in plan.origins],
        allow_methods=_METHODS,
        allow_headers=_ASKED_WITH,
        expose_headers=_READ,
        max_age="600",
        allow_credentials=False,
    )
    return {_FILTER: allowed}
