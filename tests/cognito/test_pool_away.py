"""What happens while the user pool cannot be asked: whoever needs it is told to come back, and nothing is half done."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pyotp
import pytest

from tests.cognito.platforms import PASSWORD, Platform, Served, bearer, platform
from tests.cognito.running import RunningPool, running
from tests.cognito.test_identity import problem

pytestmark = pytest.mark.slow


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[RunningPool]:
    """A pool of its own, which keeps its people on the disk."""
    with running("cognito-local", tmp_path) as found:
        yield found


@pytest.fixture
def alone(pool: RunningPool, tmp_path: Path) -> Iterator[Platform]:
    """A Noughts that asks that pool."""
    with platform("cognito-local", tmp_path, lambda _: pool) as found:
        yield found


def told_to_come_back(answer: httpx.Response) -> bool:
    """Return whether somebody is told to try again."""
    return problem(answer) == (503, "unavailable") and int(answer.headers["Retry-After"]) > 0


def test_whoever_needs_the_pool_is_told_to_come_back_and_nothing_is_half_done(
    alone: Platform, pool: RunningPool
) -> None:
    user = alone.member()
    grant = alone.login(user["username"]).json()
    pool.kill()

    body = {"username": "newcomer", "email": "newcomer@example.com", "password": PASSWORD}
    assert told_to_come_back(alone.client.post("/users", json=body))
    assert told_to_come_back(alone.login(user["username"]))
    refreshed = alone.client.post("/token", json={"refresh_token": grant["refresh_token"]})
    assert told_to_come_back(refreshed)
    headers = bearer(grant)
    change = {"current_password": PASSWORD, "new_password": "another-fine-secret"}
    assert told_to_come_back(alone.client.put(f"/users/{user['id']}/password", json=change, headers=headers))
    assert alone.client.get("/users/me", headers=headers).status_code == 200
    assert alone.client.post("/guests", json={}).status_code == 201
    assert alone.client.post("/recovery", json={"email": user["email"]}).status_code == 202
    assert alone.client.get("/readyz").status_code == 200

    pool.start()
    assert alone.client.post("/users", json=body).status_code == 201
    again = alone.client.post("/token", json={"refresh_token": grant["refresh_token"]})
    assert again.status_code == 200
    code = alone.recovery_code(user)
    confirmed = {"email": user["email"], "code": code, "new_password": "another-fine-secret"}
    assert alone.client.post("/recovery/confirm", json=confirmed).status_code == 204
    assert alone.login(user["username"], "another-fine-secret").status_code == 200


def test_signing_out_needs_no_pool_and_an_account_is_erased_once_it_is_back(alone: Platform, pool: RunningPool) -> None:
    user = alone.member()
    here, there = alone.headers(user["username"]), alone.headers(user["username"])
    pool.kill()
    assert alone.client.post("/logout?all=true", headers=here).status_code == 204
    assert alone.client.get("/users/me", headers=there).status_code == 401
    pool.start()
    assert alone.client.delete("/users/me", headers=alone.headers(user["username"])).status_code == 204
    alone.until_erased(user)
    assert user["id"] not in [one["Username"] for one in pool.admin.list_users(UserPoolId=pool.pool)["Users"]]


def test_a_second_factor_from_before_the_pool_is_asked_for_until_it_is_removed(
    tmp_path: Path, pool: RunningPool
) -> None:
    before = Platform("local", Served(tmp_path / "data", rate_limits="off").start(), None)
    user = before.member()
    me = before.headers(user["username"])
    secret = before.client.post("/users/me/totp", json={"current_password": PASSWORD}, headers=me).json()["secret"]
    phone = pyotp.TOTP(secret)
    codes = before.client.post("/users/me/totp/confirm", json={"code": phone.now()}, headers=me).json()
    before.client.close()
    before.process.stop()

    sign_up = {"ClientId": pool.client["ClientId"], "Username": user["id"], "Password": PASSWORD}
    pool.admin.sign_up(**sign_up, UserAttributes=[{"Name": "email", "Value": user["email"]}])
    pool.admin.admin_confirm_sign_up(UserPoolId=pool.pool, Username=user["id"])
    with platform("cognito-local", tmp_path, lambda _: pool) as now:
        asked = now.login(user["username"])
        assert problem(asked) == (401, "mfa-required")
        answer = {"mfa_token": asked.json()["mfa_token"], "code": codes["recovery_codes"][0]}
        me = bearer(now.client.post("/login/mfa", json=answer).json())
        assert now.client.get("/users/me/totp", headers=me).json() == {"enabled": True, "recovery_codes_left": 9}
        assert now.client.delete("/users/me/totp", headers=me).status_code == 204
        assert now.login(user["username"]).status_code == 200


def test_what_cannot_be_is_refused_at_the_start(tmp_path: Path) -> None:
    for settings, told in (
        ({"identity": "cognito"}, "NOUGHTS_IDENTITY=cognito needs NOUGHTS_COGNITO_POOL"),
        (
            {
                "identity": "cognito",
                "cognito_pool": "eu-central-1_AbCdEfGhI",
                "cognito_client": "c",
                "duplicate_email": "conceal",
            },
            "NOUGHTS_DUPLICATE_EMAIL=conceal",
        ),
    ):
        process = Served(tmp_path / "data", **settings).start(wait=False)
        assert process.wait() == 1
        assert told in process.log.read_text()
