"""Choosing a password that guessers try first: ASVS 6.2.4, 6.2.11, 6.2.12."""

import httpx
import pytest

from tests.security.attacks import PASSWORD, Person, guest, some_name


def refusal(answer: httpx.Response) -> tuple[int, str, list[tuple[str, str]]]:
    """Return how a request was refused: status, slug, and the members at fault."""
    problem = answer.json()
    slug = problem["type"].removeprefix("/problems/")
    return answer.status_code, slug, [(error["pointer"], error["code"]) for error in problem["errors"]]


def registered(client: httpx.Client, password: str, name: str | None = None) -> httpx.Response:
    """Try to register."""
    name = name or some_name()
    return client.post("/users", json={"username": name, "email": f"{name}@wonderland.example", "password": password})


@pytest.mark.parametrize("password", ["password123", "PASSWORD123", "12345678", "qwertyuiop", "football1", "Passw0rd"])
def test_a_password_known_from_breaches_is_refused(client: httpx.Client, password: str) -> None:
    found = refusal(registered(client, password))
    assert found == (422, "password-breached", [("#/password", "breached")])


@pytest.mark.parametrize("added", ["", "2026", "!", "_1999!"])
@pytest.mark.parametrize("word", ["tictactoe", "Noughts&Crosses", "wonderland", "{name}", "{name}@wonderland.example"])
def test_a_password_made_of_what_everybody_sees_is_refused(client: httpx.Client, word: str, added: str) -> None:
    name = some_name()
    found = refusal(registered(client, word.format(name=name) + added, name))
    assert found == (422, "password-contextual", [("#/password", "contextual")])


def test_a_member_cannot_change_to_a_known_password_either(client: httpx.Client, mallory: Person) -> None:
    wish = {"password": "password123", "current_password": PASSWORD}
    answer = client.put("/users/me", json=wish, headers=mallory.signed)
    assert refusal(answer) == (422, "password-breached", [("#/password", "breached")])


def test_nor_can_a_guest_become_a_member_with_one(client: httpx.Client) -> None:
    name = some_name()
    wish = {"username": name, "email": f"{name}@example.com", "password": "password123"}
    answer = client.put("/users/me", json=wish, headers=guest(client).signed)
    assert refusal(answer) == (422, "password-breached", [("#/password", "breached")])
