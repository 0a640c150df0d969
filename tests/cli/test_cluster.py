"""`noughts cluster`, as whoever starts it sees it."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import clusters, servers
from tests.clusters import Cluster
from tests.faults.harm import noughts, refused

ALONE = {f"{part}.1" for part in ("users", "auth", "games", "gateway")} | {"envoy"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One replica of each service."""
    with clusters.clustered(log="warning", replicas=1) as found:
        yield found


def is_alive(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition: object, seconds: float = 20.0) -> bool:
    """Return whether something became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]  # a lambda
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.slow
def test_every_service_runs_in_a_process_of_its_own_and_the_gateway_leads_to_all(cluster: Cluster) -> None:
    assert cluster.running().keys() == ALONE
    with cluster.client() as client:
        assert client.get("/").text.startswith("<!doctype html>")
        headers = {"Authorization": f"Bearer {client.post('/guests', json={}).json()['access_token']}"}
        assert client.get("/users/me", headers=headers).status_code == 200
        assert client.get("/games", headers=headers).json() == {"items": [], "next": None}


@pytest.mark.slow
def test_its_banner_says_where_it_is_and_how_to_make_an_administrator(cluster: Cluster) -> None:
    told = cluster.log.read_text()
    assert f"Noughts is at http://localhost:{cluster.port}" in told
    assert "NOUGHTS_DATABASE='postgresql://" in told
    assert f"users promote <username> --data {cluster.folder / 'data'}" in told
    assert cluster.run("users", "list") == ""


@pytest.mark.slow
def test_a_process_that_dies_is_started_again(cluster: Cluster) -> None:
    before = cluster.running()
    cluster.kill_member("games.1")
    assert until(lambda: cluster.running()["games.1"] != before["games.1"])
    with cluster.client() as client:
        assert until(lambda: client.get("/games").status_code == 401)
    assert "ended with -9: started again" in cluster.log.read_text()


@pytest.mark.slow
def test_a_second_one_on_its_port_or_its_data_says_so(cluster: Cluster, tmp_path: Path) -> None:
    assert refused(noughts("cluster", "--port", str(cluster.port), "--data", str(tmp_path)))
    other = noughts("cluster", "--port", str(servers.free_port()), "--data", str(cluster.folder))
    assert refused(other)
    assert "Another server is running on" in other.err


@pytest.mark.slow
def test_sigterm_ends_all_of_it_and_its_data_are_there_the_next_time() -> None:
    with clusters.place() as folder:
        with clusters.clustered(folder, log="warning", replicas=1) as first, first.client() as client:
            grant = client.post("/guests", json={}).json()
            pids = [first.pid, *first.running().values()]
            assert first.stop() == 0
            assert until(lambda: not any(map(is_alive, pids)))
        with clusters.clustered(folder, log="warning", replicas=1) as second, second.client() as client:
            again = client.post("/token", json={"refresh_token": grant["refresh_token"]})
            assert again.json()["user"] == grant["user"]


@pytest.mark.parametrize("count", ["0", "17", "-1"])
def test_a_number_of_replicas_that_cannot_be_is_refused(tmp_path: Path, count: str) -> None:
    assert refused(noughts("cluster", "--replicas", count, "--data", str(tmp_path / "new")))
    assert not (tmp_path / "new").exists()


def test_a_port_somebody_listens_on_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = noughts("cluster", "--port", str(taken.getsockname()[1]), "--data", str(tmp_path / "new"))
    assert refused(ended)
    assert not (tmp_path / "new").exists()


def test_services_apart_say_what_they_miss(tmp_path: Path) -> None:
    apart = {"data": str(tmp_path), "base_url": "http://localhost:8000", "secret": "0" * 64}
    for missing in ("base_url", "secret"):
        some = {name: value for name, value in apart.items() if name != missing}
        ended = noughts("serve", "users", "--port", "0", **some, database="postgresql://127.0.0.1:1/none")
        assert refused(ended)
        assert f"NOUGHTS_{missing.upper()}" in ended.err
    ended = noughts("serve", "users", "--port", "0", **apart)
    assert refused(ended)
    assert "NOUGHTS_DATABASE" in ended.err
    ended = noughts("serve", "gateway", "--port", "0", **apart)
    assert refused(ended)
    assert "NOUGHTS_USERS_URL" in ended.err


@pytest.mark.parametrize("url", ["users:8000", "ftp://users", "http://", "http://users:port", "http://a:1,http://b:x"])
def test_a_neighbours_address_that_leads_nowhere_is_refused(tmp_path: Path, url: str) -> None:
    apart = {"data": str(tmp_path), "base_url": "http://localhost:8000", "secret": "0" * 64}
    ended = noughts("serve", "gateway", "--port", "0", **apart, users_url=url, auth_url=url, games_url=url)
    assert refused(ended)
    assert "NOUGHTS_" in ended.err


def test_a_service_nobody_knows_is_a_word_that_is_wrong() -> None:
    ended = noughts("serve", "lobby")
    assert (ended.status, len(ended.lines)) == (2, 1)


def test_a_gateway_by_itself_answers_while_its_neighbours_do_not(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:1"
    urls = {"users_url": nowhere, "auth_url": nowhere, "games_url": nowhere}
    process = servers.Process(tmp_path / "data", secret="0" * 64, base_url="http://localhost:8000", **urls)
    process.words = ("serve", "gateway")
    process.start()
    try:
        with process.client() as client:
            assert client.get("/").status_code == 200
            began = time.monotonic()
            answers = [client.post("/guests", json={}) for _ in range(8)]
            assert {answer.status_code for answer in answers} == {503}
            assert {answer.headers["retry-after"] for answer in answers} == {"1"}
            assert answers[0].headers["content-type"] == "application/problem+json"
            assert time.monotonic() - began < 8
    finally:
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait() == 0
