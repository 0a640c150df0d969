"""The story of a second factor over HTTP: set up, used, its phone lost, and found help for."""

from datetime import UTC, datetime
from typing import Any

import httpx

from tests import servers
from tests.authenticator import Authenticator
from tests.journeys.endings import ended
from tests.post import filed

PASSWORD = "a proper secret"
HANNAH = {"username": "hannah", "email": "hannah@example.com", "password": PASSWORD}
EDITH = {"username": "edith", "email": "edith@example.com", "password": PASSWORD}


def sign_in(client: httpx.Client, username: str) -> httpx.Response:
    """Give the password."""
    return client.post("/login", json={"username": username, "password": PASSWORD})


def finish(client: httpx.Client, username: str, code: str) -> httpx.Response:
    """Give the password, then a code."""
    waiting = sign_in(client, username)
    assert waiting.status_code == 401
    return client.post("/login/mfa", json={"mfa_token": waiting.json()["mfa_token"], "code": code})


def signed(grant: dict[str, Any]) -> dict[str, str]:
    """Return the header that proves who signed in."""
    return {"Authorization": f"Bearer {grant['access_token']}"}


def test_somebody_protects_an_account_loses_the_phone_and_is_helped(
    server: servers.Process, client: httpx.Client
) -> None:
    client.post("/users", json=HANNAH)
    me = signed(sign_in(client, "hannah").json())
    assert client.post("/users/me/totp", json={}, headers=me).status_code == 409
    client.post("/email/verify", json={"token": filed(server.data, HANNAH["email"])[0].secret})

    setup = client.post("/users/me/totp", json={}, headers=me).json()
    phone = Authenticator(setup["secret"])
    assert setup["uri"].startswith("otpauth://totp/Noughts:hannah?secret=")
    mistyped = client.post("/users/me/totp/confirm", json={"code": "000000"}, headers=me)
    assert mistyped.json()["errors"][0]["pointer"] == "#/code"
    confirmed = client.post("/users/me/totp/confirm", json={"code": phone.shows(datetime.now(UTC))}, headers=me)
    codes = confirmed.json()["recovery_codes"]
    assert len(set(codes)) == 10
    assert client.post("/users/me/totp", json={}, headers=me).status_code == 409

    by_phone = finish(client, "hannah", phone.shows(datetime.now(UTC), 1))
    assert by_phone.json()["user"]["username"] == "hannah"
    by_code = finish(client, "hannah", codes[0])
    assert client.get("/users/me/totp", headers=signed(by_code.json())).json() == {
        "enabled": True,
        "recovery_codes_left": 9,
    }

    client.post("/users", json=EDITH)
    server.run("users", "promote", "edith")
    edith = signed(sign_in(client, "edith").json())
    hannah = by_code.json()["user"]["id"]
    assert client.get(f"/users/{hannah}/totp", headers=edith).json()["enabled"]
    assert client.delete(f"/users/{hannah}/totp", headers=edith).status_code == 204
    assert ended(client, signed(by_code.json())).status_code == 401
    assert sign_in(client, "hannah").status_code == 200
