"""The OpenAPI 3.1 document, generated from the route tables, so that it cannot say anything else."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from noughts.kit import problems
from noughts.kit.edge.routes import Route, Who
from noughts.kit.errors import EVERYWHERE, ForeignOrigin, Problem, UpgradeRequired

Schemas = dict[type[msgspec.Struct], dict[str, Any]]
_PLACE: Final = "#/components/schemas/{name}"
_PARAMETER: Final = re.compile(r"{(\w+)}")
_TEXT: Final = {"type": "string"}
_HEADERS: Final = {
    "X-Request-Id": "What stands in our log beside this request.",
    "ETag": "The state that was answered with, for `If-Match` and `If-None-Match`.",
    "Location": "Where what was made is to be found.",
    "Allow": "The methods this address answers to.",
    "WWW-Authenticate": "What is missing (RFC 6750, RFC 9470).",
    "Retry-After": "After how many seconds to ask again.",
    "Upgrade": "What is spoken there.",
    "RateLimit": "What is left of a limit, and for how long, once it is passed.",
    "RateLimit-Policy": "The limit, once it is passed.",
}
_HEADERS_OF: Final[dict[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",), 405: ("Allow",), 426: ("Upgrade",), 429: ("Retry-After", "RateLimit", "RateLimit-Policy"), 503: ("Retry-After",),
}  # fmt: skip


_SAID: Final = {
    "": "Done.",
    "socket": "The connection is a WebSocket from here on.",
    "stream": "Events, by and by.",
    "lines": "Lines, by and by.",
}
_MEDIA_TYPE: Final = {"": "application/json", "lines": "application/x-ndjson", "stream": "text/event-stream"}


def document(tables: Mapping[str, Sequence[Route]], version: str) -> dict[str, Any]:
    """Return the document for the services' public routes, keyed by the name people know the service by."""
    routes = [(service, route) for service, table in tables.items() for route in table if route.who is not Who.SERVICE]
    bodies = [route.body for _, route in routes if route.body is not None]
    structs = list(dict.fromkeys([*bodies, *(struct for _, route in routes for struct in _answers(route))]))
    found, components = msgspec.json.schema_components(structs, ref_template=_PLACE)
    schemas: Schemas = dict(zip(structs, found, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for service, route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(service, route, schemas)
    problem_types = known_problems(route for _, route in routes)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Noughts", "version": version, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _tidied(components) | {"Problem": problems.schema(problem_types)},
            "headers": {name: {"description": meaning, "schema": _TEXT} for name, meaning in _HEADERS.items()},
            "responses": {str(status): _refusal(status, kinds) for status, kinds in _by_status(EVERYWHERE).items()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "x-problems": [
            {"slug": problem.slug(), "status": problem.status, "title": problem.title()} for problem in problem_types
        ],
    }


def known_problems(routes: Iterable[Route]) -> list[type[Problem]]:
    """Return every problem type any route may answer with, by status and slug: the closed list."""
    found = {problem for route in routes for problem in _errors(route)} | {*EVERYWHERE, UpgradeRequired}
    return sorted(found, key=lambda problem: (problem.status, problem.slug()))


def _operation(service: str, route: Route, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [service],
        "summary": route.summary,
        "operationId": route.handler.__name__,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": _responses(route, schemas),
    }
    if route.who is not Who.ANYONE:
        operation["security"] = [{"bearer": []}] if route.who is Who.SIGNED_IN else [{}, {"bearer": []}]
    if route.body is not None:
        content = {kind: {"schema": schemas[route.body]} for kind in route.media_types}
        operation["requestBody"] = {
            "required": any(field.required for field in msgspec.structs.fields(route.body)),
            "content": content,
        }
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in _PARAMETER.findall(route.path)]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    schema = msgspec.json.schema_components([route.query])[1][route.query.__name__]
    return [{"name": name, "in": "query", "schema": shape} for name, shape in schema["properties"].items()]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    names = []
    if route.keyed:
        names.append("Idempotency-Key")
    if route.conditional:
        names.append("If-None-Match" if route.method == "GET" else "If-Match")
    if route.live == "stream":
        names.append("Last-Event-ID")
    return [{"name": name, "in": "header", "schema": _TEXT} for name in names]


def _answers(route: Route) -> tuple[type[msgspec.Struct], ...]:
    return route.answer if isinstance(route.answer, tuple) else (route.answer,)


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    answered: dict[str, Any] = {"description": _SAID[route.live]}
    answers = [schemas[struct] for struct in _answers(route)]
    if answers and route.live != "socket":
        schema = answers[0] if len(answers) == 1 else {"anyOf": answers}
        answered["content"] = {route.media_type or _MEDIA_TYPE[route.live]: {"schema": schema}}
    responses = {
        str(status): answered | _headers(*_told(route, status))
        for status in (route.status, *route.also)
        if status != 304
    }
    if 304 in route.also:
        responses["304"] = {"description": "You hold this state already."} | _headers("ETag")
    for status in _by_status(EVERYWHERE):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    for status, kinds in _by_status(_errors(route)).items():
        responses[str(status)] = _refusal(status, [*kinds, *_by_status(EVERYWHERE).get(status, ())])
    return dict(sorted(responses.items()))


def _errors(route: Route) -> tuple[type[Problem], ...]:
    """Return the problems of a route, those of what it is included."""
    live: tuple[type[Problem], ...] = (ForeignOrigin,) if route.live and ForeignOrigin not in route.errors else ()
    return (*route.errors, *live, *((UpgradeRequired,) if route.live == "socket" else ()))


def _by_status(kinds: Iterable[type[Problem]]) -> dict[int, list[type[Problem]]]:
    found: dict[int, list[type[Problem]]] = {}
    for kind in kinds:
        found.setdefault(kind.status, []).append(kind)
    return found


def _told(route: Route, status: int) -> list[str]:
    """Return the headers an answer of a status comes with, besides those of every answer."""
    location = ["Location"] if route.keyed and status == 201 else []
    return [*location, *(["ETag"] if route.conditional and status != 204 else [])]


def _headers(*names: str) -> dict[str, Any]:
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}}


def _tidied(components: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas with their descriptions as they read, not as they are indented."""
    return {
        name: schema | {"description": inspect.cleandoc(schema["description"])} if "description" in schema else schema
        for name, schema in components.items()
    }


def _refusal(status: int, kinds: Iterable[type[Problem]]) -> dict[str, Any]:
    return _headers(*_HEADERS_OF.get(status, ())) | {
        "description": " / ".join(dict.fromkeys(f"`{kind.slug()}`" for kind in kinds)),
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
