"""Which service answers which path, from the route tables alone; whatever stands in none is the gateway service's.

Paths are taken as they are written and each has one spelling: what could be read as another path is nowhere.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from noughts.gateway.envoy import cors, limits, replies, signed_in
from noughts.gateway.envoy.clusters import BY_ADDRESS
from noughts.gateway.envoy.headers import handed_on
from noughts.gateway.envoy.plan import GATEWAY, Json, Plan
from noughts.gateway.envoy.signed_in import SUBJECT
from noughts.kit.browsers import COOKIE
from noughts.kit.edge import Route, Who
from noughts.kit.edge.routes import EVERYTHING_ELSE

Tables = Mapping[str, Sequence[Route]]
SERVICES: Final = {"Users": "users", "Sign-in": "auth", "Games": "games"}
"""Whose table it is; every other is the gateway service's."""
_PARAMETER: Final = re.compile(r"{\w+}")
_UNRESERVED: Final = "2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE]"
_TWO_WAYS: Final = rf".*(?://|\\|/\.{{1,2}}(?:/.*)?$|%(?:{_UNRESERVED}|2[fF]|5[cC]|[01][0-9a-fA-F]|7[fF])|%(?:[^0-9a-fA-F]|.[^0-9a-fA-F]|.?$)).*"
"""Empty and dotted segments, backslashes, escapes of what needs none, of slashes and of control characters, broken escapes."""
_TWO_HOSTS: Final = {"name": ":authority", "string_match": {"contains": ","}}
_INSIDE: Final = "/internal(?:/.*)?"
_READS: Final = ("GET", "HEAD")
_REPEATABLE: Final = (*_READS, "PUT", "DELETE")
_SILENT: Final = "60s"
"""Longer than anything that lasts is silent: services ask after 20 s, and send a heartbeat each 15 s."""
_SAFELY: Final = "connect-failure,refused-stream,reset-before-request"


def route_config(tables: Tables, plan: Plan) -> Json:
    """Return the routes of each host that is served."""
    served = {
        "name": "noughts",
        "domains": list(plan.hosts) or ["*"],
        "routes": list(_routes(tables, plan)),
        "typed_per_filter_config": cors.policy(plan),
    }
    elsewhere = {"name": "elsewhere", "domains": ["*"], "routes": [_refused({"prefix": "/"}, replies.MISDIRECTED)]}
    return {
        "name": "noughts",
        "virtual_hosts": [served, *([elsewhere] if plan.hosts else [])],
        "ignore_port_in_host_matching": True,
        "request_headers_to_add": handed_on(),
        "request_headers_to_remove": [SUBJECT, "x-envoy-external-address"],
        "response_headers_to_remove": ["x-envoy-upstream-service-time", "server"],
        "response_headers_to_add": [
            {"header": {"key": "vary", "value": "origin"}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
        ],
    }


def public(tables: Tables) -> Iterator[tuple[str, str, dict[str, Route]]]:
    """Yield service, path and the routes of its methods; paths without parameters first, as the services look at them."""
    found: dict[str, tuple[str, dict[str, Route]]] = {}
    for title, table in tables.items():
        for route in table:
            if route.who is not Who.SERVICE:
                found.setdefault(route.path, (SERVICES.get(title, GATEWAY), {}))[1][route.method] = route
    for path in sorted(found, key=lambda path: "{" in path):
        yield found[path][0], path, found[path][1]


def _routes(tables: Tables, plan: Plan) -> Iterator[Json]:
    yield _refused({"connect_matcher": {}}, 405)
    yield _refused({"prefix": "/", "headers": [_TWO_HOSTS]}, 400)
    if plan.secure:
        yield from _over_tls_alone(plan)
    yield _refused({"safe_regex": {"regex": _TWO_WAYS}}, 404)
    yield _refused({"safe_regex": {"regex": _INSIDE}}, 404)
    for service, path, methods in public(tables):
        yield from _calls(service, path, methods, plan)
    for asked in (_READS, ()):
        match = {"prefix": "/", **_only(asked)}
        yield _route(match, _action(GATEWAY, asked), _awake(limits.names(limits.PAGE), plan))


def _over_tls_alone(plan: Plan) -> Iterator[Json]:
    """Yield what people over plain HTTP get: the way to the page for who asks for it, else a refusal."""
    plain = {"headers": [{"name": "x-forwarded-proto", "string_match": {"exact": "http"}}]}
    at = urlsplit(plan.base_url)
    way = {"https_redirect": True, "host_redirect": at.netloc, "response_code": "PERMANENT_REDIRECT"}
    shown = [*plain["headers"], *_only(_READS)["headers"]]
    yield {"match": {"path": "/", "headers": shown}, "redirect": way}
    yield _refused({"prefix": "/", **plain}, replies.PLAIN)


def _calls(service: str, path: str, methods: dict[str, Route], plan: Plan) -> Iterator[Json]:
    """Yield the routes of a path, and last the one for methods it does not know, which its service answers."""
    for route in methods.values():
        asked = _READS if route.method == "GET" else (route.method,)
        match = _path(path) | _only(asked)
        awake = _awake(limits.names(route.limit), plan) | signed_in.awake(route.who)
        if route.live == "socket":
            action, unbuffered = _socket(service)
            yield _route(match, action, awake | unbuffered)
            continue
        ends = not route.live and (bool(route.answer) or route.status == 204)
        action = _action(service, () if route.live else asked, repeatable=route.repeatable, ends=ends)
        if route.limit.per_browser:
            yield _of_a_browser(match, action, awake)
        if route.conditional and route.method != "GET":  # heard twice, the second time the state is another
            once = _action(service, (), ends=True)
            yield _route(
                match | {"headers": [*match["headers"], {"name": "if-match", "present_match": True}]}, once, awake
            )
        yield _route(match, action, awake)
    yield _route(_path(path), _action(service, ()), _awake(limits.names(EVERYTHING_ELSE), plan))


def _of_a_browser(match: Json, action: Json, awake: Json) -> Json:
    """Return the route of a call that shows a browser's cookie: whether it is real, one replica counts for an address."""
    shown = {"name": "cookie", "string_match": {"contains": f"{COOKIE}="}}
    one = {"cluster": BY_ADDRESS, "hash_policy": [{"connection_properties": {"source_ip": True}}]}
    return _route(match | {"headers": [*match["headers"], shown]}, action | one, awake)


def _socket(service: str) -> tuple[Json, Json]:
    """Return how a WebSocket is asked for, and what is awake on it: it lasts, and has no body to wait for.

    Asked again is a replica that took no connection alone: a ticket is good once.
    """
    action = {
        "cluster": service,
        "timeout": "0s",
        "idle_timeout": _SILENT,
        "retry_policy": _again("connect-failure"),
        "upgrade_configs": [{"upgrade_type": "websocket"}],
    }
    off = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute",
        "disabled": True,
    }
    return action, {"buffer": off}


def _path(path: str) -> Json:
    if "{" not in path:
        return {"path": path}
    pieces = (re.escape(piece) for piece in _PARAMETER.split(path))
    return {"safe_regex": {"regex": "[^/]+".join(pieces)}}


def _only(methods: Sequence[str]) -> Json:
    if not methods:
        return {}
    return {"headers": [{"name": ":method", "string_match": {"safe_regex": {"regex": "|".join(methods)}}}]}


def _action(service: str, methods: Sequence[str], *, repeatable: bool = False, ends: bool = False) -> Json:
    """Return how a service is asked: again, elsewhere, whatever may be repeated; other things only if nothing was said yet."""
    again = repeatable or (bool(methods) and all(method in _REPEATABLE for method in methods))
    reads = "GET" in methods
    policy = _again(_SAFELY + (",reset" if again else "") + (",retriable-status-codes" if reads else "")) | (
        {"retriable_status_codes": [503]} if reads else {}
    )
    # What ends has a deadline; what may be a stream has one between its pieces alone.
    return {"cluster": service, "timeout": "30s" if ends else "0s", "idle_timeout": _SILENT, "retry_policy": policy}


def _again(when: str) -> Json:
    """Return that another replica is asked, up to three times."""
    return {
        "retry_on": when,
        "num_retries": 3,
        "host_selection_retry_max_attempts": 5,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
    }


def _awake(filters: Iterable[str], plan: Plan) -> Json:
    return {name: signed_in.wake() for name in filters} if plan.limited else {}


def _route(match: Json, action: Json, awake: Json) -> Json:
    return {"match": match, "route": action, **({"typed_per_filter_config": awake} if awake else {})}


def _refused(match: Json, status: int) -> Json:
    return {"match": match, "direct_response": {"status": status}}
