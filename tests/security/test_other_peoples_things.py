"""Other people's accounts and games: what one may not see or do, and what nobody may do twice."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from noughts.auth.model.sessions import InvalidRefreshToken, SessionExpired
from noughts.kit.database import Database
from tests import servers
from tests.security.attacks import PASSWORD, Person, guest, me, member, rows, some_name
from tests.security.test_sessions import at_once
from tests.services import Services, services


def begin(client: httpx.Client, by: Person, kind: str = "invite", **more: Any) -> dict[str, Any]:
    answer = client.post("/games", json={"opponent": {"kind": kind}, **more}, headers=by.signed)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def secret_of(game: dict[str, Any]) -> str:
    return str(game["invite_url"]).partition("#invite=")[2]


def match(client: httpx.Client) -> tuple[str, Person, Person]:
    """Return a game under way, who plays X and who plays O."""
    x, o = guest(client), guest(client)
    game = begin(client, x, mark="X")
    client.post(f"/games/{game['id']}/join", json={"invite": secret_of(game)}, headers=o.signed)
    return game["id"], x, o


def look(client: httpx.Client, game: str, by: Person) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/games/{game}", headers=by.signed).json()
    return found


def test_nobody_changes_another_account(
    server: servers.Process, client: httpx.Client, alice: Person, mallory: Person
) -> None:
    before = rows(server, "SELECT * FROM users WHERE id = ?", alice.id)
    path = f"/users/{alice.id}"

    answers = [
        client.put(path, json={"username": some_name()}, headers=mallory.signed),
        client.put(path, json={"email": "m@example.com", "current_password": PASSWORD}, headers=mallory.signed),
        client.put(path, json={"password": "another good one", "current_password": PASSWORD}, headers=mallory.signed),
        client.patch(path, json={"username": some_name()}, headers=mallory.signed),
        client.delete(path, headers=mallory.signed),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert rows(server, "SELECT * FROM users WHERE id = ?", alice.id) == before


@pytest.mark.parametrize("member_of_body", ["id", "user_id", "sub"])
def test_a_body_names_nobody_else(client: httpx.Client, alice: Person, mallory: Person, member_of_body: str) -> None:
    body = {"username": some_name(), member_of_body: alice.id}

    assert client.put("/users/me", json=body, headers=mallory.signed).status_code == 422


@pytest.mark.parametrize("path", ["/users", "/users?limit=1", "/users/search", "/admin/users"])
def test_what_administrators_see_is_shown_to_nobody_else(client: httpx.Client, mallory: Person, path: str) -> None:
    assert client.get(path, headers=mallory.signed).status_code in (403, 404, 405)


def test_two_changes_to_the_same_state_are_one_change(client: httpx.Client) -> None:
    person = member(client)
    tag = me(client, person.access).headers["ETag"]
    asked = {**person.signed, "If-Match": tag}

    statuses = [client.put("/users/me", json={"username": some_name()}, headers=asked).status_code for _ in range(2)]

    assert statuses == [200, 412]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('"0-full"', 412), ('W/"1-full"', 412), ('"1-public"', 412), ("1-full", 400), ('"1-full', 400), ("", 400), ('"a", b', 400),
        ('"' + "a" * 9_000 + '"', 412), ('"\xe9"', 400),
    ],
)  # fmt: skip
def test_a_condition_that_does_not_hold_or_cannot_be_read_changes_nothing(
    client: httpx.Client, mallory: Person, condition: str, expected: int
) -> None:
    asked = [(b"Authorization", mallory.signed["Authorization"].encode()), (b"If-Match", condition.encode("latin-1"))]

    answers = [
        client.put("/users/me", json={"username": some_name()}, headers=asked),
        client.delete("/users/me", headers=asked),
    ]

    assert [answer.status_code for answer in answers] == [expected, expected]


def test_a_key_of_one_person_is_none_of_anothers(client: httpx.Client, alice: Person, mallory: Person) -> None:
    key = {"Idempotency-Key": some_name()}
    body = {"opponent": {"kind": "invite"}}

    made = [client.post("/games", json=body, headers={**who.signed, **key}).json() for who in (alice, mallory)]

    assert made[0]["id"] != made[1]["id"]


def test_a_key_of_one_call_is_none_of_anothers(client: httpx.Client, alice: Person) -> None:
    name = some_name()
    key = {"Idempotency-Key": name}
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    made = client.post("/users", json=body, headers=key)

    assert (
        client.post("/games", json={"opponent": {"kind": "invite"}}, headers={**alice.signed, **key}).status_code == 201
    )
    assert client.post("/users", json=body, headers=key).json() == made.json()
    assert client.post("/users", json=body | {"password": PASSWORD + "x"}, headers=key).status_code == 422


@pytest.mark.parametrize("key", [b"", b"a" * 256, b"a b", b"\xc3\xa9"])
def test_a_key_that_is_none_is_refused(client: httpx.Client, alice: Person, key: bytes) -> None:
    asked = [(b"Authorization", alice.signed["Authorization"].encode()), (b"Idempotency-Key", key)]

    assert client.post("/games", json={"opponent": {"kind": "invite"}}, headers=asked).status_code == 400


def test_who_does_not_play_sees_and_does_nothing_in_a_private_game(client: httpx.Client, mallory: Person) -> None:
    game, x, _ = match(client)
    path = f"/games/{game}"

    answers = [
        client.get(path, headers=mallory.signed),
        client.post(f"{path}/moves", json={"ply": 0, "cell": 0}, headers=mallory.signed),
        client.post(f"{path}/resign", headers=mallory.signed),
        client.post(f"{path}/join", json={}, headers=mallory.signed),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert client.get(f"/games?player={x.id}", headers=mallory.signed).json()["items"] == []


def test_who_only_watches_a_public_game_does_nothing_in_it(client: httpx.Client, mallory: Person) -> None:
    x, o = guest(client), guest(client)
    game = begin(client, x, "anyone", mark="X")
    client.post(f"/games/{game['id']}/join", json={}, headers=o.signed)

    watched = client.get(f"/games/{game['id']}", headers=mallory.signed)
    answers = [
        client.post(f"/games/{game['id']}/{what}", json={"ply": 0, "cell": 0}, headers=mallory.signed)
        for what in ("moves", "resign")
    ]

    assert watched.status_code == 200
    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize("guess", ["", "a", "A" * 43, "é" * 43, "\0", "../x", "' OR 1=1--", "*"])
def test_an_invitation_cannot_be_guessed(client: httpx.Client, alice: Person, mallory: Person, guess: str) -> None:
    game = begin(client, alice)

    answer = client.post(f"/games/{game['id']}/join", json={"invite": guess}, headers=mallory.signed)

    assert answer.status_code == 404


def test_the_invitation_to_one_game_opens_no_other(client: httpx.Client, alice: Person, mallory: Person) -> None:
    one, other = begin(client, alice), begin(client, alice)

    answer = client.post(f"/games/{other['id']}/join", json={"invite": secret_of(one)}, headers=mallory.signed)

    assert answer.status_code == 404


def test_an_invitation_has_256_bits_and_is_stored_as_a_digest(
    server: servers.Process, client: httpx.Client, alice: Person
) -> None:
    game = begin(client, alice)

    [(stored,)] = rows(server, "SELECT invite FROM games WHERE id = ?", game["id"])
    assert len(secret_of(game)) == 43
    assert secret_of(game) not in stored


def test_an_invitation_is_shown_to_who_gave_it_alone(client: httpx.Client) -> None:
    x, o = guest(client), guest(client)
    game = begin(client, x)

    joined = client.post(f"/games/{game['id']}/join", json={"invite": secret_of(game)}, headers=o.signed).json()

    assert "invite_url" not in joined
    assert "invite_url" not in client.get(f"/games/{game['id']}", headers=x.signed).json()


async def test_of_many_who_join_at_once_one_gets_the_seat(server: servers.Process, client: httpx.Client) -> None:
    game = begin(client, guest(client))
    people = [guest(client) for _ in range(12)]
    body = {"invite": secret_of(game)}

    answers = await at_once(
        server, *[("POST", f"/games/{game['id']}/join", {"json": body, "headers": who.signed}) for who in people]
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 11}


async def test_of_many_moves_at_once_one_is_played(server: servers.Process, client: httpx.Client) -> None:
    game, x, _ = match(client)
    moves = [
        ("POST", f"/games/{game}/moves", {"json": {"ply": 0, "cell": cell}, "headers": x.signed}) for cell in range(9)
    ]

    answers = await at_once(server, *moves)

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 8}
    assert look(client, game, x)["ply"] == 1


async def test_a_move_and_a_resignation_at_once_leave_one_truth(server: servers.Process, client: httpx.Client) -> None:
    for _ in range(5):
        game, x, o = match(client)
        move = ("POST", f"/games/{game}/moves", {"json": {"ply": 0, "cell": 4}, "headers": x.signed})
        resign = ("POST", f"/games/{game}/resign", {"headers": o.signed})

        moved, resigned = await at_once(server, move, resign)
        shown = look(client, game, x)

        assert resigned.status_code == 200
        assert (shown["result"], shown["reason"]) == ("X", "resigned")
        assert shown["ply"] == (1 if moved.status_code == 201 else 0)


@pytest.mark.parametrize("value", [2**70, 2**63, -1, 1.0, 1.5, True, "0", None, [0], {}])
@pytest.mark.parametrize("name", ["ply", "cell", "pos"])
def test_a_number_of_a_move_is_a_small_whole_number(
    client: httpx.Client, mallory: Person, name: str, value: object
) -> None:
    game = begin(client, mallory)

    answer = client.post(
        f"/games/{game['id']}/moves", json={"ply": 0, "cell": 0} | {name: value}, headers=mallory.signed
    )

    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("cell", [9, 10, 255, 256, 2**31 - 1])
def test_a_cell_off_the_board_is_no_move(client: httpx.Client, cell: int) -> None:
    game, x, _ = match(client)

    answer = client.post(f"/games/{game}/moves", json={"ply": 0, "cell": cell}, headers=x.signed)

    assert (answer.status_code, answer.json()["legal"]) == (422, list(range(9)))


@pytest.mark.parametrize("player", ["user_id", "mark", "player"])
def test_who_moves_is_said_by_the_token_alone(client: httpx.Client, player: str) -> None:
    game, x, o = match(client)

    answers = [
        client.post(f"/games/{game}/moves", json={"ply": 0, "cell": 0, player: x.id}, headers=o.signed),
        client.post(f"/games/{game}/moves", json={"ply": 0, "cell": 0}, headers=o.signed),
    ]

    assert [answer.status_code for answer in answers] == [422, 409]


@pytest.mark.parametrize(
    "body",
    [
        {"opponent": {"kind": "computer", "level": 8}}, {"opponent": {"kind": "computer", "level": "6"}}, {"opponent": {"kind": "computer"}},
        {"opponent": {"kind": "computer", "level": True}}, {"opponent": {"kind": "anyone", "level": 1}}, {"opponent": {"kind": "root"}},
        {"opponent": []}, {"opponent": None}, {"opponent": {}}, {}, {"opponent": {"kind": ["anyone"]}},
        {"opponent": {"kind": "anyone"}, "mark": "x"}, {"opponent": {"kind": "anyone"}, "variant": "classic'--"},
        {"opponent": {"kind": "anyone"}, "moves": [0, 1]}, {"opponent": {"kind": "anyone"}, "user_id": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_a_game_nobody_offers_is_not_begun(client: httpx.Client, mallory: Person, body: dict[str, Any]) -> None:
    assert client.post("/games", json=body, headers=mallory.signed).status_code == 422


@pytest.fixture
async def house(database: Database) -> AsyncIterator[Services]:
    """The whole platform on a database, and a clock that is moved."""
    async with services(database) as found:
        yield found


async def test_a_refresh_token_used_again_after_its_window_ends_the_whole_session(house: Services) -> None:
    stolen = (await house.guest()).refresh_token
    honest = (await house.refresh(stolen)).refresh_token
    house.clock.forward(seconds=9)
    assert (await house.refresh(stolen)).refresh_token == honest

    house.clock.forward(seconds=2)
    for token in (stolen, honest):
        with pytest.raises(InvalidRefreshToken):
            await house.refresh(token)


async def test_a_session_that_is_used_for_ever_ends_after_ninety_days(house: Services) -> None:
    token = (await house.guest()).refresh_token
    for _ in range(3):
        house.clock.forward(days=29)
        token = (await house.refresh(token)).refresh_token

    house.clock.forward(days=3)
    with pytest.raises(SessionExpired):
        await house.refresh(token)


async def test_a_session_nobody_uses_ends_after_thirty_days(house: Services) -> None:
    token = (await house.guest()).refresh_token

    house.clock.forward(days=30)
    with pytest.raises(SessionExpired):
        await house.refresh(token)
