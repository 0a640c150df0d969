"""Whole stories of people and their mailboxes, over HTTP, with the mails a real server wrote."""

import uuid
from typing import Any

import httpx
import pytest

from tests import servers
from tests.journeys.endings import ended
from tests.post import Mail, filed

pytestmark = pytest.mark.slow
PASSWORD, NEW = "a proper secret", "an entirely new secret"


def joined(client: httpx.Client) -> tuple[dict[str, Any], dict[str, str]]:
    """Return somebody new, and the headers that prove it."""
    name = "u" + uuid.uuid4().hex[:12]
    user = client.post("/users", json={"username": name, "email": f"{name}@example.com", "password": PASSWORD}).json()
    return user, signed_in(client, name)


def signed_in(client: httpx.Client, name: str, password: str = PASSWORD) -> dict[str, str]:
    """Sign in, and return the headers that prove it."""
    answer = client.post("/login", json={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def mail(server: servers.Process, to: str, subject: str) -> Mail:
    """Return the newest mail to somebody about something, once it is there."""
    return filed(server.data, to, subject=subject)[-1]


def verify(client: httpx.Client, **proof: str) -> int:
    """Return the status of verifying an address."""
    return client.post("/email/verify", json=proof).status_code


def test_somebody_verifies_their_address_moves_to_another_and_brings_the_first_one_back(
    server: servers.Process, client: httpx.Client
) -> None:
    user, headers = joined(client)
    old, new = user["email"], f"new{user['email']}"
    assert user["email_verified"] is False
    assert verify(client, email=old, code=mail(server, old, "Please confirm your email address").code) == 204
    assert client.get("/users/me", headers=headers).json()["email_verified"] is True

    waiting = client.put("/users/me", json={"email": new}, headers=headers).json()
    assert (waiting["email"], waiting["pending_email"]) == (old, new)
    assert client.put("/users/me", json={"pending_email": None}, headers=headers).json()["pending_email"] is None
    client.patch("/users/me", json={"email": new}, headers=headers)
    _, letter = filed(server.data, new, 2)
    assert verify(client, token=letter.secret) == 204
    moved = client.get("/users/me", headers=headers).json()
    assert (moved["email"], moved["email_verified"], moved["pending_email"]) == (new, True, None)

    first, _ = filed(server.data, old, 2, subject="Your email address is about to change")
    assert verify(client, token=first.secret) == 204
    assert ended(client, headers).status_code == 401
    back = client.get("/users/me", headers=signed_in(client, old)).json()
    assert (back["email"], back["email_verified"]) == (old, True)
    assert mail(server, old, "Your email address is back")


def test_somebody_who_forgot_their_password_comes_back_by_mail(server: servers.Process, client: httpx.Client) -> None:
    user, headers = joined(client)
    assert client.post("/recovery", json={"email": user["email"].upper()}).status_code == 202
    letter = mail(server, user["email"], "Choose a new password")

    weak = client.post("/recovery/confirm", json={"token": letter.secret, "new_password": user["username"]})
    assert (weak.status_code, weak.json()["errors"][0]["pointer"]) == (422, "#/new_password")
    assert client.post("/recovery/confirm", json={"token": letter.secret, "new_password": NEW}).status_code == 204

    assert ended(client, headers).status_code == 401
    assert client.post("/login", json={"username": user["username"], "password": PASSWORD}).status_code == 401
    assert client.get("/users/me", headers=signed_in(client, user["email"], NEW)).json()["email_verified"] is True
    assert mail(server, user["email"], "Your password was changed")


def test_somebody_changes_their_password_and_stays_signed_in_here_alone(
    server: servers.Process, client: httpx.Client
) -> None:
    user, here = joined(client)
    elsewhere = signed_in(client, user["username"])
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert client.put(f"/users/{user['id']}/password", json=body, headers=here).status_code == 204
    assert client.get("/users/me", headers=here).status_code == 200
    assert ended(client, elsewhere).status_code == 401
    assert signed_in(client, user["username"], NEW)
    assert mail(server, user["email"], "Your password was changed")


def test_a_guest_who_becomes_a_member_is_asked_for_their_address(server: servers.Process, client: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {client.post('/guests', json={}).json()['access_token']}"}
    assert client.post("/users/me/verification", headers=headers).json()["type"] == "/problems/nothing-to-verify"
    name = "u" + uuid.uuid4().hex[:12]
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    assert client.put("/users/me", json=body, headers=headers).status_code == 200
    assert client.post("/users/me/verification", headers=headers).status_code == 202
    first, second = filed(server.data, f"{name}@example.com", 2)
    assert verify(client, token=first.secret) + verify(client, token=second.secret) in (422 + 204, 204 + 422)
