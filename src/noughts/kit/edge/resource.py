"""A request's walk through one service: which call, who is calling, how often, what exactly; then one handler."""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from noughts.kit import browsers, ids
from noughts.kit.browsers import Browser
from noughts.kit.edge.answers import Answer
from noughts.kit.edge.asks import Ask, cookie
from noughts.kit.edge.bodies import decode, decode_query
from noughts.kit.edge.requests import Request
from noughts.kit.edge.routes import Limit, Route, Who
from noughts.kit.edge.upgrades import Upgrade, accepted
from noughts.kit.errors import MethodNotAllowed, NotFound, Unauthenticated, UnsupportedMediaType
from noughts.kit.tokens import Principal

_PARAMETER: Final = re.compile(r"{(\w+)}")

Verify = Callable[[str], Principal]
VerifyService = Callable[[str, str], None]
Admit = Callable[[Limit, str, Principal | None, Browser | None], None]
Recognise = Callable[[str], Browser | None]


class ServiceApp:
    """A service's door, made of its route table."""

    def __init__(
        self,
        routes: Iterable[Route],
        service: object,
        *,
        verify: Verify,
        admit: Admit,
        verify_service: VerifyService,
        recognise: Recognise,
    ) -> None:
        by_path: defaultdict[str, dict[str, Route]] = defaultdict(dict)
        for route in routes:
            by_path[route.path][route.method] = route
        paths = sorted(by_path, key=_exact_first)
        self._resources = {
            f"r{n}": _Resource(by_path[path], n, service, verify, admit, verify_service, recognise)
            for n, path in enumerate(paths)
        }
        self._match = re.compile("|".join(_pattern(n, path) for n, path in enumerate(paths))).fullmatch

    def __call__(self, request: Request) -> Awaitable[Answer]:
        """Match all paths with one expression: the group that closes last says which it was; raises NotFound."""
        found = self._match(request.path)
        if found is None or found.lastgroup is None:
            raise NotFound
        resource = self._resources[found.lastgroup]
        return resource.answer(request, {name: found[group] for name, group in resource.parameters})


def templates(routes: Iterable[Route]) -> Callable[[str], str | None]:
    """Return what finds the path of the table that a path is one of, if it is any."""
    paths = sorted({route.path for route in routes}, key=_exact_first)
    match = re.compile("|".join(_pattern(n, path) for n, path in enumerate(paths))).fullmatch

    def template(path: str) -> str | None:
        found = match(path)
        return None if found is None or found.lastgroup is None else paths[int(found.lastgroup[1:])]

    return template


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
        recognise: Recognise,
    ) -> None:
        path = next(iter(methods.values())).path
        self.parameters = tuple((name, f"{name}_{number}") for name in _PARAMETER.findall(path))
        self._methods = methods | ({"HEAD": methods["GET"]} if "GET" in methods else {})
        self._allow = ", ".join(sorted({*self._methods, "OPTIONS"}))
        self._service = service
        self._verify = verify
        self._admit = admit
        self._verify_service = verify_service
        self._recognise = recognise

    async def answer(self, request: Request, path: dict[str, str]) -> Answer:
        """Ask the handler, once it is clear that it may be asked and what."""
        route = self._methods.get(request.method)
        if route is None:
            return self._other_method(request)
        request.route = route.path
        headers = request.headers
        request.require_single()
        accept = accepted(request) if route.live == "socket" else ""
        for name, value in path.items():
            me = name == "user_id" and value == "me" and route.who is not Who.SERVICE
            if name.endswith("_id") and not (ids.is_id(value) or me):
                raise NotFound
        principal = self._admitted(route, request)
        query = decode_query(request.query, route.query)
        body = None if route.body is None else decode(await _read(request, route), route.body)
        ask = Ask(body, query, path, principal, headers, request.address, request.id, request.secure)
        if route.live:
            ask.refuse_foreign_origin()
        answer = await route.handler(self._service, ask)
        if isinstance(answer, Upgrade):
            answer.accept = accept
        return answer

    def _admitted(self, route: Route, request: Request) -> Principal | None:
        """Return who is calling, counted; whoever cannot say who they are is counted by address (TooManyRequests)."""
        try:
            principal = self._who(route, request.headers)
        except Unauthenticated:
            self._admit(route.limit, request.address, None, None)
            raise
        request.user = None if principal is None else principal.user_id
        if route.who is Who.SERVICE:  # it asks for everybody at once, from one address
            return None
        self._admit(route.limit, request.address, principal, self._browser(route, request))
        return principal

    def _browser(self, route: Route, request: Request) -> Browser | None:
        """Return whose browser it is, where that counts."""
        if not route.limit.per_browser:
            return None
        shown = cookie(request.headers, browsers.COOKIE, secure=request.secure)
        return None if shown is None else self._recognise(shown)

    def _who(self, route: Route, headers: Mapping[bytes, bytes]) -> Principal | None:
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

    def _other_method(self, request: Request) -> Answer:
        allow = (("Allow", self._allow),)
        if request.method != "OPTIONS":
            raise MethodNotAllowed(f"It answers to {self._allow}.", headers=allow)
        return Answer(status=204, headers=allow)


async def _read(request: Request, route: Route) -> bytes:
    """Return the whole body, `{}` for none; raises what reading it raises, UnsupportedMediaType."""
    body = await request.read()
    if not body:
        return b"{}"
    media_type = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    if media_type not in route.media_types:
        raise UnsupportedMediaType(f"Send {' or '.join(route.media_types)}.")
    return body
