"""The contract of identity: the same routes, bodies and problems, whoever keeps the passwords.

Each story runs on our own tables and on a user pool in each emulator, and must fail where the table of emulators says that one of
its flows is wrong there. What differs by right stands in the table of differences.
"""

from typing import Any

import httpx
import pyotp
import pytest
from botocore.exceptions import ClientError

from tests.cognito.platforms import PASSWORD, Platform, bearer, kept_by

pytestmark = pytest.mark.slow
OTHER = "another-fine-secret"


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the slug of a refusal."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def wrong(code: str) -> str:
    """Return another code of that length."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


# Registration and confirmation.


@kept_by("register")
def test_who_registers_gets_the_account_they_asked_for(platform: Platform) -> None:
    user = platform.register()
    assert user.keys() == {
        "id", "username", "email", "email_verified", "pending_email", "kind", "role", "status", "created_at",
        "updated_at", "version",
    }  # fmt: skip
    assert (user["kind"], user["status"], user["email_verified"], user["version"]) == ("member", "active", False, 1)


@kept_by("register", "delete")
def test_a_name_or_an_address_is_given_once_and_no_pool_keeps_who_was_refused(platform: Platform) -> None:
    user = platform.register()
    body = {"username": user["username"], "email": "new-" + user["email"], "password": PASSWORD}
    assert problem(platform.client.post("/users", json=body)) == (409, "username-taken")
    body = {"username": "n" + user["username"], "email": user["email"].upper(), "password": PASSWORD}
    assert problem(platform.client.post("/users", json=body)) == (409, "email-taken")
    if platform.pool is not None:
        people = platform.pool.admin.list_users(UserPoolId=platform.pool.pool)["Users"]
        addresses = [one["Value"] for person in people for one in person["Attributes"] if one["Name"] == "email"]
        assert addresses.count(user["email"]) == 1
        assert "new-" + user["email"] not in addresses


@kept_by("register")
def test_a_registration_is_repeated_by_its_key(platform: Platform) -> None:
    name = "k" + platform.register()["username"]
    body, key = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}, {"Idempotency-Key": name}
    first, second = (platform.client.post("/users", json=body, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code, first.json()["id"]) == (201, 201, second.json()["id"])


@kept_by("register")
def test_a_password_that_breaks_our_rules_is_refused_by_us(platform: Platform) -> None:
    for password in ("short", "password123", "x" * 257):
        body = {"username": "somebodynew", "email": "somebodynew@example.com", "password": password}
        answer = platform.client.post("/users", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/password")


@kept_by("register")
def test_spaces_in_a_password_are_told_of_where_they_cannot_be(platform: Platform) -> None:
    name = "s" + platform.register()["username"]
    body = {"username": name, "email": f"{name}@example.com", "password": "correct horse battery"}
    answer = platform.client.post("/users", json=body)
    if platform.has_pool:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "characters")
    else:
        assert answer.status_code == 201


@kept_by("confirm")
def test_an_address_is_confirmed_by_its_code_and_by_no_other(platform: Platform) -> None:
    user = platform.register()
    code = platform.first_code(user)
    assert problem(platform.confirm(user, wrong(code))) == (422, "token-invalid")
    assert platform.confirm(user, code).status_code == 204
    me = platform.client.get("/users/me", headers=platform.headers(user["username"])).json()
    assert (me["email_verified"], me["version"]) == (True, 2)
    assert problem(platform.confirm(user, code)) == (422, "token-invalid")


@kept_by("register")
def test_a_code_for_an_address_nobody_has_is_refused_alike(platform: Platform) -> None:
    nobody = {"email": "nobody-at-all@example.com"}
    assert problem(platform.confirm(nobody, "123456")) == (422, "token-invalid")


@kept_by("unconfirmed")
def test_before_it_is_confirmed_a_right_password_leads_in_or_is_told_why_not(platform: Platform) -> None:
    user = platform.register()
    assert problem(platform.login(user["username"], OTHER)) == (401, "login-failed")
    answer = platform.login(user["username"])
    if platform.has_pool:
        assert problem(answer) == (409, "email-not-verified")
    else:
        assert answer.status_code == 200


@kept_by("confirm")
def test_a_guest_becomes_a_member_confirms_and_signs_in(platform: Platform) -> None:
    guest = platform.client.post("/guests", json={}).json()
    name = "g" + guest["user"]["id"][-12:]
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    user = platform.client.put("/users/me", json=body, headers=bearer(guest)).json()
    assert (user["id"], user["kind"], user["email_verified"]) == (guest["user"]["id"], "member", False)
    again = platform.client.post("/token", json={"refresh_token": guest["refresh_token"]})
    assert again.json()["user"]["email_verified"] is False
    assert problem(platform.confirm(user, wrong(platform.first_code(user)))) == (422, "token-invalid")
    assert platform.confirm(user, platform.first_code(user)).status_code == 204
    assert platform.client.get("/users/me", headers=platform.headers(name)).json()["email_verified"] is True


@kept_by("resend", "confirm")
def test_a_guest_who_became_a_member_asks_for_the_letter_again(platform: Platform) -> None:
    guest = platform.client.post("/guests", json={}).json()
    name = "a" + guest["user"]["id"][-12:]
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    user = platform.client.put("/users/me", json=body, headers=bearer(guest)).json()
    assert platform.client.post("/users/me/verification", headers=bearer(guest)).status_code == 202
    assert platform.confirm(user, platform.first_code(user)).status_code == 204


# Signing in, and staying so.


@kept_by("sign in")
def test_somebody_signs_in_by_name_or_address_and_nobody_else_does(platform: Platform) -> None:
    user = platform.member()
    for name in (user["username"], user["username"].upper(), user["email"]):
        assert platform.login(name).json()["user"]["id"] == user["id"]
    refused = [
        platform.login(user["username"], OTHER),
        platform.login("nobody-of-this-name"),
        platform.login(user["username"], ""),
        platform.login(user["id"]),
    ]
    assert {problem(answer) for answer in refused} == {(401, "login-failed")}
    assert len({answer.json().get("detail") for answer in refused}) == 1


@kept_by("sign in")
def test_a_session_is_ours_and_is_refreshed_by_us(platform: Platform) -> None:
    user = platform.member()
    grant = platform.login(user["username"]).json()
    again = platform.client.post("/token", json={"refresh_token": grant["refresh_token"]})
    assert again.status_code == 200
    assert platform.client.get("/users/me", headers=bearer(again.json())).json()["id"] == user["id"]
    assert platform.client.post("/logout", headers=bearer(again.json())).status_code == 204
    assert problem(platform.client.get("/users/me", headers=bearer(again.json()))) == (401, "invalid-token")
    gone = platform.client.post("/token", json={"refresh_token": again.json()["refresh_token"]})
    assert problem(gone) == (401, "invalid-refresh-token")


@kept_by("disable", providers=("moto", "cognito-local", "ministack"))
def test_whom_the_pool_disables_is_over_at_the_next_refresh_and_lets_nobody_in(platform: Platform) -> None:
    user, pool = platform.member(), platform.pool
    assert pool is not None
    grant = platform.login(user["username"]).json()
    pool.admin.admin_disable_user(UserPoolId=pool.pool, Username=user["id"])
    refused = platform.client.post("/token", json={"refresh_token": grant["refresh_token"]})
    assert problem(refused) == (401, "invalid-refresh-token")
    assert platform.client.get("/users/me", headers=bearer(grant)).status_code == 401
    assert problem(platform.login(user["username"])) == (401, "login-failed")


@kept_by("look up")
def test_whom_an_administrator_disables_comes_back_when_enabled(platform: Platform) -> None:
    user = platform.member()
    platform.process.run("users", "disable", user["username"])
    assert problem(platform.login(user["username"])) == (401, "login-failed")
    if platform.pool is not None:
        found = platform.pool.admin.admin_get_user(UserPoolId=platform.pool.pool, Username=user["id"])
        assert found["Enabled"] is False
    platform.process.run("users", "enable", user["username"])
    assert platform.login(user["username"]).status_code == 200


@kept_by("sign in")
def test_signing_out_everywhere_ends_what_the_pool_gave_others(platform: Platform) -> None:
    user = platform.member()
    here, there = platform.headers(user["username"]), platform.headers(user["username"])
    theirs = _token_of_the_pool(platform, user) if platform.provider == "moto" else ""
    assert platform.client.post("/logout?all=true", headers=here).status_code == 204
    assert platform.client.get("/users/me", headers=there).status_code == 401
    if platform.pool is not None and platform.provider == "moto":  # the only one that holds such a token to be over
        with pytest.raises(ClientError, match="NotAuthorizedException"):
            platform.pool.admin.get_user(AccessToken=theirs)


# Passwords.


@kept_by("set password")
def test_a_new_password_takes_the_old_one_and_ends_other_sessions(platform: Platform) -> None:
    user = platform.member()
    here, there = platform.headers(user["username"]), platform.headers(user["username"])
    path = f"/users/{user['id']}/password"
    mistaken = {"current_password": "not-this-one", "new_password": OTHER}
    answer = platform.client.put(path, json=mistaken, headers=here)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/current_password")
    body = {"current_password": PASSWORD, "new_password": OTHER}
    assert platform.client.put(path, json=body, headers=here).status_code == 204
    assert platform.client.get("/users/me", headers=here).status_code == 200
    assert platform.client.get("/users/me", headers=there).status_code == 401
    assert problem(platform.login(user["username"])) == (401, "login-failed")
    assert platform.login(user["username"], OTHER).status_code == 200


@kept_by("recover")
def test_somebody_who_forgot_their_password_comes_back_by_a_code(platform: Platform) -> None:
    user = platform.member()
    headers = platform.headers(user["username"])
    assert platform.client.post("/recovery", json={"email": user["email"].upper()}).status_code == 202
    assert platform.client.post("/recovery", json={"email": "nobody-at-all@example.com"}).status_code == 202
    code = platform.recovery_code(user)
    body = {"email": user["email"], "code": wrong(code), "new_password": OTHER}
    assert problem(platform.client.post("/recovery/confirm", json=body)) == (422, "token-invalid")
    assert platform.client.get("/users/me", headers=headers).status_code == 200
    body["email"], body["code"] = "nobody-at-all@example.com", code
    assert problem(platform.client.post("/recovery/confirm", json=body)) == (422, "token-invalid")
    body["email"], body["new_password"] = user["email"], user["username"]
    weak = platform.client.post("/recovery/confirm", json=body)
    assert (weak.status_code, weak.json()["errors"][0]["pointer"]) == (422, "#/new_password")
    body["new_password"] = OTHER
    assert platform.client.post("/recovery/confirm", json=body).status_code == 204
    assert platform.client.get("/users/me", headers=headers).status_code == 401
    assert problem(platform.login(user["username"])) == (401, "login-failed")
    assert platform.login(user["email"], OTHER).status_code == 200


# Addresses.


@kept_by("look up")
def test_a_change_of_address_waits_for_the_new_mailbox_and_the_pool_follows(platform: Platform) -> None:
    user = platform.member()
    headers, new = platform.headers(user["username"]), "new-" + user["email"]
    waiting = platform.client.put("/users/me", json={"email": new}, headers=headers).json()
    assert (waiting["email"], waiting["pending_email"]) == (user["email"], new)
    letter = platform.letter(new)
    assert platform.client.post("/email/verify", json={"email": new, "code": letter.code}).status_code == 204
    moved = platform.client.get("/users/me", headers=headers).json()
    assert (moved["email"], moved["email_verified"], moved["pending_email"]) == (new, True, None)
    assert platform.login(new).status_code == 200
    assert platform.login(user["email"]).status_code == 401
    if platform.pool is not None:
        assert _address_in(platform, user) == (new, "true")


@kept_by("look up")
def test_a_change_of_address_is_taken_back_in_the_pool_as_well(platform: Platform) -> None:
    user = platform.member()
    headers, new = platform.headers(user["username"]), "back-" + user["email"]
    platform.client.put("/users/me", json={"email": new}, headers=headers)
    platform.client.post("/email/verify", json={"token": platform.letter(new).secret})
    undo = platform.letter(user["email"], "Your email address is about to change")
    assert platform.client.post("/email/verify", json={"token": undo.secret}).status_code == 204
    assert platform.client.get("/users/me", headers=headers).status_code == 401
    assert platform.login(user["email"]).status_code == 200
    if platform.pool is not None:
        assert _address_in(platform, user) == (user["email"], "true")


# The second factor.


@kept_by("second factor")
def test_a_second_factor_is_set_up_asked_for_and_removed(platform: Platform) -> None:
    user = platform.member()
    me = platform.headers(user["username"])
    if platform.has_pool:
        assert problem(platform.client.post("/users/me/totp", json={}, headers=me)) == (
            401,
            "insufficient-user-authentication",
        )
    mistaken = platform.client.post("/users/me/totp", json={"current_password": OTHER}, headers=me)
    assert (mistaken.status_code, mistaken.json()["errors"][0]["pointer"]) == (422, "#/current_password")
    setup = platform.client.post("/users/me/totp", json={"current_password": PASSWORD}, headers=me).json()
    phone = pyotp.TOTP(setup["secret"])
    assert platform.login(user["username"]).status_code == 200
    me = platform.headers(user["username"])
    refused = platform.client.post("/users/me/totp/confirm", json={"code": wrong(phone.now())}, headers=me)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/code")
    confirmed = platform.client.post("/users/me/totp/confirm", json={"code": phone.now()}, headers=me)
    assert confirmed.status_code == 200, confirmed.text
    assert len(confirmed.json()["recovery_codes"]) == (0 if platform.has_pool else 10)
    state = platform.client.get("/users/me/totp", headers=me).json()
    assert state["enabled"] is True
    assert platform.client.get("/users/me/export", headers=me).json()["sign_in"]["second_factor"] is True

    asked = platform.login(user["username"])
    assert problem(asked) == (401, "mfa-required")
    token = asked.json()["mfa_token"]
    bad = platform.client.post("/login/mfa", json={"mfa_token": token, "code": wrong(phone.now())})
    assert problem(bad) == (401, "mfa-refused")
    at_last = platform.client.post("/login/mfa", json={"mfa_token": token, "code": platform.next_code(phone)})
    assert at_last.json()["user"]["id"] == user["id"]
    twice = platform.client.post("/login/mfa", json={"mfa_token": token, "code": phone.now()})
    assert problem(twice) == (401, "invalid-mfa-token")


@kept_by("second factor", "remove second factor")
def test_without_a_second_factor_the_password_is_enough_again(platform: Platform) -> None:
    user = platform.member()
    me = platform.headers(user["username"])
    secret = platform.client.post("/users/me/totp", json={"current_password": PASSWORD}, headers=me).json()["secret"]
    code = {"code": pyotp.TOTP(secret).now()}
    assert platform.client.post("/users/me/totp/confirm", json=code, headers=me).status_code == 200
    assert problem(platform.login(user["username"])) == (401, "mfa-required")
    platform.process.run("users", "reset-totp", user["username"])
    me = platform.headers(user["username"])
    assert platform.client.get("/users/me/totp", headers=me).json() == {"enabled": False, "recovery_codes_left": 0}


# The end.


@kept_by("delete")
def test_who_deletes_their_account_is_gone_from_the_pool_as_well(platform: Platform) -> None:
    user = platform.member()
    headers = platform.headers(user["username"])
    assert platform.client.delete("/users/me", headers=headers).status_code == 204
    assert problem(platform.login(user["username"])) == (401, "login-failed")
    platform.until_erased(user)
    if platform.pool is not None:
        people = platform.pool.admin.list_users(UserPoolId=platform.pool.pool)["Users"]
        assert user["id"] not in [one["Username"] for one in people]
    again = {"username": user["username"], "email": user["email"], "password": PASSWORD}
    assert platform.client.post("/users", json=again).status_code == 201


def _token_of_the_pool(platform: Platform, user: dict[str, Any]) -> str:
    """Return an access token of the pool's own, as another application of it would have one."""
    assert platform.pool is not None
    given = platform.pool.admin.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=platform.pool.client["ClientId"],
        AuthParameters={"USERNAME": user["id"], "PASSWORD": PASSWORD},
    )
    return str(given["AuthenticationResult"]["AccessToken"])


def _address_in(platform: Platform, user: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return somebody's address in the pool, and whether it is verified there."""
    assert platform.pool is not None
    found = platform.pool.admin.admin_get_user(UserPoolId=platform.pool.pool, Username=user["id"])
    attributes = {one["Name"]: one["Value"] for one in found["UserAttributes"]}
    return attributes.get("email"), attributes.get("email_verified")
