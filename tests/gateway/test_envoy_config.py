"""What Envoy is told follows from the route tables, whole and alone."""

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.faults.harm import noughts, refused

from noughts import compose
from noughts.gateway import envoy
from noughts.kit.edge import Route, Who
from noughts.kit.errors import Refusal

SERVICES = {"Users": "users", "Sign-in": "auth", "Games": "games", "Players": "gateway", "Operations": "gateway"}
ROUTES = [(title, route) for title, table in compose.TABLES.items() for route in table]
PUBLIC = [(title, route) for title, route in ROUTES if route.who is not Who.SERVICE]
INTERNAL = [route for _, route in ROUTES if route.who is Who.SERVICE]
REQUIRED = {Who.SIGNED_IN: {"sign-in.look", "sign-in.required"}, Who.OPTIONAL: {"sign-in.look", "sign-in.optional"}}
TLS = {"certificate": "cert.pem", "key": "key.pem"}


def plan(**changes: Any) -> envoy.Plan:
    """Return a plan with everything at its default."""
    found: dict[str, Any] = {
        name: (f"127.0.0.1:810{n}",) for n, name in enumerate(("users", "auth", "games", "gateway"))
    }
    return envoy.Plan(**({"base_url": "http://localhost:8080"} | found | changes))


def drawn(**changes: Any) -> dict[str, Any]:
    """Return the configuration."""
    return envoy.bootstrap(compose.TABLES, plan(**changes))


def manager(config: dict[str, Any]) -> dict[str, Any]:
    """Return what a request walks through."""
    found: dict[str, Any] = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    return found


def answering(config: dict[str, Any], method: str, path: str, **headers: str) -> dict[str, Any]:
    """Return the first route that matches, as Envoy looks for it."""
    headers = {":method": method, ":authority": "localhost"} | headers
    for route in manager(config)["route_config"]["virtual_hosts"][0]["routes"]:
        if _matches(route["match"], path, headers):
            return dict(route)
    raise AssertionError("nowhere")


def _matches(match: dict[str, Any], path: str, headers: dict[str, str]) -> bool:
    regex = match.get("safe_regex", {}).get("regex")
    here = (
        path == match.get("path")
        or path.startswith(match.get("prefix", "\0"))
        or bool(regex and re.fullmatch(regex, path))
    )
    return here and all(_holds(each, headers.get(each["name"])) for each in match.get("headers", []))


def _holds(matcher: dict[str, Any], value: str | None) -> bool:
    (kind, wanted), *_ = matcher.get("string_match", {"contains": ""}).items()
    if value is None:
        return False
    return {
        "exact": lambda: value == wanted,
        "contains": lambda: wanted in value,
        "safe_regex": lambda: re.fullmatch(wanted["regex"], value) is not None,
    }[kind]()


def somewhere(route: Route) -> str:
    """Return a path a route answers to."""
    return re.sub(r"{\w+}", "01a2198f-00f7-715f-922e-c8980956059f", route.path)


def awake(route: dict[str, Any]) -> set[str]:
    """Return the filters a route wakes."""
    return set(route.get("typed_per_filter_config", ()))


@pytest.mark.parametrize(("title", "route"), PUBLIC, ids=lambda each: getattr(each, "path", each))
def test_every_public_call_leads_to_its_service_with_its_requirement_and_its_limits(title: str, route: Route) -> None:
    found = answering(drawn(), route.method, somewhere(route))

    network = set() if route.limit.network is None else {f"limit.{route.limit.network.name}"}
    shown = {f"limit.{route.limit.name}-shown"} if route.limit.per_browser else set()
    unbuffered = {"buffer"} if route.live == "socket" else set()
    assert found["route"]["cluster"] == SERVICES[title]
    limits = {f"limit.{route.limit.name}"} | network | shown
    assert awake(found) == limits | unbuffered | REQUIRED.get(route.who, set())


@pytest.mark.parametrize(("title", "route"), PUBLIC, ids=lambda each: getattr(each, "path", each))
def test_a_method_a_path_does_not_know_is_for_its_service_to_refuse(title: str, route: Route) -> None:
    found = answering(drawn(), "OPTIONS", somewhere(route))

    assert (found["route"]["cluster"], awake(found)) == (SERVICES[title], {"limit.requests"})


@pytest.mark.parametrize("route", INTERNAL, ids=lambda route: route.path)
def test_no_internal_call_leads_anywhere(route: Route) -> None:
    assert answering(drawn(), route.method, somewhere(route))["direct_response"] == {"status": 404}


def test_no_route_leads_to_a_service_but_those_of_the_tables() -> None:
    routes = manager(drawn())["route_config"]["virtual_hosts"][0]["routes"]
    led = {
        re.sub(r"\\", "", each["match"].get("path") or each["match"]["safe_regex"]["regex"])
        for each in routes
        if each.get("route", {}).get("cluster") not in (None, "gateway")
    }
    assert led == {re.sub(r"{\w+}", "[^/]+", route.path) for title, route in PUBLIC if SERVICES[title] != "gateway"}


@pytest.mark.parametrize("path", ["/", "/lobby", "/@ada", "/assets/index-B1.js", "/users/a/b/c", "/Users", "/metrics"])
def test_everything_else_is_for_the_gateways_own_service(path: str) -> None:
    assert answering(drawn(), "GET", path)["route"]["cluster"] == "gateway"


@pytest.mark.parametrize(
    "path",
    [
        "/users%2fme", "/users%2Fme", "/users%5cme", "/users\\me", "//users", "/users//me", "/users/./me", "/x/../users",
        "/users/..", "/users/.", "/users/%2e%2e", "/users/%6de", "/users/%6De", "/log%69n", "/users/%30", "/%7e", "/%5F",
        "/users/me%00", "/users/%0d%0a", "/users/%7f", "/users/%zz", "/users/%4", "/users/%", "/internal", "/internal/x",
    ],
)  # fmt: skip
def test_a_path_that_could_be_read_as_another_is_nowhere(path: str) -> None:
    assert answering(drawn(), "GET", path)["direct_response"] == {"status": 404}


@pytest.mark.parametrize(
    "path", ["/players/%C3%A9mile", "/players/a%20b", "/@a.b", "/assets/a..b.js", "/users/%25", "/...a"]
)
def test_a_path_with_one_reading_is_somewhere(path: str) -> None:
    assert "route" in answering(drawn(), "GET", path)


@pytest.mark.parametrize(("title", "route"), PUBLIC, ids=lambda each: getattr(each, "path", each))
def test_only_what_is_repeatable_is_sent_again_once_it_may_have_been_heard(title: str, route: Route) -> None:
    policy = answering(drawn(), route.method, somewhere(route))["route"]["retry_policy"]
    heard = {"reset"} & set(policy["retry_on"].split(","))
    assert bool(heard) == (not route.live and (route.method in ("GET", "PUT", "DELETE") or route.repeatable))


def test_what_makes_something_new_each_time_is_not_called_repeatable() -> None:
    making = {(route.method, route.path) for _, route in PUBLIC if route.repeatable}
    assert not making & {("POST", path) for path in ("/users", "/guests", "/games", "/login", "/login/mfa")}


def test_sign_ins_that_show_a_cookie_are_asked_of_one_replica_for_each_address() -> None:
    config = drawn()
    shown = answering(config, "POST", "/login", cookie="a=b; noughts-device=x")
    assert shown["route"]["cluster"] == "auth-by-address"
    assert answering(config, "POST", "/login", cookie="a=b")["route"]["cluster"] == "auth"
    assert awake(shown) == awake(answering(config, "POST", "/login"))


def test_without_limits_nothing_is_counted() -> None:
    assert "limit" not in json.dumps(
        [manager(drawn(limited=False))["http_filters"], answering(drawn(limited=False), "GET", "/")]
    )


def test_names_are_looked_up_and_addresses_are_not() -> None:
    config = drawn(users=("users:8000",), games=("10.0.0.1:8000", "[::1]:8000"))
    kinds = {
        each["name"]: each.get("type", each.get("cluster_type", {}).get("name"))
        for each in config["static_resources"]["clusters"]
    }
    assert (kinds["users"], kinds["games"]) == ("envoy.clusters.dns", "STATIC")


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "https://play.example"},
        {"certificate": "cert.pem"},
        {"plain": "127.0.0.1:80"},
        {"listen": "8080"},
        {"listen": "127.0.0.1:99999"},
        {"users": ()},
        {"users": ("users",)},
        {"admin": "0.0.0.0:9901"},
        {"admin": "gateway:9901"},
        {"origins": ("https://play.example/",)},
        {"origins": ("*",)},
        {"origins": ("null",)},
    ],
)
def test_a_plan_that_contradicts_itself_or_opens_too_much_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        plan(**changes)


WAYS = [
    {},
    {"limited": False, "access_log": False},
    {"users": ("users:8000",), "auth": ("a:1", "b:2"), "listen": "[::]:8080"},
    {"origins": ("https://a.example",), "hosts": ("play.example", "localhost")},
    {"base_url": "https://play.example", "trusted_hops": 2, "metrics": "0.0.0.0:9902", "peers": ("gateway:8080",)},
]


@pytest.mark.parametrize("changes", WAYS, ids=str)
def test_envoy_takes_the_configuration_and_finds_nothing_outdated(tmp_path: Path, changes: dict[str, Any]) -> None:
    file = tmp_path / "envoy.json"
    file.write_text(json.dumps(drawn(**changes)))
    done = subprocess.run(
        [str(envoy.program()), "--mode", "validate", "-c", str(file), "--log-level", "warning"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, "eprecated" in done.stderr) == (0, False), done.stderr[-2000:]


def test_the_command_line_prints_it() -> None:
    addresses = itertools.chain.from_iterable(
        (f"--{name}", ",".join(plan().clusters[name])) for name in plan().clusters
    )
    ended = noughts("envoy", *addresses, "--listen", "127.0.0.1:8080", rate_limits="off")
    assert json.loads(ended.out) == json.loads(json.dumps(drawn(limited=False)))


def test_what_cannot_be_is_told_in_one_line() -> None:
    addresses = itertools.chain.from_iterable((f"--{name}", f"{name}:1") for name in plan().clusters)
    assert refused(noughts("envoy", *addresses, base_url="https://play.example"))
