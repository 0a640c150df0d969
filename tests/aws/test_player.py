"""Somebody registers with the user pool, confirms, signs in and plays: through CloudFront, the HTTP API and the balancer."""

import time
from typing import Any, Final

import httpx

from noughts.games import engine
from noughts.games.rules import classic
from tests.aws.cloud import VIEWER, Cloud
from tests.aws.templates import NEEDED

pytestmark = NEEDED
ADA: Final = {"username": "ada", "email": "ada@example.com", "password": "a-quiet-evening"}
CODE: Final = "123456"
"""What the emulator's pool sends to everybody."""
THOUGHT_S: Final = 10.0


def played(client: httpx.Client, me: dict[str, str]) -> dict[str, Any]:
    """Play the best cells against the computer to the end, and return the game."""
    wish = {"opponent": {"kind": "computer", "level": 6}, "mark": "X"}
    game = client.post("/games", json=wish, headers=me).json()
    deadline = time.monotonic() + THOUGHT_S
    while game["status"] == "playing" and time.monotonic() < deadline:
        if game["turn"] == "X":
            move = {"ply": game["ply"], "cell": engine.best(classic, tuple(game["moves"]))[0]}
            game = client.post(f"/games/{game['id']}/moves", json=move, headers=me).json()
        else:
            game = client.get(f"/games/{game['id']}", headers=me).json()
    return dict(game)


def test_a_user_of_the_pool_plays_a_whole_game(cloud: Cloud) -> None:
    with cloud.people() as client:
        made = client.post("/users", json=ADA)
        assert made.status_code == 201, made.text
        early = client.post("/login", json={"username": "ada", "password": ADA["password"]})
        confirmed = client.post("/email/verify", json={"email": ADA["email"], "code": CODE})
        assert confirmed.status_code == 204, confirmed.text
        wrong = client.post("/login", json={"username": "ada", "password": "another-evening"})
        signed_in = client.post("/login", json={"username": "ada", "password": ADA["password"]})
        assert (early.status_code, wrong.status_code, signed_in.status_code) == (409, 401, 200), signed_in.text
        me = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        game = played(client, me)
        assert (game["status"], game["result"]) == ("finished", "draw")
        listed = client.get("/games", headers=me).json()["items"]
        assert [one["id"] for one in listed] == [game["id"]]
        (session,) = client.get("/users/me/sessions", headers=me).json()["items"]
    assert session["address"] == VIEWER


def test_her_credentials_are_in_the_pool_under_her_id_and_nowhere_else(cloud: Cloud) -> None:
    with cloud.people() as client:
        signed_in = client.post("/login", json={"username": "ada", "password": ADA["password"]})
        me = client.get("/users/me", headers={"Authorization": f"Bearer {signed_in.json()['access_token']}"}).json()
    cognito = cloud.emulator.client("cognito-idp")
    user = cognito.admin_get_user(UserPoolId=cloud.outputs["Identity"]["PoolId"], Username=me["id"])
    told = {one["Name"]: one["Value"] for one in user["UserAttributes"]}
    assert (user["UserStatus"], told["email"]) == ("CONFIRMED", ADA["email"])
    assert cloud.emulator.database.tells("SELECT count(*), count(password) FROM users WHERE username = 'ada'") == "1|0"
