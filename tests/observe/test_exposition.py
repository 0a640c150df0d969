"""What a running server tells Prometheus."""

import contextlib
import socket
from collections import Counter

import httpx
import pytest
from tests import servers
from tests.observe.conftest import Watched

from noughts import VERSION


def test_every_name_is_ours_or_the_process_and_every_counter_ends_as_one(watched: Watched) -> None:
    page = watched.page()
    assert {name.partition("_")[0] for name in page.names} == {"noughts", "process", "python"}
    for family in page.families.values():
        assert family.documentation.endswith(".") or not family.name.startswith("noughts")
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name


def test_it_says_its_version_and_which_services_it_runs(watched: Watched) -> None:
    assert watched.page().value("noughts_build_info", version=VERSION, services="users auth games gateway") == 1


def test_labels_are_routes_and_never_paths(watched: Watched) -> None:
    with watched.client() as client:
        for number in range(20):
            client.get(f"/users/0198f000-0000-7000-8000-0000000000{number:02}")
            client.get(f"/nowhere/{number}")
            client.request("PROPFIND", f"/users/{number}")
            client.get("/")
    page = watched.page()
    assert page.value("noughts_requests_total", route="/users/{user_id}", status="401") >= 20
    assert page.value("noughts_requests_total", route="other", status="404") >= 20
    assert page.value("noughts_requests_total", route="page", status="200") >= 20
    routes = page.labels("noughts_requests_total", "route")
    assert all(route in ("other", "page") or "{" in route or not any(map(str.isdigit, route)) for route in routes)
    assert page.labels("noughts_requests_total", "method") == {"GET", "POST", "other"}


def test_a_refused_token_and_a_limit_that_is_reached_are_counted_by_what_they_are(watched: Watched) -> None:
    before, told = watched.page(), Counter[str]()
    with watched.client() as client:
        told[_slug(client.get("/users/me", headers={"authorization": "Bearer no.such.token"}))] += 1
        told.update(_slug(client.post("/login", json={"username": "ada", "password": "x" * 9})) for _ in range(40))
    page = watched.page()
    assert {"invalid-token", "too-many-requests"} <= told.keys()
    for problem, answers in told.items():
        counted = [told.value("noughts_problems_total", problem=problem) for told in (before, page)]
        assert counted[1] - counted[0] == answers


def _slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def test_what_never_became_a_request_is_counted(watched: Watched) -> None:
    before = watched.page().value("noughts_problems_total", problem="bad-request")
    with socket.create_connection(("127.0.0.1", watched.port)) as connection:
        connection.sendall(b"this is no HTTP\r\n\r\n")
        assert b"400 Bad Request" in connection.recv(4096)
    assert watched.page().value("noughts_problems_total", problem="bad-request") == before + 1


def test_open_connections_are_counted_and_those_that_were_closed_are_not(watched: Watched) -> None:
    before = watched.page().value("noughts_connections_open")
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            client = stack.enter_context(watched.client())
            assert client.get("/healthz").is_success
        assert watched.page().value("noughts_connections_open") == before + 5
    with watched.client() as client:  # it is answered after the ends of the others were read
        assert client.get("/healthz").is_success
        assert watched.page().value("noughts_connections_open") <= before + 1


def test_hashes_and_writes_are_told(watched: Watched) -> None:
    page = watched.page()
    assert page.value("noughts_hash_places") > 64
    assert page.value("noughts_hashes_running") == page.value("noughts_hash_places_taken") == 0
    assert page.value("noughts_database_writes_total") >= page.value("noughts_database_commits_total") > 0
    assert page.value("noughts_revocation_feed_age_seconds") < 5


def test_the_admin_port_says_that_the_process_lives_and_answers_nothing_else(watched: Watched) -> None:
    admin = f"http://127.0.0.1:{watched.settings['admin_port']}"
    assert httpx.get(f"{admin}/healthz", trust_env=False).json() == {"status": "alive"}
    assert httpx.get(f"{admin}/users", trust_env=False).status_code == 404


def test_metrics_are_told_at_the_address_set_for_them(watched: Watched) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.2:{watched.settings['admin_port']}/metrics", trust_env=False)


def test_another_address_may_be_set(tmp_path_factory: pytest.TempPathFactory) -> None:
    data, port = tmp_path_factory.mktemp("elsewhere") / "data", servers.free_port()
    with servers.serving(data, admin_host="127.0.0.2", admin_port=str(port)):
        assert httpx.get(f"http://127.0.0.2:{port}/metrics", trust_env=False).is_success
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)


def test_an_admin_port_that_is_taken_is_named_by_its_setting(
    watched: Watched, tmp_path_factory: pytest.TempPathFactory
) -> None:
    second = servers.Process(tmp_path_factory.mktemp("second") / "data", admin_port=watched.settings["admin_port"])
    second.start(wait=False)
    assert second.wait() == 1
    assert "NOUGHTS_ADMIN_PORT" in second.log.read_text()
