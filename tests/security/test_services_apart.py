"""What services may ask of each other, and what a service that fell into wrong hands could not."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from noughts import migrations
from noughts.compose import TABLES
from noughts.kit import ids
from noughts.kit.database.sqlite import Sqlite
from noughts.kit.edge import Route, Who
from tests import seams
from tests.services import Services, services

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
