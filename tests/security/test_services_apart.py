"""What services may ask of each other, and what a service that fell into wrong hands could not."""

import re
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from noughts import migrations
from noughts.compose import TABLES
from noughts.kit import ids
from noughts.kit.clock import now
from noughts.kit.database.sqlite import Sqlite
from noughts.kit.edge import Route, Who
from noughts.kit.sealing import derive
from noughts.kit.service_tokens import ServiceTokens
from tests import seams, servers
from tests.faults.harm import noughts, refused
from tests.services import SECRET, Services, services

SERVICES = ("Users", "Sign-in", "Games")
INSIDE = [(name, route) for name in SERVICES for route in TABLES[name] if route.who is Who.SERVICE]
SCOPES = sorted({route.scope or "" for _, route in INSIDE})
PERSONAL = [(name, route) for name in SERVICES for route in TABLES[name] if route.who in (Who.SIGNED_IN, Who.OPTIONAL)]


def named(value: object) -> str | None:
    """Return what a route is called in the list of tests."""
    return f"{value.method} {value.path}" if isinstance(value, Route) else None


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Services]:
    """The services, their clock standing at noon."""
    path = tmp_path / "noughts.db"
    await migrations.upgrade(f"sqlite:///{path}")
    database = Sqlite(path)
    async with services(database) as found:
        yield found
    await database.close()


async def asked(house: Services, name: str, route: Route, token: str) -> httpx.Response:
    """Ask a service's own door, past any gateway."""
    doors = {"Users": house.users_door, "Sign-in": house.auth_door, "Games": house.games_door}
    path = re.sub(r"{\w+}", ids.new(), route.path)
    headers = {"Authorization": f"Bearer {token}", "Origin": "http://localhost:8000"}
    async with seams.served(doors[name]()) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        return await client.request(route.method, path, headers=headers, json={} if route.method != "GET" else None)


@pytest.mark.parametrize(("name", "route"), PERSONAL, ids=named)
async def test_a_services_token_acts_for_no_person(house: Services, name: str, route: Route) -> None:
    for scope in SCOPES:
        answer = await asked(house, name, route, house.service_tokens.issue(scope))
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/invalid-token")


@pytest.mark.parametrize(("name", "route"), INSIDE, ids=named)
async def test_a_services_token_is_good_for_its_scope_alone(house: Services, name: str, route: Route) -> None:
    for scope in SCOPES:
        answer = await asked(house, name, route, house.service_tokens.issue(scope))
        assert (answer.status_code == 403) == (scope != route.scope), (scope, answer.text)


@pytest.mark.parametrize(("name", "route"), INSIDE, ids=named)
async def test_a_persons_token_opens_no_door_between_services(house: Services, name: str, route: Route) -> None:
    answer = await asked(house, name, route, (await house.guest()).access_token)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/invalid-token")


async def test_services_are_not_counted_and_whoever_has_no_token_is(house: Services) -> None:
    token = {"Authorization": f"Bearer {house.service_tokens.issue('auth:read')}"}
    async with seams.served(house.auth_door()) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        known = {(await client.get("/internal/auth/keys", headers=token)).status_code for _ in range(300)}
        unknown = {(await client.get("/internal/auth/keys")).status_code for _ in range(300)}
    assert (known, unknown) == ({200}, {401, 429})


@pytest.fixture
async def beside(postgres_database: str, tmp_path: Path) -> AsyncIterator[tuple[servers.Process, int]]:
    """The User Service and the gateway in one process, the others in another; the first, and where services ask it."""
    await migrations.upgrade(postgres_database)
    shared = {"secret": SECRET.hex(), "base_url": "http://localhost:8000", "database": postgres_database}
    front, back = servers.Process(tmp_path / "front", **shared), servers.Process(tmp_path / "back", **shared)
    front.words, back.words = ("serve", "users", "gateway"), ("serve", "auth", "games")
    inside = servers.free_port()
    front.settings |= {"internal_port": str(inside), "auth_url": back.url, "games_url": back.url}
    back.settings |= {"users_url": f"http://127.0.0.1:{inside}"}
    with ExitStack() as stack:
        for process in (front, back):
            process.start(wait=False)
            stack.callback(process.stop)
        for process in (front, back):
            process.until_it_answers()
        yield front, inside


async def test_a_gateway_beside_a_service_lets_nobody_at_what_services_ask_each_other(
    beside: tuple[servers.Process, int],
) -> None:
    front, inside = beside
    tokens = ServiceTokens(derive(SECRET, "services"), now)
    with front.client() as client:
        for name, route in INSIDE:
            headers = {"Authorization": f"Bearer {tokens.issue(route.scope or '')}"}
            path = re.sub(r"{\w+}", ids.new(), route.path)
            assert client.request(route.method, path, headers=headers, json={}).status_code == 404, (name, path)
        headers, nobody = {"Authorization": f"Bearer {tokens.issue('users:read')}"}, {"user_ids": []}
        asked = client.post(f"http://127.0.0.1:{inside}/internal/users/cards", headers=headers, json=nobody)
        assert asked.json() == {"cards": []}
        signed_in = client.post("/guests", json={})
        assert signed_in.status_code == 201, signed_in.text
        headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        game = client.post("/games", json={"opponent": {"kind": "computer", "level": 1}, "mark": "X"}, headers=headers)
        assert game.status_code == 201, game.text
        assert client.get("/lobby", headers={"Accept": "application/json"}).json()["partial"] == []


def test_it_does_not_start_without_a_port_for_them() -> None:
    apart = {"secret": SECRET.hex(), "base_url": "http://localhost:8000", "database": "postgresql://127.0.0.1:1/none"}
    ended = noughts("serve", "users", "gateway", "--port", "0", **apart)
    assert refused(ended), ended
    assert "NOUGHTS_INTERNAL_PORT" in ended.err
