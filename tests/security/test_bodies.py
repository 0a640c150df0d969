"""Bodies that are too long, of the wrong kind, or JSON by half."""

import time

import httpx
import pytest

from tests import servers
from tests.security.attacks import PASSWORD, Person, me, rows, some_name

LIMIT = 64 * 1024
JSON = {"Content-Type": "application/json"}
MALFORMED = [
    b"[" * 60_000,
    b'{"a":' * 12_000,
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b'{"username": NaN}',
    b'{"username": Infinity}',
    b'{"username": 1e999}',
    b'{"username": ' + b"9" * 60_000 + b"}",
    b'{"username": "\\ud800"}',
    b'{"username": "\xc0\xaf"}',
    b'{"username": "\xed\xa0\x80"}',
    b"{'username': 'a'}",
    b'{"username": "a",}',
    b'{"username": "a"} {}',
    b'{"username": "a"}\0',
    b'{"username": "a\nb"}',
    b"/**/{}",
    b"",
    b" ",
    b"username=a&password=b",
    b"<user/>",
    b"\x80\x04K\x01.",
]


def register(client: httpx.Client, **members: object) -> httpx.Response:
    name = some_name()
    return client.post(
        "/users", json={"username": name, "email": f"{name}@example.com", "password": PASSWORD} | members
    )


@pytest.mark.parametrize("body", [body for body in MALFORMED if body])
def test_what_is_no_json_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/login", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


@pytest.mark.parametrize(
    "body", [b'{"email":"a","email":"b"}', b'{"email":"a","em\\u0061il":"b"}', b'{"x":{"a":1,"a":2}}']
)
def test_a_member_that_stands_twice_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/users", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/duplicate-key")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"a"', b"1", b"true", b'[{"username":"a","password":"b"}]'])
def test_what_is_no_object_is_refused(client: httpx.Client, body: bytes) -> None:
    assert client.post("/login", content=body, headers=JSON).status_code == 422


@pytest.mark.parametrize("value", [None, True, 1, 1.5, ["a"], {"$ne": ""}, {"$gt": ""}, []])
@pytest.mark.parametrize("member", ["username", "password"])
def test_nothing_is_taken_for_a_string_that_is_none(client: httpx.Client, member: str, value: object) -> None:
    answer = client.post("/login", json={"username": "alice", "password": PASSWORD} | {member: value})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"#/{member}")


@pytest.mark.parametrize("value", ["true", 1, 0, "1", None, []])
def test_nothing_is_taken_for_a_boolean_that_is_none(client: httpx.Client, value: object) -> None:
    assert client.post("/guests", json={"cookie": value}).status_code == 422


@pytest.mark.parametrize(
    "media_type",
    [
        "application/x-python-pickle",
        "application/xml",
        "application/yaml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/json-patch+json",
        "application/json, text/plain",
        "*/*",
        "",
    ],
)
def test_a_body_of_another_kind_is_refused(client: httpx.Client, media_type: str) -> None:
    answer = client.post("/guests", content=b"{}", headers={"Content-Type": media_type})

    assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/login", "/users", "/token", "/guests"])
def test_a_body_over_64_kibibytes_is_refused(client: httpx.Client, path: str) -> None:
    assert client.post(path, content=b" " * (LIMIT + 1), headers=JSON).status_code == 413


def test_chunks_over_64_kibibytes_are_refused(client: httpx.Client) -> None:
    chunks = (b" " * 1_024 for _ in range(66))

    assert client.post("/guests", content=chunks, headers=JSON).status_code == 413


def test_a_body_of_exactly_64_kibibytes_is_read(client: httpx.Client) -> None:
    assert client.post("/guests", content=b"{}".ljust(LIMIT), headers=JSON).status_code == 201


def test_a_thousand_wrong_members_are_answered_briefly(client: httpx.Client) -> None:
    answer = client.post("/guests", json={f"{number:x}": 1 for number in range(6_000)})

    assert answer.status_code == 422
    assert len(answer.content) < LIMIT


@pytest.mark.parametrize("size", [257, 60_000])
def test_a_password_that_is_too_long_is_refused_without_hashing_it(client: httpx.Client, size: int) -> None:
    register(client, password="a" * 7)
    started = time.perf_counter()

    answers = [register(client, password="a" * size) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {422}
    assert (time.perf_counter() - started) / 10 < 0.05


def test_signing_in_with_a_password_made_to_be_slow_stalls_nobody(
    server: servers.Process, client: httpx.Client
) -> None:
    combining = "a" + "\u0301\u0316" * 15_000
    client.post("/login", json={"username": "x", "password": "y"})
    started = time.perf_counter()

    answer = client.post("/login", content=f'{{"username":"x","password":"{combining}"}}'.encode(), headers=JSON)

    assert answer.status_code == 401
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    "password", ["a" * 64, "pass word " * 12, "é" * 256, "\U0001f600" * 8, "nul\0inside it", "q w e r t y u"]
)
def test_a_password_is_taken_as_it_is(client: httpx.Client, password: str) -> None:
    name = register(client, password=password).json()["username"]

    right = client.post("/login", json={"username": name, "password": password})
    cut = client.post("/login", json={"username": name, "password": password[:-1]})

    assert (right.status_code, cut.status_code) == (200, 401)


@pytest.mark.parametrize("password", ["", "1234567", "éééé\u0301"[:7]])
def test_a_password_of_seven_characters_is_refused(client: httpx.Client, password: str) -> None:
    assert register(client, password=password).status_code == 422


@pytest.mark.parametrize(
    "username",
    [
        "", "a", "ab", "a" * 21, "a" * 60_000, "   ", " abc", "abc ", "a\tb", "a\nb", "a\0bc", "abc\u202e", "ab\u200dc",
        "ab\u200cc", "a\u200bbc", "abc\ufe0f", "ab\u034fc", "\u3164\u3164\u3164", "\u115f\u115f\u115f", "\U0001f600bcd",
        "abc\u00ad", "\u2177abc", "a/b", "a.b", "a@b.de", "../abc", "<script>", "{{7*7}}", "${jndi:x}", "=1+2", "-abc",
        "' OR 1=1--", "%27abc", '";DROP', "a\r\nX: y", "guest-abc", "computer-7", "admin", "me", "ADMIN", "Ａｄｍｉｎ",
        "аdmin", "adm\u0131n", "\ue000abc", "\U000e0041abc", "ſystem", "\u0627\u0628\u0660\u06f0",
    ],
)  # fmt: skip
def test_a_username_that_deceives_or_breaks_something_is_refused(client: httpx.Client, username: str) -> None:
    answer = register(client, username=username)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "#/username"


@pytest.mark.parametrize(
    "email",
    [
        "", "a", "@", "a@", "@b.de", "a@b.c\r\nBcc: x@y.de", '"a\nTo:"@b.de', "a@b.de\0", "a@b.de,c@d.de", "<a@b.de>",
        "a b@c.de", "a@[127.0.0.1]", "a@b..de", "a@" + "b" * 64 + ".de", "a@" + "a." * 130 + "de",
        "x@y@z.de", "a@-b.de", "Bob <a@b.de>", "a@b.de\u202e", "' OR 1=1--", "a@a@a" * 10_000, "a@" * 25_000, "a." * 25_000,
    ],
)  # fmt: skip
def test_what_is_no_email_address_is_refused_quickly(client: httpx.Client, email: str) -> None:
    started = time.perf_counter()

    answer = register(client, email=email)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "#/email"
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Erika{}", "erika{}"), ("jose\u0301{}", "jos\u00e9{}"), ("pal{}", "p\u0430l{}"), ("abc{}", "ａｂｃ{}"),
        ("\u0391bba{}", "Abba{}"),
    ],
)  # fmt: skip
def test_two_names_that_look_the_same_are_one(client: httpx.Client, one: str, other: str) -> None:
    tail = some_name()[-8:]
    assert register(client, username=one.format(tail)).status_code == 201

    answer = register(client, username=other.format(tail))

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] in ("taken", "confusable")


@pytest.mark.parametrize("other", ["{}@EXAMPLE.com", "{}@example.COM", "{}@ｅｘample.com"])
def test_one_mailbox_has_one_account(client: httpx.Client, other: str) -> None:
    name = register(client).json()["username"]

    answer = register(client, email=other.format(name.upper()))

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/email-taken")


@pytest.mark.parametrize(
    "member",
    [
        "role", "roles", "is_admin", "admin", "id", "password_hash", "hash", "email_verified", "email_verified_at", "created_at",
        "updated_at", "version", "epoch", "banned", "status", "kind", "spared_session_id", "username_key", "__proto__",
        "constructor", "user.role", "user[role]", "$set", "pending_email", "Username",
    ],
)  # fmt: skip
def test_what_people_may_not_set_cannot_be_set(
    server: servers.Process, client: httpx.Client, mallory: Person, member: str
) -> None:
    before = rows(server, "SELECT * FROM users WHERE id = ?", mallory.id)

    answers = [
        register(client, **{member: "admin"}),
        client.put("/users/me", json={member: "admin"}, headers=mallory.signed),
        client.patch("/users/me", json={"username": some_name(), member: True}, headers=mallory.signed),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert {answer.json()["errors"][0]["code"] for answer in answers} == {"unknown-or-read-only-field"}
    assert rows(server, "SELECT * FROM users WHERE id = ?", mallory.id) == before


@pytest.mark.parametrize(
    "grant", [{"grant_type": "password"}, {"grant_type": "implicit"}, {"username": "a", "password": "b"}]
)
def test_the_token_call_takes_refresh_tokens_alone(client: httpx.Client, alice: Person, grant: dict[str, str]) -> None:
    assert client.post("/token", json={"refresh_token": alice.refresh} | grant).status_code == 422
    assert me(client, alice.access).status_code == 200
