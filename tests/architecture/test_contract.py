"""The OpenAPI document and the program say the same."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from schemathesis.specs.openapi import definitions

import noughts
from noughts import VERSION
from noughts.compose import TABLES
from noughts.gateway.web import ADDRESSES
from noughts.kit import ids, openapi
from noughts.kit.edge import Route, Who
from noughts.kit.errors import Conflict, PreconditionRequired, Problem

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
DOCUMENT = openapi.document(TABLES, VERSION)
ROUTES = [route for table in TABLES.values() for route in table]
SCREENS_TOO = {"/lobby"}
"""Calls that stand where a page does: who navigates there gets the page, everybody else JSON."""
NAVIGATING = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PUBLIC = [route for route in ROUTES if route.who is not Who.SERVICE]
FAMILIES = {Problem, Conflict, PreconditionRequired}
"""Problems that are never answered with: only their kinds are."""


def kinds(of: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Yield every kind of problem the program defines."""
    for kind in of.__subclasses__():
        if kind.__module__.startswith("noughts."):
            yield kind
            yield from kinds(kind)


def every_kind() -> set[type[Problem]]:
    """Return every kind of problem, the whole program imported."""
    for module in pkgutil.walk_packages(noughts.__path__, "noughts."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)
    return set(kinds()) - FAMILIES


def references(part: Any) -> Iterator[str]:
    """Yield every `$ref` in a part of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_the_committed_document_is_the_one_the_program_makes() -> None:
    made = json.loads(json.dumps(DOCUMENT))
    assert json.loads(COMMITTED.read_text()) == made, "Run `make openapi` (`noughts openapi > docs/openapi.json`)."


def test_the_document_is_openapi_3_1() -> None:
    jsonschema.Draft202012Validator(definitions.OPENAPI_31).validate(DOCUMENT)


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names)) == len(PUBLIC)


@pytest.mark.parametrize("route", PUBLIC, ids=lambda route: f"{route.method} {route.path}")
def test_every_public_route_is_described(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    assert operation["summary"] == route.summary
    assert str(route.status) in operation["responses"]
    assert {str(problem.status) for problem in route.errors} <= operation["responses"].keys()
    assert ("requestBody" in operation) is (route.body is not None)


@pytest.mark.parametrize("route", PUBLIC, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_needs_a_token_where_it_says_so(route: Route) -> None:
    security = DOCUMENT["paths"][route.path][route.method.lower()].get("security", [])
    wanted = {Who.ANYONE: [], Who.OPTIONAL: [{}, {"bearer": []}], Who.SIGNED_IN: [{"bearer": []}]}
    assert security == wanted[route.who]


def test_nothing_internal_is_described() -> None:
    internal = [route for route in ROUTES if route.who is Who.SERVICE]
    assert internal
    assert not [path for path in DOCUMENT["paths"] if path.startswith("/internal")]
    assert all(route.path.startswith("/internal/") and route.scope for route in internal)


def test_every_kind_of_problem_is_on_the_closed_list() -> None:
    listed = {problem["slug"] for problem in DOCUMENT["x-problems"]}
    assert {kind.slug() for kind in every_kind()} - listed == set()


def test_what_a_kind_of_problem_holds_besides_is_described() -> None:
    described = DOCUMENT["components"]["schemas"]["Problem"]["properties"]
    assert {name for kind in every_kind() for name in kind.facts} <= described.keys()


def test_every_answer_is_described_with_the_headers_it_comes_with(client: httpx.Client) -> None:
    for operation in (found for path in DOCUMENT["paths"].values() for found in path.values()):
        for answer in operation["responses"].values():
            assert "X-Request-Id" in answer.get("headers", {}) or "$ref" in answer
    for answer in (client.get("/users/me"), client.put("/healthz")):
        described = DOCUMENT["components"]["responses"][str(answer.status_code)]["headers"]
        assert all(name in answer.headers for name in described)


def test_no_two_kinds_of_problem_share_a_slug() -> None:
    slugs = [kind.slug() for kind in every_kind()]
    assert len(slugs) == len(set(slugs))


def test_every_kind_of_problem_has_a_page(client: httpx.Client) -> None:
    for problem in DOCUMENT["x-problems"]:
        page = client.get(f"/problems/{problem['slug']}")
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert problem["title"] in page.text


def test_an_unknown_kind_of_problem_has_no_page(client: httpx.Client) -> None:
    assert client.get("/problems/unheard-of").status_code == 404


def test_the_program_serves_the_document(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json() == json.loads(json.dumps(DOCUMENT))


def test_the_page_of_the_api_names_every_call_and_every_problem(client: httpx.Client) -> None:
    page = client.get("/docs").text
    text = unescape(re.sub(r"<[^>]*>", "", page))
    assert all(route.path in text and route.summary.replace("`", "") in text for route in PUBLIC)
    assert all(f"/problems/{problem['slug']}" in page for problem in DOCUMENT["x-problems"])


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_no_call_stands_where_a_page_does_but_the_one_they_share(path: str) -> None:
    for value in (ids.new(), "me", "invalid-token"):
        assert (ADDRESSES.fullmatch(re.sub(r"{\w+}", value, path)) is not None) is (path in SCREENS_TOO)


@pytest.mark.parametrize("address", ["/", "/play/abc", "/@alice", "/@नमस्ते", "/lobby", "/leaderboard", "/settings"])
def test_the_page_is_answered_at_its_addresses(client: httpx.Client, address: str) -> None:
    page = client.get(address, headers=NAVIGATING)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "address", ["/nowhere", "/users", "/play", "/internal/users/guests", "/assets/none.js", "/.env"]
)
def test_the_page_is_answered_nowhere_else(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code in (401, 404, 405)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("route", PUBLIC, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_reached_through_the_entrance(client: httpx.Client, route: Route) -> None:
    path = re.sub(r"{\w+}", ids.new(), route.path)
    answer = client.request(route.method, path)
    assert answer.status_code not in (405, 500)
    if route.who is Who.SIGNED_IN:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", sorted({route.path for route in PUBLIC}))
def test_a_method_an_address_does_not_know_is_told_which_it_does(client: httpx.Client, path: str) -> None:
    wanted = {route.method for route in PUBLIC if route.path == path}
    wanted |= {"OPTIONS"} | ({"HEAD"} if "GET" in wanted else set())
    answer = client.request("TRACE", re.sub(r"{\w+}", ids.new(), path))
    assert answer.status_code == 405
    assert answer.headers["allow"] == ", ".join(sorted(wanted))
