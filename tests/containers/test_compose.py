"""The composed cluster: one way in, everybody on a short leash, and a dead replica costs nobody anything."""

import json
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.containers.images import ROOT
from tests.containers.stack import REPLICAS, Stack

pytestmark = pytest.mark.slow
LASTING = (*REPLICAS, "envoy", "database")
REACHES = """
import socket, sys
def reached(place):
    host, port = place.split(":")
    try:
        socket.create_connection((host, int(port)), 2).close()
    except OSError:
        return False
    return True
print([place for place in sys.argv[1:] if reached(place)])
"""
PASSWORD = "a quiet evening"


def inspected(stack: Stack, service: str) -> dict[str, Any]:
    """Return what podman knows about a service's container."""
    (found,) = json.loads(stack.podman("inspect", stack.container(service)))
    return dict(found)


def member(client: httpx.Client, name: str) -> dict[str, str]:
    """Return the headers of somebody new who has signed in."""
    person = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    assert client.post("/users", json=person).status_code == 201
    signed_in = client.post("/login", json={"username": name, "password": PASSWORD})
    assert signed_in.status_code == 200, signed_in.text
    return {"Authorization": f"Bearer {signed_in.json()['access_token']}"}


def test_it_is_one_platform_with_one_way_in(composed: Stack) -> None:
    with composed.client() as client:
        assert "<title>" in client.get("/").text
        headers = member(client, "augusta")
        game = client.post("/games", json={"opponent": {"kind": "computer", "level": 1}, "mark": "X"}, headers=headers)
        moved = client.post(f"/games/{game.json()['id']}/moves", json={"ply": 0, "cell": 4}, headers=headers)
        assert (game.status_code, moved.status_code) == (201, 201)
        export = client.get("/users/me/export", headers=headers).json()
        assert (len(export["games"]), len(export["sessions"])) == (1, 1)
    assert composed.run("users", "promote", "augusta") == "augusta is an administrator now."
    published = {
        service for service in LASTING if any(inspected(composed, service)["NetworkSettings"]["Ports"].values())
    }
    assert published == {"envoy"}


def test_nobody_inside_is_root_or_may_write_or_may_grow(composed: Stack) -> None:
    for service in LASTING:
        found = inspected(composed, service)
        host = found["HostConfig"]
        assert found["Config"]["User"] not in ("", "0", "root"), service
        assert found["EffectiveCaps"] in (None, []), service
        assert "no-new-privileges" in host["SecurityOpt"], service
        assert host["ReadonlyRootfs"], service
        assert 0 < host["Memory"] < 1.5 * 2**30, service
        assert host["PidsLimit"] > 0, service
        assert host["NanoCpus"] > 0, service


def test_everybody_is_well_and_the_migration_is_done(composed: Stack) -> None:
    for service in LASTING:
        checked = composed.podman.attempt("healthcheck", "run", composed.container(service))
        assert checked.returncode == 0, (service, checked.stdout)
    migration = inspected(composed, "migrate")["State"]
    assert (migration["Running"], migration["ExitCode"]) == (False, 0)


def test_the_database_is_reached_by_those_alone_who_keep_something_there(composed: Stack) -> None:
    address = inspected(composed, "database")["NetworkSettings"]["Networks"][f"{composed.project}_database"][
        "IPAddress"
    ]
    for service, may in (
        ("users-1", True),
        ("auth-1", True),
        ("games-1", True),
        ("gateway-1", False),
        ("envoy", False),
    ):
        told = composed.podman("exec", composed.container(service), "python", "-c", REACHES, f"{address}:5432")
        assert told == (f"['{address}:5432']" if may else "[]"), service


def test_each_service_writes_its_own_tables_alone(composed: Stack) -> None:
    look = """
import asyncio, asyncpg, os
async def look():
    connection = await asyncpg.connect(open(os.environ["NOUGHTS_DATABASE_FILE"]).read())
    for table in ("users", "sessions", "games"):
        if await connection.fetchval("SELECT has_table_privilege($1, 'INSERT')", table):
            print(table)
asyncio.run(look())
"""
    for service, table in (("users-1", "users"), ("auth-1", "sessions"), ("games-1", "games")):
        assert composed.podman("exec", composed.container(service), "python", "-c", look).splitlines() == [table]


def test_addresses_are_not_believed_from_those_who_come_in(composed: Stack) -> None:
    with composed.client(headers={"X-Forwarded-For": "9.9.9.9", "Forwarded": "for=9.9.9.9"}) as client:
        headers = member(client, "forger")
        (session,) = client.get("/users/me/sessions", headers=headers).json()["items"]
    assert session["address"] not in (None, "9.9.9.9")


def test_a_replica_that_dies_costs_nobody_a_request_and_comes_back(composed: Stack) -> None:
    with composed.client() as client:
        headers = member(client, "grace")
        before = composed.running()["users-1"]
        composed.kill_member("users-1")
        assert {client.get("/users/me", headers=headers).status_code for _ in range(200)} == {200}
    deadline = time.monotonic() + 20
    while composed.running()["users-1"] in (0, before):
        assert time.monotonic() < deadline, inspected(composed, "users-1")["State"]
        time.sleep(0.1)


def test_secrets_are_made_once_each_readable_to_one_service(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make = ["sh", str(ROOT / "infra/secrets.sh"), str(folder)]
    subprocess.run(make, check=True)
    first = {file.name: file.read_text() for file in folder.iterdir()}
    (folder / "database_auth").unlink()
    subprocess.run(make, check=True)
    again = {file.name: file.read_text() for file in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(bytes.fromhex(first["secret"])) == 32
    assert first["database_users"].startswith("postgresql://noughts_users:")
    assert first.pop("smtp_password") == ""
    assert len(set(first.values())) == len(first) == 6
    assert {name for name in first if first[name] != again[name]} == {"database_auth"}


def test_secrets_for_a_database_elsewhere_name_it(tmp_path: Path) -> None:
    (tmp_path / "database_owner").write_text("postgresql://owner:word@db.example.com:6432/people?sslmode=require")
    subprocess.run(["sh", str(ROOT / "infra/secrets.sh"), str(tmp_path)], check=True)
    users = (tmp_path / "database_users").read_text()
    assert users.startswith("postgresql://noughts_users:")
    assert users.endswith("@db.example.com:6432/people?sslmode=require")
