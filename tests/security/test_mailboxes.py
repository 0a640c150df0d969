"""What a mailbox is worth to an attacker: the links and codes sent there, and who is told that there is an account."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import servers
from tests.post import Mail, filed, files
from tests.security.attacks import PASSWORD, Person, login, me, member, rows, some_name

NEW = "an entirely new secret"
SECRETS = ("token", "code")


@pytest.fixture(scope="module")
def concealing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server that tells nobody who has an account."""
    folder = tmp_path_factory.mktemp("concealing")
    with servers.serving(folder / "data", rate_limits="off", duplicate_email="conceal") as process:
        yield process


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client the server takes for a proxy it trusts, with the limits everyone has."""
    with servers.serving(tmp_path / "data", trusted_proxies="127.0.0.0/8") as process, process.client() as client:
        yield client


@pytest.fixture
def victim(client: httpx.Client) -> Person:
    """A member of their own for each test."""
    return member(client)


def ask(client: httpx.Client, email: str, **headers: str) -> httpx.Response:
    """Ask for a new password."""
    return client.post("/recovery", json={"email": email}, headers=headers)


def recovery(server: servers.Process, client: httpx.Client, email: str, number: int = 1) -> Mail:
    """Return the mail that brings a new password, the so many-th."""
    ask(client, email)
    return filed(server.data, email, number, subject="Choose a new password")[number - 1]


def confirm(client: httpx.Client, password: str = NEW, **proof: str) -> httpx.Response:
    """Set a new password."""
    return client.post("/recovery/confirm", json={**proof, "new_password": password})


def verify(client: httpx.Client, **proof: str) -> httpx.Response:
    """Verify an address."""
    return client.post("/email/verify", json=proof)


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return everything an answer says that is not of this one request."""
    own = {"request_id", "date", "x-request-id"}
    body = {name: value for name, value in answer.json().items() if name not in own} if answer.content else {}
    return answer.status_code, body, {name: value for name, value in answer.headers.items() if name not in own}


def test_a_wrong_link_or_code_is_told_one_thing_whatever_is_wrong(
    server: servers.Process, client: httpx.Client, victim: Person
) -> None:
    mail = recovery(server, client, victim.email)
    used = recovery(server, client, victim.email, 2)
    assert confirm(client, token=used.secret).status_code == 204
    verification = filed(server.data, victim.email)[0]

    wrong = [
        {"token": mail.secret}, {"token": used.secret}, {"token": "x" * 43}, {"token": ""}, {"token": verification.secret},
        {"email": victim.email, "code": mail.code}, {"email": victim.email, "code": used.code}, {"email": victim.email, "code": "1"},
        {"email": "nobody@example.com", "code": "12345678"}, {"email": victim.email, "code": verification.code},
    ]  # fmt: skip
    answers = [confirm(client, **proof) for proof in wrong if proof != {"token": ""}]
    answers += [verify(client, token=used.secret), verify(client, email=victim.email, code=used.code)]

    assert {answer.json()["type"] for answer in answers} == {"/problems/token-invalid"}
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {(422, answers[0].json()["detail"])}


def test_without_a_request_there_is_nothing_to_confirm(client: httpx.Client, victim: Person) -> None:
    for proof in ({"token": victim.refresh}, {"token": victim.access}, {"email": victim.email, "code": "00000000"}):
        assert confirm(client, **proof).json()["type"] == "/problems/token-invalid"
    assert login(client, victim.username, PASSWORD)


@pytest.mark.parametrize(
    "proof", [{}, {"token": "a", "email": "a@b.example", "code": "1"}, {"email": "a@b.example"}, {"code": "12345678"}]
)
def test_half_a_proof_and_two_are_refused(client: httpx.Client, proof: dict[str, str]) -> None:
    assert (verify(client, **proof).status_code, confirm(client, **proof).status_code) == (422, 422)


def test_what_a_mail_brought_opens_no_other_door(server: servers.Process, client: httpx.Client, victim: Person) -> None:
    mail = recovery(server, client, victim.email)

    assert me(client, mail.secret).status_code == 401
    assert client.post("/token", json={"refresh_token": mail.secret}).status_code == 401
    assert client.post("/login", json={"username": victim.username, "password": mail.code}).status_code == 401


def test_a_new_password_ends_every_session_and_signs_nobody_in(
    server: servers.Process, client: httpx.Client, victim: Person
) -> None:
    answer = confirm(client, token=recovery(server, client, victim.email).secret)

    assert (answer.status_code, answer.content) == (204, b"")
    assert "set-cookie" not in answer.headers
    assert me(client, victim.access).status_code == 401
    assert client.post("/token", json={"refresh_token": victim.refresh}).status_code == 401
    assert login(client, victim.username, NEW)


def test_a_code_is_guessed_five_times_and_no_more(
    server: servers.Process, client: httpx.Client, victim: Person
) -> None:
    mail = recovery(server, client, victim.email)

    for guess in range(5):
        assert confirm(client, email=victim.email, code=f"x{guess}").status_code == 422

    assert confirm(client, email=victim.email, code=mail.code).status_code == 422
    assert confirm(client, token=mail.secret).status_code == 204


def test_links_in_mails_change_nothing_when_they_are_merely_fetched(
    server: servers.Process, client: httpx.Client, victim: Person
) -> None:
    before = rows(server, "SELECT * FROM users WHERE id = ?", victim.id)
    (mail,) = filed(server.data, victim.email)

    for method in ("GET", "HEAD"):
        assert client.request(method, mail.link).status_code < 500
        for path in ("/email/verify", "/recovery", "/recovery/confirm"):
            assert client.request(method, path).status_code == 405

    assert rows(server, "SELECT * FROM users WHERE id = ?", victim.id) == before
    assert verify(client, token=mail.secret).status_code == 204


@pytest.mark.parametrize("secret", [*SECRETS, "email"])
def test_no_secret_of_a_mail_may_stand_in_an_address(client: httpx.Client, secret: str) -> None:
    for path in ("/email/verify", "/recovery", "/recovery/confirm"):
        answer = client.post(path, params={secret: "x"}, json={})
        assert answer.json()["type"] == "/problems/secret-in-query"


@pytest.mark.parametrize(
    "email",
    ["a@b.example\r\nBcc: x@y.example", '"a\nTo:"@b.example', "a@b.example,x@y.example", "a@b.example\0", "", "a"],
)
def test_a_letter_is_asked_for_at_one_address_or_none(
    server: servers.Process, client: httpx.Client, mallory: Person, email: str
) -> None:
    answers = [
        ask(client, email),
        client.put("/users/me", json={"email": email}, headers=mallory.signed),
        verify(client, email=email or " ", code="12345678"),
        confirm(client, email=email or " ", code="12345678"),
    ]

    assert {(answer.status_code, answer.json()["errors"][0]["pointer"]) for answer in answers} == {(422, "#/email")}
    assert not [mail for mail in files(server.data) if "y.example" in mail.to]


@pytest.mark.parametrize("member", ["redirect", "return_to", "next", "link", "host"])
def test_nobody_says_where_a_link_leads(client: httpx.Client, member: str) -> None:
    for path, body in (("/recovery", {"email": "a@b.example"}), ("/email/verify", {"token": "x"})):
        answer = client.post(path, json=body | {member: "//evil.example"})
        assert answer.json()["errors"][0]["code"] == "unknown-or-read-only-field"


def test_the_link_to_a_new_password_leads_home_whatever_host_the_request_named(
    server: servers.Process, client: httpx.Client, victim: Person
) -> None:
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}

    assert ask(client, victim.email, **evil).status_code in (202, 400, 421)

    (_, mail) = filed(server.data, victim.email, 2)
    assert mail.link.startswith(f"{server.url}/recover#token=")
    assert "evil" not in mail.text + mail.html


def test_the_answer_and_the_log_hold_nothing_of_the_mail(
    server: servers.Process, client: httpx.Client, victim: Person
) -> None:
    asked = ask(client, victim.email)
    mail = recovery(server, client, victim.email)
    confirmed = confirm(client, token=mail.secret)

    everything = asked.text + confirmed.text + str(asked.headers) + str(confirmed.headers) + server.log.read_text()
    assert not any(secret in everything for secret in (mail.secret, mail.code, victim.email, NEW))


def test_who_asks_for_a_new_password_is_told_the_same_whoever_has_an_account(
    client: httpx.Client, victim: Person
) -> None:
    gone = member(client)
    client.delete("/users/me", headers=gone.signed)

    answers = [ask(client, email) for email in (victim.email, "nobody@example.com", gone.email)]

    assert [told(answer) for answer in answers] == [told(answers[0])] * 3
    assert (answers[0].status_code, answers[0].content) == (202, b"")
    assert "content-type" not in answers[0].headers


def test_who_asks_for_a_new_password_waits_the_same_whoever_has_an_account(
    client: httpx.Client, victim: Person
) -> None:
    seconds: dict[str, list[float]] = {victim.email: [], "nobody@example.com": []}
    for turn in range(120):
        for email in sorted(seconds, reverse=bool(turn % 2)):
            started = time.perf_counter()
            ask(client, email)
            seconds[email].append(time.perf_counter() - started)

    known, unknown = (statistics.median(values) for values in seconds.values())
    assert abs(known - unknown) < 0.25 * min(known, unknown)


def test_who_types_a_wrong_code_waits_the_same_whoever_was_sent_one(
    server: servers.Process, client: httpx.Client
) -> None:
    """A code tried is counted; nobody may tell by the time of it whether there was anything to count."""
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(8):
        person = member(client)
        recovery(server, client, person.email)
        for number in range(5):
            for known in (True, False) if (turn + number) % 2 else (False, True):
                email = person.email if known else f"{some_name()}@example.com"
                started = time.perf_counter()
                assert confirm(client, email=email, code="x").status_code == 422
                seconds[known].append(time.perf_counter() - started)

    known_s, unknown_s = (statistics.median(values) for values in seconds.values())
    assert abs(known_s - unknown_s) < 0.4 * min(known_s, unknown_s)


def test_an_address_gets_five_mails_an_hour_whoever_asks_from_wherever(limited: httpx.Client) -> None:
    person = member(limited)

    for email in (person.email, "nobody@example.com"):
        answers = [ask(limited, email, **{"X-Forwarded-For": f"203.0.{n}.7"}) for n in range(50)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert [answer.status_code for answer in answers[:5]] == [202] * 5
        assert len(refused) == 45
        assert 3_500 <= int(refused[0].headers["Retry-After"]) <= 3_600
        assert "RateLimit" in refused[0].headers


def test_an_address_asks_for_twenty_new_passwords_an_hour(limited: httpx.Client) -> None:
    statuses = [ask(limited, f"u{n}@example.com", **{"X-Forwarded-For": "203.0.113.9"}).status_code for n in range(25)]

    assert statuses == [202] * 20 + [429] * 5


def test_nobody_fills_a_strangers_mailbox_by_changing_their_own_address_to_it(limited: httpx.Client) -> None:
    person = member(limited)

    statuses = [
        limited.put("/users/me", json={"email": f"{n}{person.email}"}, headers=person.signed).status_code
        for n in range(10)
    ]

    assert statuses == [200] * 5 + [429] * 5


def test_a_verification_mail_is_sent_again_five_times_an_hour(limited: httpx.Client) -> None:
    person = member(limited)

    statuses = [limited.post("/users/me/verification", headers=person.signed).status_code for _ in range(7)]

    assert statuses == [202] * 5 + [429] * 2


def test_nobody_sends_mails_to_somebody_else(client: httpx.Client, victim: Person, mallory: Person) -> None:
    answer = client.post(f"/users/{victim.id}/verification", headers=mallory.signed)

    assert answer.status_code == 403
    assert client.post(f"/users/{victim.id}/verification").status_code == 401


def test_a_changed_password_and_address_are_told_to_the_owner_and_written_down(
    server: servers.Process, client: httpx.Client, victim: Person
) -> None:
    verify(client, token=filed(server.data, victim.email)[0].secret)
    new = {"current_password": PASSWORD, "new_password": NEW}
    assert client.put("/users/me/password", json=new, headers=victim.signed).status_code == 204
    client.put("/users/me", json={"email": f"new{victim.email}"}, headers=victim.signed)

    subjects = {mail.subject for mail in filed(server.data, victim.email, 3)}
    events = {event for (event,) in rows(server, "SELECT event FROM audit WHERE user_id = ?", victim.id)}
    assert {"Your password was changed", "Your email address is about to change"} <= subjects
    assert {"password-changed", "email-change-requested", "email-verified"} <= events


@pytest.mark.parametrize(
    ("body", "status"),
    [({"new_password": NEW}, 422), ({"current_password": "wrong secret", "new_password": NEW}, 422), ({}, 422)],
)
def test_a_password_is_changed_only_with_the_current_one(
    client: httpx.Client, victim: Person, body: dict[str, str], status: int
) -> None:
    assert client.put("/users/me/password", json=body, headers=victim.signed).status_code == status
    assert login(client, victim.username, PASSWORD)


def test_nobody_sets_another_persons_password(client: httpx.Client, victim: Person, mallory: Person) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW}

    assert client.put(f"/users/{victim.id}/password", json=body, headers=mallory.signed).status_code == 403


@pytest.mark.parametrize("name", ["username", "email", "password", "current_password"])
def test_nothing_but_a_waiting_address_can_be_cleared(client: httpx.Client, victim: Person, name: str) -> None:
    answer = client.put("/users/me", json={name: None}, headers=victim.signed)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"#/{name}")
    assert client.put("/users/me", json={"pending_email": None}, headers=victim.signed).status_code == 200


def test_where_addresses_are_concealed_nobody_learns_by_registering_who_has_an_account(
    concealing: servers.Process,
) -> None:
    with concealing.client() as client:
        name = some_name()
        known = f"{name}@example.com"
        client.post("/users", json={"username": name, "email": known, "password": PASSWORD})
        assert verify(client, token=filed(concealing.data, known)[0].secret).status_code == 204
        answers = {
            email: client.post("/users", json={"username": some_name(), "email": email, "password": PASSWORD})
            for email in (known, f"{some_name()}@example.com")
        }

    first, second = (told(answer) for answer in answers.values())
    assert first[0] == second[0] == 201
    own = {"id", "username", "email", "created_at", "updated_at"}
    assert {key: first[1][key] for key in first[1].keys() - own} == {
        key: second[1][key] for key in second[1].keys() - own
    }
    assert first[2].keys() == second[2].keys()
    assert filed(concealing.data, known, 2)[1].subject == "You already have an account"


def test_where_addresses_are_concealed_nobody_learns_it_by_the_time_of_registering(
    concealing: servers.Process,
) -> None:
    seconds: dict[bool, list[float]] = {True: [], False: []}
    with concealing.client() as client:
        known = member(client).email
        assert verify(client, token=filed(concealing.data, known)[0].secret).status_code == 204
        for turn in range(40):
            for again in (True, False) if turn % 2 else (False, True):
                name = some_name()
                body = {"username": name, "email": known if again else f"{name}@example.com", "password": PASSWORD}
                started = time.perf_counter()
                assert client.post("/users", json=body).status_code == 201
                seconds[again].append(time.perf_counter() - started)

    again_s, anew_s = (statistics.median(values) for values in seconds.values())
    assert abs(again_s - anew_s) < 0.25 * min(again_s, anew_s)
