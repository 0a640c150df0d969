"""A request's walk through one service: which call, who is calling, how often, what exactly; then one handler."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from noughts.kit import ids
from noughts.kit.edge.answers import Answer
from noughts.kit.edge.asks import Ask
from noughts.kit.edge.bodies import decode, decode_query
from noughts.kit.edge.routes import Limit, Route, Who
from noughts.kit.errors import (
    BadRequest,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)
from noughts.kit.tokens import Principal

BODY_LIMIT: Final = 64 * 1024
_PARAMETER: Final = re.compile(r"{(\w+)}")
_SINGLE: Final = {b"authorization", b"content-length", b"content-type", b"host", b"idempotency-key", b"if-match"}

Verify = Callable[[str], Principal]
VerifyService = Callable[[str, str], None]
Admit = Callable[[Limit, str, Principal | None], None]


class ServiceApp:
    """A service's door as an ASGI application, made of its route table."""

    def __init__(
        self,
        routes: Iterable[Route],
        service: object,
        *,
        verify: Verify,
        admit: Admit,
        verify_service: VerifyService,
    ) -> None:
        by_path: defaultdict[str, dict[str, Route]] = defaultdict(dict)
        for route in routes:
            by_path[route.path][route.method] = route
        paths = sorted(by_path, key=_exact_first)
        self._resources = {
            f"r{n}": _Resource(by_path[path], n, service, verify, admit, verify_service) for n, path in enumerate(paths)
        }
        self._match = re.compile("|".join(_pattern(n, path) for n, path in enumerate(paths))).fullmatch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Match all paths with one expression: the group that closes last says which it was."""
        found = self._match(scope["path"])
        if found is None or found.lastgroup is None:
            raise NotFound
        resource = self._resources[found.lastgroup]
        scope["path_params"] = {name: found[group] for name, group in resource.parameters}
        await resource(scope, receive, send)


def _exact_first(path: str) -> bool:
    """Return what sorts a path with parameters after all others: it would answer for them."""
    return "{" in path


def _pattern(number: int, path: str) -> str:
    """Return a path as one alternative of the expression: group `r<number>`, its parameters `<name>_<number>`."""
    pieces = _PARAMETER.split(path)
    literal = [re.escape(piece) if n % 2 == 0 else f"(?P<{piece}_{number}>[^/]+)" for n, piece in enumerate(pieces)]
    return f"(?P<r{number}>{''.join(literal)})"


class _Resource:
    """One path and the methods it answers to."""

    def __init__(
        self,
        methods: dict[str, Route],
        number: int,
        service: object,
        verify: Verify,
        admit: Admit,
        verify_service: VerifyService,
    ) -> None:
        path = next(iter(methods.values())).path
        self.parameters = tuple((name, f"{name}_{number}") for name in _PARAMETER.findall(path))
        self._methods = methods | ({"HEAD": methods["GET"]} if "GET" in methods else {})
        self._allow = ", ".join(sorted({*self._methods, "OPTIONS"}))
        self._service = service
        self._verify = verify
        self._admit = admit
        self._verify_service = verify_service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._methods.get(scope["method"])
        if route is None:
            await self._other_method(scope, send)
            return
        scope["noughts.route"] = route
        headers = _headers(scope)
        for name, value in scope["path_params"].items():
            me = name == "user_id" and value == "me" and route.who is not Who.SERVICE
            if name.endswith("_id") and not (ids.is_id(value) or me):
                raise NotFound
        principal = self._admitted(route, headers, scope["noughts.address"])
        query = decode_query(scope["query_string"], route.query)
        body = None
        if route.body is not None:
            body = decode(await _read(receive, headers, route), route.body)
        address, request_id, secure = scope["noughts.address"], scope["noughts.request_id"], scope["noughts.secure"]
        ask = Ask(body, query, scope["path_params"], principal, headers, address, request_id, secure)
        answer = await route.handler(self._service, ask)
        await _respond(answer, scope, send)

    def _admitted(self, route: Route, headers: dict[bytes, bytes], address: str) -> Principal | None:
        """Return who is calling, counted; whoever cannot say who they are is counted by address (TooManyRequests)."""
        try:
            principal = self._who(route, headers)
        except Unauthenticated:
            self._admit(route.limit, address, None)
            raise
        self._admit(route.limit, address, principal)
        return principal

    def _who(self, route: Route, headers: dict[bytes, bytes]) -> Principal | None:
        """Return who is calling; raises Unauthenticated or InvalidToken where a token is needed or wrong."""
        if route.who is Who.ANYONE:
            return None
        scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token:
            if route.who is Who.OPTIONAL:
                return None
            raise Unauthenticated
        if route.who is Who.SERVICE:
            self._verify_service(token.strip(), route.scope or "")
            return None
        return self._verify(token.strip())

    async def _other_method(self, scope: Scope, send: Send) -> None:
        if scope["method"] != "OPTIONS":
            raise MethodNotAllowed(f"It answers to {self._allow}.", headers=(("Allow", self._allow),))
        start = {"type": "http.response.start", "status": 204, "headers": [(b"allow", self._allow.encode())]}
        await send(start)
        await send({"type": "http.response.body", "body": b""})


def _headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers by name; raises BadRequest when one that may stand once stands twice."""
    raw: list[tuple[bytes, bytes]] = scope["headers"]
    headers: dict[bytes, bytes] = scope["noughts.headers"]
    if len(headers) != len(raw):
        names = [name for name, _ in raw]
        if any(names.count(name) > 1 for name in _SINGLE):
            raise BadRequest("A header stands twice that may stand once.")
    return headers


async def _read(receive: Receive, headers: dict[bytes, bytes], route: Route) -> bytes:
    """Return the whole body, `{}` for none; raises TooLarge past 64 KiB, UnsupportedMediaType."""
    if int(headers.get(b"content-length", b"0")) > BODY_LIMIT:
        raise TooLarge
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":  # half a body is not what was meant
            raise BadRequest("The connection ended before the body did.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_LIMIT:
            raise TooLarge
    if not body:
        return b"{}"
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    if media_type not in route.media_types:
        raise UnsupportedMediaType(f"Send {' or '.join(route.media_types)}.")
    return body


async def _respond(answer: Answer, scope: Scope, send: Send) -> None:
    body = answer.encoded()
    headers: list[tuple[bytes, Any]] = answer.headers(body)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
