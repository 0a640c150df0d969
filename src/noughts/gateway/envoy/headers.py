"""What is made of a request's headers before anybody reads them: nothing that says who is calling comes from outside."""

from typing import Final

from noughts.gateway.envoy.plan import Json, Plan, any_of
from noughts.gateway.envoy.signed_in import SUBJECT

_FORGED: Final = (
    "forwarded", "x-real-ip", "x-client-ip", "client-ip", "true-client-ip", "cf-connecting-ip", "x-cluster-client-ip",
    "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-server", "x-original-url",
    "x-rewrite-url", "x-http-method", "x-http-method-override", "x-method-override", SUBJECT,
)  # fmt: skip
_BY_PREFIX: Final = ("x-envoy-", "x-user", "x-noughts-", "x-amzn-oidc-", "x-auth-")
_FROM_PROXIES: Final = ("x-forwarded-for", "x-forwarded-proto")
_CHOSEN: Final = "x-noughts-request-id"
_ID: Final = "^[A-Za-z0-9_-]+$"


def cleaned(plan: Plan) -> list[Json]:
    """Return what is done first of all, before the request has an id and an address."""
    names = (*_FORGED, *(() if plan.trusted_hops else _FROM_PROXIES))
    changes = [
        *({"remove": name} for name in names),
        *({"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}} for prefix in _BY_PREFIX),
        *_chosen_id(),
    ]
    config = any_of("envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation", mutations=changes)
    return [{"name": "headers.clean", "typed_config": config}]


def handed_on() -> list[Json]:
    """Return the headers by which services know whose request it is."""
    address = {"key": "x-forwarded-for", "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}
    return [{"header": address, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]


def _chosen_id() -> list[Json]:
    """Return what keeps the request id a caller chose if it may stand in headers and logs, and else drops it."""
    given = "request.headers['x-request-id']"
    kept = f"%CEL(size({given}) <= 64 && {given}.matches('{_ID}') ? {given} : '')%"
    return [
        {"append": {"header": {"key": _CHOSEN, "value": kept}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}},
        {"remove": "x-request-id"},
        {"append": {"header": {"key": "x-request-id", "value": f"%REQ({_CHOSEN})%"}, "append_action": "ADD_IF_ABSENT"}},
        {"remove": _CHOSEN},
    ]
