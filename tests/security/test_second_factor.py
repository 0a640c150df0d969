"""Where there is a second factor, no way around it: over HTTP, against a real server."""

from collections import Counter
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from tests import servers
from tests.authenticator import Authenticator
from tests.faults.harm import noughts
from tests.post import filed
from tests.security.attacks import PASSWORD, Person, login, me, member, person, rows
from tests.security.test_sessions import at_once, gone

NEW_PASSWORD = "another lighthouse"


class Protected(msgspec.Struct, frozen=True):
    """A member with a second factor, signed in by password before it was set up."""

    person: Person
    authenticator: Authenticator
    secret: str
    recovery_codes: list[str]

    def shows(self, steps: int = 1) -> str:
        """Return the code of so many steps from now; that of the current one was used to set it up."""
        return self.authenticator.shows(datetime.now(UTC), steps)


def verified(server: servers.Process, client: httpx.Client) -> Person:
    """Return a new member who followed the link to verify the address."""
    found = member(client)
    mail = filed(server.data, found.email)[0]
    assert client.post("/email/verify", json={"token": mail.secret}).status_code == 204
    return found


@pytest.fixture
def alice(server: servers.Process, client: httpx.Client) -> Protected:
    """A member with a second factor."""
    found = verified(server, client)
    setup = client.post("/users/me/totp", json={}, headers=found.signed).json()
    authenticator = Authenticator(setup["secret"])
    code = {"code": authenticator.shows(datetime.now(UTC))}
    confirmed = client.post("/users/me/totp/confirm", json=code, headers=found.signed)
    assert confirmed.status_code == 200, confirmed.text
    return Protected(found, authenticator, setup["secret"], confirmed.json()["recovery_codes"])


def slug(answer: httpx.Response) -> tuple[int, str]:
    """Return a problem's status and slug."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def asked(client: httpx.Client, alice: Protected, password: str = PASSWORD, **body: object) -> str:
    """Give the right password; return the token of the sign-in that waits for a code."""
    answer = client.post("/login", json={"username": alice.person.username, "password": password, **body})
    assert slug(answer) == (401, "mfa-required")
    return str(answer.json()["mfa_token"])


def answer(client: httpx.Client, mfa_token: str, code: str, **body: object) -> httpx.Response:
    """Give a code."""
    return client.post("/login/mfa", json={"mfa_token": mfa_token, "code": code, **body})


def test_the_right_password_alone_is_worth_a_token_that_is_worth_nothing_else(
    client: httpx.Client, alice: Protected
) -> None:
    token = asked(client, alice)

    assert slug(client.post("/token", json={"refresh_token": token})) == (401, "invalid-refresh-token")
    assert slug(me(client, token)) == (401, "invalid-token")
    assert client.post("/logout", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert client.post("/email/verify", json={"token": token}).status_code in (401, 422)
    assert len(client.get("/users/me/sessions", headers=alice.person.signed).json()["items"]) == 1


def test_no_other_token_finishes_a_sign_in(client: httpx.Client, alice: Protected) -> None:
    for token in (alice.person.access, alice.person.refresh, "", "x" * 43):
        assert slug(answer(client, token, alice.recovery_codes[0])) == (401, "invalid-mfa-token")


@pytest.mark.parametrize("extra", [{}, {"cookie": True}, {"code": "000000"}, {"mfa_token": "x"}])
def test_no_way_of_signing_in_does_without_the_second_factor(
    client: httpx.Client, alice: Protected, extra: dict[str, object]
) -> None:
    for username in (alice.person.username, alice.person.email):
        sent = {"username": username, "password": PASSWORD, **extra}
        found = client.post("/login", json=sent, headers={"Origin": f"http://{client.base_url.netloc.decode()}"})
        assert found.status_code in (401, 422)
        assert "access_token" not in found.text
        assert "Set-Cookie" not in found.headers


def test_a_recovered_password_leaves_the_second_factor_as_it_is(
    server: servers.Process, client: httpx.Client, alice: Protected
) -> None:
    client.post("/recovery", json={"email": alice.person.email})
    (mail,) = filed(server.data, alice.person.email, subject="Choose a new password")
    recovered = client.post("/recovery/confirm", json={"token": mail.secret, "new_password": NEW_PASSWORD})

    assert (recovered.status_code, recovered.content) == (204, b"")
    token = asked(client, alice, NEW_PASSWORD)
    assert answer(client, token, alice.recovery_codes[0]).status_code == 200


def test_a_new_password_ends_the_sign_ins_that_wait_for_a_code(client: httpx.Client, alice: Protected) -> None:
    token = asked(client, alice)
    change = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    sent = client.put("/users/me", json=change, headers=alice.person.signed)

    assert sent.status_code == 200
    assert slug(answer(client, token, alice.recovery_codes[0])) == (401, "invalid-mfa-token")


@pytest.mark.parametrize("kind", ["authenticator", "recovery"])
def test_a_code_signs_in_once(client: httpx.Client, alice: Protected, kind: str) -> None:
    code = alice.shows() if kind == "authenticator" else alice.recovery_codes[0]
    token = asked(client, alice)

    assert answer(client, token, code).status_code == 200
    assert slug(answer(client, token, code)) == (401, "invalid-mfa-token")
    assert slug(answer(client, asked(client, alice), code)) == (401, "mfa-refused")


@pytest.mark.parametrize("steps", [-3, -2, 3])
def test_a_code_of_another_time_is_refused(client: httpx.Client, alice: Protected, steps: int) -> None:
    assert slug(answer(client, asked(client, alice), alice.shows(steps))) == (401, "mfa-refused")


@pytest.mark.parametrize("kind", ["authenticator", "recovery"])
async def test_of_fifty_at_once_with_one_code_one_is_signed_in(
    server: servers.Process, client: httpx.Client, alice: Protected, kind: str
) -> None:
    code = alice.shows() if kind == "authenticator" else alice.recovery_codes[0]
    tokens = [asked(client, alice) for _ in range(10)]
    calls = [("POST", "/login/mfa", {"json": {"mfa_token": tokens[n % 10], "code": code}}) for n in range(50)]

    answers = await at_once(server, *calls)

    assert Counter(found.status_code for found in answers) == {200: 1, 401: 49}


async def test_of_fifty_wrong_codes_at_once_five_are_looked_at(
    server: servers.Process, client: httpx.Client, alice: Protected
) -> None:
    token = asked(client, alice)
    codes = [f"{n:06}" for n in range(49)] + [alice.recovery_codes[0]]
    answers = await at_once(
        server, *[("POST", "/login/mfa", {"json": {"mfa_token": token, "code": code}}) for code in codes]
    )

    assert Counter(slug(found) for found in answers if found.status_code != 200)[(401, "mfa-refused")] <= 5
    assert slug(answer(client, token, alice.recovery_codes[1])) == (401, "invalid-mfa-token")


def test_whoever_buys_tries_with_the_password_waits_all_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    with servers.serving(tmp_path_factory.mktemp("limited") / "data") as process, process.client() as limited:
        found = verified(process, limited)
        authenticator = Authenticator(limited.post("/users/me/totp", json={}, headers=found.signed).json()["secret"])
        code = {"code": authenticator.shows(datetime.now(UTC))}
        assert limited.post("/users/me/totp/confirm", json=code, headers=found.signed).status_code == 200
        alice = Protected(found, authenticator, "", [])
        answers = [answer(limited, asked(limited, alice), "000000") for _ in range(6)]
        right = answer(limited, asked(limited, alice), alice.shows())

    assert [found.status_code for found in answers] == [401] * 5 + [429]
    assert slug(right) == (429, "too-many-attempts")
    assert int(right.headers["Retry-After"]) >= 1


def test_in_browser_mode_the_second_step_sets_the_cookie_for_its_own_page_alone(
    client: httpx.Client, alice: Protected
) -> None:
    token, code = asked(client, alice), alice.recovery_codes[0]
    foreign = client.post(
        "/login/mfa",
        json={"mfa_token": token, "code": code, "cookie": True},
        headers={"Origin": "https://evil.example"},
    )
    own = client.post(
        "/login/mfa",
        json={"mfa_token": token, "code": code, "cookie": True},
        headers={"Origin": f"http://{client.base_url.netloc.decode()}"},
    )
    client.cookies.clear()

    assert slug(foreign) == (403, "foreign-origin")
    assert own.status_code == 200
    assert "refresh_token" not in own.json()
    assert "HttpOnly" in own.headers["Set-Cookie"]


def test_setting_it_up_and_removing_it_end_every_other_session(server: servers.Process, client: httpx.Client) -> None:
    here = verified(server, client)
    there = login(client, here.username)
    authenticator = Authenticator(client.post("/users/me/totp", json={}, headers=here.signed).json()["secret"])
    code = {"code": authenticator.shows(datetime.now(UTC))}
    codes = client.post("/users/me/totp/confirm", json=code, headers=here.signed).json()["recovery_codes"]
    assert gone(client, there)

    alice = Protected(here, authenticator, "", codes)
    newer = person(answer(client, asked(client, alice), codes[0]).json())
    assert client.delete("/users/me/totp", headers=here.signed).status_code == 204
    assert gone(client, newer)
    assert me(client, here.access).status_code == 200
    assert login(client, here.username).id == here.id


def test_other_people_neither_see_nor_touch_it(client: httpx.Client, alice: Protected, mallory: Person) -> None:
    at = f"/users/{alice.person.id}/totp"

    assert client.get(at, headers=mallory.signed).status_code == 404
    assert client.delete(at, headers=mallory.signed).status_code == 404
    assert client.post(at, json={}, headers=mallory.signed).status_code == 403
    assert client.post(f"{at}/confirm", json={"code": "000000"}, headers=mallory.signed).status_code == 403
    assert client.get(at, headers=alice.person.signed).json() == {"enabled": True, "recovery_codes_left": 10}


def test_an_address_nobody_verified_protects_nothing(client: httpx.Client, mallory: Person) -> None:
    assert slug(client.post("/users/me/totp", json={}, headers=mallory.signed)) == (409, "email-not-verified")


def test_every_change_of_it_is_told_and_written_down(
    server: servers.Process, client: httpx.Client, alice: Protected
) -> None:
    answer(client, asked(client, alice), "000000")
    answer(client, asked(client, alice), alice.recovery_codes[0])
    client.delete("/users/me/totp", headers=alice.person.signed)

    told = [mail.subject for mail in filed(server.data, alice.person.email, 4)]
    happened = rows(server, "SELECT event FROM audit WHERE user_id = ? ORDER BY id", alice.person.id)
    assert set(told[1:]) == {
        "A second factor protects your account",
        "A recovery code of your account was used",
        "The second factor of your account was removed",
    }
    assert [event for (event,) in happened][-7:] == [
        "totp-enabled", "mfa-required", "mfa-refused", "mfa-required", "recovery-code-used", "login-succeeded", "totp-disabled",
    ]  # fmt: skip


def test_its_secrets_are_told_once_and_stand_nowhere(
    server: servers.Process, client: httpx.Client, alice: Protected
) -> None:
    token = asked(client, alice)
    answer(client, token, "000000")
    answer(client, token, alice.recovery_codes[0])
    seen = "".join(
        client.get(path, headers=alice.person.signed).text
        for path in ("/users/me", "/users/me/totp", "/users/me/sessions", "/users/me/audit", "/users/me/export")
    )
    kept = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file()) + server.log.read_bytes()

    for secret in (
        alice.secret,
        token,
        *alice.recovery_codes,
        *(code.replace("-", "") for code in alice.recovery_codes),
    ):
        assert secret not in seen
        assert secret.encode() not in kept


def test_an_operator_removes_it_for_who_lost_it(
    server: servers.Process, client: httpx.Client, alice: Protected
) -> None:
    data = ("--data", str(server.data))

    assert noughts("users", "reset-totp", alice.person.username, *data).status == 0
    assert noughts("users", "reset-totp", alice.person.username, *data).status == 1
    assert login(client, alice.person.username).id == alice.person.id
