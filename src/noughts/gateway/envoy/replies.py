"""What the edge itself answers: problem documents like those of the services."""

from typing import Final

from noughts.gateway.envoy.plan import Json, Plan, any_of
from noughts.kit import problems
from noughts.kit.edge.answers import told
from noughts.kit.errors import (
    BadRequest,
    Forbidden,
    HeadersTooLarge,
    InvalidToken,
    MethodNotAllowed,
    NotFound,
    Problem,
    RequestTimeout,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UriTooLong,
)

_ID: Final = "%REQ(X-REQUEST-ID)%"
_EARLY_ID: Final = "connection-%CONNECTION_ID%"
"""What stands for the request's id where the request could not even be read."""
_NO_ID: Final = {"header_filter": {"header": {"name": "x-request-id", "present_match": True, "invert_match": True}}}
_TOKEN: Final = {"name": "authorization", "string_match": {"prefix": "bearer ", "ignore_case": True}}
_UNNAMED: Final = {
    "extension_filter": {
        "name": "envoy.access_loggers.extension_filters.cel",
        "typed_config": any_of(
            "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
            expression="response.code_details.startsWith('rbac_access_denied')",
        ),
    }
}
_CONNECT: Final = {"name": ":method", "string_match": {"exact": "CONNECT"}}
_READ_ONLY: Final = MethodNotAllowed("It answers to GET, HEAD.", headers=(("Allow", "GET, HEAD"),))
_UNREADABLE: Final = BadRequest("This is not HTTP as RFC 9110 has it.")
_EARLY: Final = (_UNREADABLE, RequestTimeout(), HeadersTooLarge())
_MISDIRECTED: Final = "This host is not served here."
_TLS: Final = "This is served over TLS alone: use https."
MISDIRECTED: Final = 421
PLAIN: Final = 497
"""Statuses with which routes say, within the edge, what is to be answered; nobody outside sees the second."""


def mappers(plan: Plan) -> list[Json]:
    """Return what becomes of each status the edge makes by itself; the last is for all others."""
    return [
        *(_mapper(plan, _all(_is(problem.status), _NO_ID), problem, named=_EARLY_ID) for problem in _EARLY),
        _mapper(plan, _all(_is(403), _UNNAMED, {"header_filter": {"header": _TOKEN}}), InvalidToken()),
        _mapper(plan, _all(_is(403), _UNNAMED), Unauthenticated()),
        _mapper(plan, _all(_is(403), {"header_filter": {"header": _CONNECT}}), _READ_ONLY),
        _mapper(plan, _is(403), Forbidden("No upgrade is offered here.")),
        _mapper(plan, _is(PLAIN), Forbidden(_TLS)),
        _mapper(plan, _is(MISDIRECTED), BadRequest(_MISDIRECTED), status=MISDIRECTED),
        _mapper(plan, _is(400), _UNREADABLE),
        _mapper(plan, _is(404), NotFound()),
        _mapper(plan, _is(405), _READ_ONLY),
        _mapper(plan, _is(408), RequestTimeout()),
        _mapper(plan, _is(413), TooLarge()),
        _mapper(plan, _is(414), UriTooLong()),
        _mapper(plan, _is(429), TooManyRequests("Try again in %RESP(RETRY-AFTER)% s.")),
        _mapper(plan, _is(431), HeadersTooLarge()),
        _mapper(plan, _is(501), _UNREADABLE),
        _mapper(plan, _at_least(500), Unavailable("The service cannot be reached just now.")),
    ]


def _mapper(plan: Plan, condition: Json, problem: Problem, *, status: int | None = None, named: str = _ID) -> Json:
    status = status or problem.status
    body = problems.document(problem, named) | {"status": status}
    return {
        "filter": condition,
        "status_code": status,
        "headers_to_add": [
            {"append_action": "OVERWRITE_IF_EXISTS_OR_ADD", "header": {"key": key, "value": value}}
            for key, value in _headers(plan, problem, named)
        ],
        "body_format_override": {"json_format": body, "content_type": problems.MEDIA_TYPE},
    }


def _headers(plan: Plan, problem: Problem, named: str) -> list[tuple[str, str]]:
    """Return the headers a service would send with it, without the content type."""
    lines = told(problem, named).reply().lines.decode("latin-1").split("\r\n")
    pairs = [
        (key, value) for key, _, value in (line.partition(": ") for line in lines) if key not in ("", "content-type")
    ]
    secure = [("strict-transport-security", "max-age=31536000; includeSubDomains")] if plan.secure else []
    return [*pairs, ("x-request-id", named), *secure]


def _is(status: int) -> Json:
    return _compared("EQ", status)


def _at_least(status: int) -> Json:
    return _compared("GE", status)


def _compared(how: str, status: int) -> Json:
    value = {"default_value": status, "runtime_key": "none"}
    return {"status_code_filter": {"comparison": {"op": how, "value": value}}}


def _all(*conditions: Json) -> Json:
    return {"and_filter": {"filters": list(conditions)}}
