"""People with everything an installation can hold of them, and the proof that all of it is still there."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from noughts.migrations import ownership
from tests import servers
from tests.authenticator import Authenticator
from tests.post import filed

PASSWORD = "a proper secret"
ORIGIN = "http://localhost:8000"
SETTINGS = {"rate_limits": "off", "base_url": ORIGIN}
NOBODY_TAKES_MAILS = {"smtp_host": "127.0.0.1", "smtp_port": "9", "smtp_security": "none", "mail_from": "a@example.com"}
KEY = {"Idempotency-Key": "the-first-game-of-all"}
VERSUS = {"opponent": {"kind": "computer", "level": 1}, "mark": "X"}


class Kept(msgspec.Struct, frozen=True):
    """What people have in hand, and will come back with."""

    phone: Authenticator
    recovery_code: str
    guest: dict[str, Any]
    game: dict[str, Any]
    hannah: dict[str, Any]


def signed(grant: dict[str, Any]) -> dict[str, str]:
    """Return the header that proves who signed in."""
    return {"Authorization": f"Bearer {grant['access_token']}"}


def fill(data: Path) -> Kept:
    """Let people live in a new installation until every one of its tables holds something; the server ends afterwards."""
    with servers.serving(data, **SETTINGS) as server, server.client() as client:
        grant, phone, codes = _protected(server, client)
        guest = client.post("/guests", json={}).json()
        game = client.post("/games", json=VERSUS, headers=signed(guest) | KEY).json()
        moved = client.post(f"/games/{game['id']}/moves", json={"ply": 0, "cell": 4}, headers=signed(guest))
        assert moved.is_success, moved.text
        rated = client.post("/games", json=VERSUS | {"rated": True}, headers=signed(grant)).json()
        assert client.post(f"/games/{rated['id']}/resign", headers=signed(grant)).is_success
        assert client.post("/live/tickets", headers=signed(grant)).status_code == 201
    with (
        servers.serving(data, **NOBODY_TAKES_MAILS, **SETTINGS) as server,
        server.client() as client,
    ):
        edith = {"username": "edith", "email": "edith@example.com", "password": PASSWORD}
        assert client.post("/users", json=edith, headers={"Idempotency-Key": "edith"}).status_code == 201
        comes = client.post("/login", json={"username": "edith", "password": PASSWORD}).json()
        challenge = client.post("/challenges", json={"username": "edith", "rated": True}, headers=signed(grant)).json()
        assert client.post(f"/challenges/{challenge['id']}/accept", headers=signed(comes)).is_success
        assert client.post("/login", json={"username": "edith", "password": "wrong"}).status_code == 401
        assert client.post("/login", json={"username": "hannah", "password": PASSWORD}).status_code == 401
        other = client.post("/guests", json={}).json()
        assert client.post("/logout", json={}, headers=signed(other)).status_code == 204
        game = client.get(f"/games/{game['id']}", headers=signed(guest)).json()
    with closing(sqlite3.connect(data / "noughts.db")) as connection, connection:
        connection.execute(
            "INSERT INTO attempts VALUES ('x', 1, '2026-11-22T12:00:00.000Z', '2026-11-22T12:00:00.001Z')"
        )
        connection.execute(
            "INSERT INTO recovery_requests VALUES ('0190a000-0000-7000-8000-000000000001', x'00ff', '2026-11-22T12:00:00.000Z')"
        )
        for table in ownership.tables():
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0], f"nothing in {table}"
    return Kept(phone, codes[0], guest, game, grant)


def _protected(server: servers.Process, client: httpx.Client) -> tuple[dict[str, Any], Authenticator, list[str]]:
    """Return how somebody with a second factor signed in, what shows the codes, and the recovery codes."""
    hannah = {"username": "hannah", "email": "hannah@example.com", "password": PASSWORD}
    client.post("/users", json=hannah)
    client.post("/email/verify", json={"token": filed(server.data, hannah["email"])[0].secret})
    grant = client.post("/login", json={"username": "hannah", "password": PASSWORD}).json()
    phone = Authenticator(client.post("/users/me/totp", json={}, headers=signed(grant)).json()["secret"])
    confirm = {"code": phone.shows(datetime.now(UTC))}
    confirmed = client.post("/users/me/totp/confirm", json=confirm, headers=signed(grant))
    return grant, phone, confirmed.json()["recovery_codes"]


def go_on(server: servers.Process, kept: Kept) -> None:
    """Let everybody come back, and find everything as it was."""
    with server.client() as client:
        me = client.get("/users/me", headers=signed(kept.hannah))
        assert (me.status_code, me.json()["email_verified"]) == (200, True)
        waiting = client.post("/login", json={"username": "hannah", "password": PASSWORD}).json()
        answer = {"mfa_token": waiting["mfa_token"], "code": kept.phone.shows(datetime.now(UTC), 1)}
        assert client.post("/login/mfa", json=answer).status_code == 200
        waiting = client.post("/login", json={"username": "hannah", "password": PASSWORD}).json()
        answer = {"mfa_token": waiting["mfa_token"], "code": kept.recovery_code}
        assert client.post("/login/mfa", json=answer).status_code == 200

        guest = client.post("/token", json={"refresh_token": kept.guest["refresh_token"]})
        assert guest.status_code == 200
        me = signed(guest.json())
        path = f"/games/{kept.game['id']}"
        assert client.get(path, headers=me).json()["board"] == kept.game["board"]
        assert client.post("/games", json=VERSUS, headers=me | KEY).json()["id"] == kept.game["id"]
        move = {"ply": kept.game["ply"], "cell": kept.game["board"].index(None)}
        assert client.post(f"{path}/moves", json=move, headers=me).is_success
        assert client.post("/guests", json={}).status_code == 201
