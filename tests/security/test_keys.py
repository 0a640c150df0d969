"""Signing keys: published for everyone, changed while servers run, and nobody is signed out."""

import time
from collections.abc import Iterator

import httpx
import jwt
import pytest

from noughts.auth.model.keys import READ_EVERY_S, SHORT_NOTICE
from tests import servers
from tests.security.attacks import Person, guest, me

KEYS = "/.well-known/jwks.json"


def signed_with(token: str) -> str:
    """Return the id of a token's key."""
    return str(jwt.get_unverified_header(token)["kid"])


def published(client: httpx.Client) -> list[str]:
    """Return the ids of the keys a server publishes."""
    return [key["kid"] for key in client.get(KEYS).json()["keys"]]


@pytest.fixture
def cluster(two_servers: list[servers.Process]) -> Iterator[list[httpx.Client]]:
    """Clients of two servers on one PostgreSQL."""
    with two_servers[0].client() as one, two_servers[1].client() as other:
        yield [one, other]


def test_the_configuration_says_where_keys_and_tokens_are(server: servers.Process, client: httpx.Client) -> None:
    answer = client.get("/.well-known/openid-configuration")
    found = answer.json()

    assert answer.headers["cache-control"] == "public, max-age=300"
    assert found["issuer"] == server.url
    assert client.get(found["jwks_uri"].removeprefix(server.url)).json()["keys"]
    assert client.post(found["token_endpoint"].removeprefix(server.url), json={}).status_code == 401


def test_keys_are_public_for_five_minutes_and_hold_nothing_private(client: httpx.Client) -> None:
    answer = client.get(KEYS)

    assert answer.headers["cache-control"] == "public, max-age=300"
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in answer.json()["keys"])


@pytest.mark.slow
def test_keys_change_in_a_hurry_and_nobody_is_signed_out(
    two_servers: list[servers.Process], cluster: list[httpx.Client]
) -> None:
    people: list[Person] = [guest(client) for client in cluster]
    (old,) = {signed_with(person.access) for person in people}

    new = two_servers[0].run("keys", "rotate", "--now").split()[0]
    deadline = time.monotonic() + SHORT_NOTICE.total_seconds() + 2 * READ_EVERY_S
    while {signed_with(person.access) for person in people[-2:]} != {new}:
        assert time.monotonic() < deadline
        people += [guest(client) for client in cluster]
        assert {me(client, person.access).status_code for client in cluster for person in people[-2:]} == {200}
        time.sleep(0.25)

    assert {me(client, person.access).status_code for client in cluster for person in people[:2]} == {200}
    assert [published(client) for client in cluster] == [[new, old]] * 2
    listed = two_servers[1].run("keys", "list").splitlines()
    assert [line.split("\t")[2] for line in listed] == ["active", "retired"]
