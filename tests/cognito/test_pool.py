"""What the client of a user pool does, against every emulator that does that flow as Amazon does."""

import secrets

import pyotp
import pytest

from noughts.kit import ids
from noughts.kit.cognito import (
    AddressTaken,
    AlreadyConfirmed,
    CodeRefused,
    CodeWanted,
    CognitoSettings,
    NoSuchUser,
    NotConfirmed,
    PasswordUnfit,
    Pool,
    Refused,
    ResetRequired,
    SignedIn,
    UserExists,
)
from noughts.kit.errors import Unavailable
from tests.cognito.conftest import Told, through
from tests.cognito.running import RunningPool

PASSWORD = "correct-horse-battery"
OTHER = "another-fine-secret"


def address() -> str:
    """Return an address nobody has."""
    return f"{secrets.token_hex(8)}@example.com"


async def newcomer(pool: Pool, email: str | None = None) -> str:
    """Return the id of somebody who registered."""
    user_id = ids.new()
    await pool.sign_up(user_id, email or address(), PASSWORD)
    return user_id


async def member(pool: Pool, cognito: RunningPool, email: str | None = None) -> str:
    """Return the id of somebody who is confirmed, and whose address is verified."""
    email = email or address()
    user_id = await newcomer(pool, email)
    cognito.admin.admin_confirm_sign_up(UserPoolId=cognito.pool, Username=user_id)
    await pool.set_email(user_id, email, verified=True)
    return user_id


async def protected(pool: Pool, cognito: RunningPool) -> tuple[str, pyotp.TOTP]:
    """Return somebody with a second factor, and what shows its codes."""
    user_id = await member(pool, cognito)
    signed_in = await pool.sign_in(user_id, PASSWORD)
    assert isinstance(signed_in, SignedIn)
    phone = pyotp.TOTP(await pool.start_totp(signed_in.access_token))
    await pool.confirm_totp(signed_in.access_token, user_id, phone.now())
    return user_id, phone


def wrong(code: str) -> str:
    """Return another code of that length."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


# Registration.


@through("register")
async def test_who_registers_is_in_the_pool_unconfirmed(pool: Pool) -> None:
    user_id = await newcomer(pool, "ada@example.com")
    found = await pool.person(user_id)
    assert found is not None
    assert (found.enabled, found.confirmed, found.email, found.status) == (
        True,
        False,
        "ada@example.com",
        "UNCONFIRMED",
    )
    assert not found.email_verified
    assert not found.second_factor


@through("register")
async def test_nobody_registers_twice(pool: Pool) -> None:
    user_id = await newcomer(pool)
    with pytest.raises(UserExists):
        await pool.sign_up(user_id, address(), PASSWORD)


@through("weak password")
async def test_a_password_that_breaks_the_policy_is_refused_with_the_reason(pool: Pool) -> None:
    with pytest.raises(PasswordUnfit) as refused:
        await pool.sign_up(ids.new(), address(), "short")
    assert str(refused.value)
    user_id = await newcomer(pool)
    with pytest.raises(PasswordUnfit):
        await pool.set_password(user_id, "short")


@through("register")
@pytest.mark.parametrize("password", ["two words are more", "x" * 257, "", "tab\tulator-secret"])
async def test_a_password_no_pool_takes_is_refused_without_asking(pool: Pool, password: str) -> None:
    user_id = ids.new()
    with pytest.raises(PasswordUnfit):
        await pool.sign_up(user_id, address(), password)
    assert await pool.person(user_id) is None


@through("confirm")
async def test_the_code_that_was_sent_confirms_and_no_other(pool: Pool, cognito: RunningPool) -> None:
    user_id = await newcomer(pool)
    code = cognito.code_for(user_id)
    for other in (wrong(code), "", "no code", "x" * 5_000):
        with pytest.raises(CodeRefused):
            await pool.confirm(user_id, other)
    await pool.confirm(user_id, code)
    found = await pool.person(user_id)
    assert found is not None
    assert (found.confirmed, found.status) == (True, "CONFIRMED")
    assert isinstance(await pool.sign_in(user_id, PASSWORD), SignedIn)


@through("register")
async def test_nobody_is_confirmed_by_an_id_the_pool_does_not_know(pool: Pool) -> None:
    with pytest.raises(CodeRefused):
        await pool.confirm(ids.new(), "123456")


@through("confirm twice")
async def test_who_is_confirmed_is_told_so(pool: Pool, cognito: RunningPool) -> None:
    user_id = await newcomer(pool)
    code = cognito.code_for(user_id)
    await pool.confirm(user_id, code)
    with pytest.raises(AlreadyConfirmed):
        await pool.confirm(user_id, code)


@through("confirming verifies the address")
async def test_a_code_proves_the_address(pool: Pool, cognito: RunningPool) -> None:
    user_id = await newcomer(pool)
    await pool.confirm(user_id, cognito.code_for(user_id))
    found = await pool.person(user_id)
    assert found is not None
    assert found.email_verified


@through("one address, one person")
async def test_an_address_somebody_confirmed_is_taken(pool: Pool, cognito: RunningPool) -> None:
    email = address()
    await member(pool, cognito, email)
    with pytest.raises(AddressTaken):
        await pool.set_email(await member(pool, cognito), email, verified=True)


@through("resend")
async def test_another_code_may_be_asked_for(pool: Pool, cognito: RunningPool) -> None:
    user_id = await newcomer(pool)
    await pool.resend(user_id)
    await pool.confirm(user_id, cognito.code_for(user_id))


@through("resend")
async def test_another_code_for_nobody_is_no_error(pool: Pool) -> None:
    await pool.resend(ids.new())


# Sign-in.


@through("sign in")
async def test_the_right_password_signs_in_and_no_other(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    assert isinstance(await pool.sign_in(user_id, PASSWORD), SignedIn)
    for other in (OTHER, PASSWORD.upper(), "", "x" * 70_000):
        with pytest.raises(Refused):
            await pool.sign_in(user_id, other)


@through("sign in")
async def test_an_id_the_pool_does_not_know_is_refused_as_a_wrong_password_is(pool: Pool) -> None:
    with pytest.raises(Refused):
        await pool.sign_in(ids.new(), PASSWORD)


@through("sign in")
async def test_a_password_fits_or_does_not(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    assert await pool.fits(user_id, PASSWORD)
    assert not await pool.fits(user_id, OTHER)
    assert not await pool.fits(ids.new(), PASSWORD)


@through("sign in")
async def test_a_password_is_the_same_however_its_letters_are_composed(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    await pool.set_password(user_id, "e\u0301clair-au-chocolat")
    assert isinstance(await pool.sign_in(user_id, "\u00e9clair-au-chocolat"), SignedIn)


@through("unconfirmed")
async def test_who_never_confirmed_is_told_so_after_the_right_password_alone(pool: Pool) -> None:
    user_id = await newcomer(pool)
    with pytest.raises(NotConfirmed):
        await pool.sign_in(user_id, PASSWORD)
    assert await pool.fits(user_id, PASSWORD)
    with pytest.raises(Refused):
        await pool.sign_in(user_id, OTHER)
    assert not await pool.fits(user_id, OTHER)


# Passwords and addresses.


@through("recover")
async def test_a_password_is_recovered_by_the_code_that_was_sent_and_no_other(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    await pool.forgot(user_id)
    code = cognito.code_for(user_id, recovery=True)
    for other in (wrong(code), "", "no code"):
        with pytest.raises(CodeRefused):
            await pool.confirm_forgot(user_id, other, OTHER)
    await pool.confirm_forgot(user_id, code, OTHER)
    assert isinstance(await pool.sign_in(user_id, OTHER), SignedIn)
    assert not await pool.fits(user_id, PASSWORD)
    with pytest.raises(CodeRefused):
        await pool.confirm_forgot(user_id, code, PASSWORD)


@through("recover")
async def test_recovery_of_nobody_says_nothing(pool: Pool) -> None:
    user_id = ids.new()
    await pool.forgot(user_id)
    with pytest.raises(CodeRefused):
        await pool.confirm_forgot(user_id, "123456", OTHER)


@through("recover without an address")
async def test_there_is_no_recovery_without_a_confirmed_address(pool: Pool) -> None:
    with pytest.raises(NotConfirmed):
        await pool.forgot(await newcomer(pool))


@through("set password")
async def test_a_password_is_set_however_often(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    for _ in range(2):
        await pool.set_password(user_id, OTHER)
    assert await pool.fits(user_id, OTHER)
    assert not await pool.fits(user_id, PASSWORD)
    with pytest.raises(NoSuchUser):
        await pool.set_password(ids.new(), OTHER)


@through("set email")
async def test_an_address_is_set_verified_or_not(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    for verified in (True, False):
        email = address()
        await pool.set_email(user_id, email, verified=verified)
        found = await pool.person(user_id)
        assert found is not None
        assert (found.email, found.email_verified) == (email, verified)
    with pytest.raises(NoSuchUser):
        await pool.set_email(ids.new(), address(), verified=True)


# People.


@through("look up")
async def test_nobody_is_found_by_an_unknown_id(pool: Pool) -> None:
    assert await pool.person(ids.new()) is None


@through("disable")
async def test_who_is_disabled_does_not_sign_in_until_enabled(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    for _ in range(2):
        await pool.disable(user_id)
    found = await pool.person(user_id)
    assert found is not None
    assert not found.enabled
    with pytest.raises(Refused):
        await pool.sign_in(user_id, PASSWORD)
    for _ in range(2):
        await pool.enable(user_id)
    assert isinstance(await pool.sign_in(user_id, PASSWORD), SignedIn)
    await pool.disable(ids.new())
    await pool.enable(ids.new())


@through("sign out everywhere")
async def test_whoever_is_signed_out_holds_no_token_that_counts(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    signed_in = await pool.sign_in(user_id, PASSWORD)
    assert isinstance(signed_in, SignedIn)
    for _ in range(2):
        await pool.sign_out(user_id)
    await pool.sign_out(ids.new())
    with pytest.raises(Refused):
        await pool.start_totp(signed_in.access_token)


@through("delete")
async def test_who_is_deleted_is_gone_however_often(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    for _ in range(2):
        await pool.delete(user_id)
    assert await pool.person(user_id) is None
    with pytest.raises(Refused):
        await pool.sign_in(user_id, PASSWORD)


# The second factor.


@through("second factor")
async def test_a_second_factor_is_wanted_at_each_sign_in(pool: Pool, cognito: RunningPool) -> None:
    user_id, phone = await protected(pool, cognito)
    found = await pool.person(user_id)
    assert found is not None
    assert found.second_factor
    asked = await pool.sign_in(user_id, PASSWORD)
    assert isinstance(asked, CodeWanted)
    assert await pool.fits(user_id, PASSWORD)
    assert not await pool.fits(user_id, OTHER)
    for other in (wrong(phone.now()), "", "12345", "abcdef"):
        with pytest.raises(CodeRefused):
            await pool.answer(user_id, asked.session, other)
    assert isinstance(await pool.answer(user_id, asked.session, phone.now()), SignedIn)


@through("second factor")
async def test_a_second_factor_is_not_taken_in_use_without_its_code(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    signed_in = await pool.sign_in(user_id, PASSWORD)
    assert isinstance(signed_in, SignedIn)
    phone = pyotp.TOTP(await pool.start_totp(signed_in.access_token))
    for other in (wrong(phone.now()), "", "abcdef"):
        with pytest.raises(CodeRefused):
            await pool.confirm_totp(signed_in.access_token, user_id, other)
    assert isinstance(await pool.sign_in(user_id, PASSWORD), SignedIn)


@through("second factor")
async def test_a_second_factor_is_taken_in_use_by_its_owner_alone(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    signed_in = await pool.sign_in(user_id, PASSWORD)
    assert isinstance(signed_in, SignedIn)
    phone = pyotp.TOTP(await pool.start_totp(signed_in.access_token))
    with pytest.raises(Refused):
        await pool.confirm_totp(signed_in.access_token, ids.new(), phone.now())


@through("second factor's session")
async def test_a_code_counts_in_the_session_of_its_password_alone(pool: Pool, cognito: RunningPool) -> None:
    user_id, phone = await protected(pool, cognito)
    with pytest.raises(CodeRefused):
        await pool.answer(user_id, "not-the-session-of-anybody-at-all", phone.now())


@through("sign in")
@pytest.mark.parametrize("session", ["", "short", "x" * 3_000])
async def test_a_session_no_pool_made_is_refused_without_asking(pool: Pool, session: str) -> None:
    with pytest.raises(CodeRefused):
        await pool.answer(ids.new(), session, "123456")


@through("remove second factor")
async def test_a_second_factor_is_removed(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    signed_in = await pool.sign_in(user_id, PASSWORD)
    assert isinstance(signed_in, SignedIn)
    secret = await pool.start_totp(signed_in.access_token)
    code = "123456" if cognito.emulator == "moto" else pyotp.TOTP(secret).now()  # its secret is none
    await pool.confirm_totp(signed_in.access_token, user_id, code)
    assert isinstance(await pool.sign_in(user_id, PASSWORD), CodeWanted)
    for _ in range(2):
        await pool.remove_totp(user_id)
    found = await pool.person(user_id)
    assert found is not None
    assert not found.second_factor
    assert isinstance(await pool.sign_in(user_id, PASSWORD), SignedIn)
    with pytest.raises(NoSuchUser):
        await pool.remove_totp(ids.new())


@through("tokens are checked")
async def test_a_second_factor_takes_a_token(pool: Pool) -> None:
    with pytest.raises(Refused):
        await pool.start_totp("no.real.token")


# What operators do.


@through("reset by an operator")
async def test_who_was_reset_needs_a_new_password_first(pool: Pool, cognito: RunningPool) -> None:
    user_id = await member(pool, cognito)
    cognito.admin.admin_reset_user_password(UserPoolId=cognito.pool, Username=user_id)
    with pytest.raises(ResetRequired):
        await pool.sign_in(user_id, PASSWORD)
    assert not await pool.fits(user_id, PASSWORD)


@through("sign in")
async def test_who_was_invited_needs_a_password_of_their_own_first(pool: Pool, cognito: RunningPool) -> None:
    user_id = ids.new()
    cognito.admin.admin_create_user(
        UserPoolId=cognito.pool,
        Username=user_id,
        TemporaryPassword="temporary-secret",
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": address()}],
    )
    with pytest.raises(ResetRequired):
        await pool.sign_in(user_id, "temporary-secret")


@through("app client's secret")
async def test_a_wrong_secret_is_nobodys_wrong_password(pool: Pool, cognito: RunningPool, told: list[Told]) -> None:
    user_id = await member(pool, cognito)
    mistaken = Pool(CognitoSettings(**cognito.settings | {"cognito_client_secret": "another"}))
    try:
        with pytest.raises(Unavailable):
            await mistaken.sign_in(user_id, PASSWORD)
    finally:
        await mistaken.close()
    assert [(line.level, line.event) for line in told] == [("error", "cognito_refused")]


@through("list people")
async def test_people_are_listed_a_page_at_a_time(pool: Pool, cognito: RunningPool) -> None:
    for _ in range(2):
        await newcomer(pool)
    assert len(cognito.admin.list_users(UserPoolId=cognito.pool, Limit=1)["Users"]) == 1


@through("import people")
def test_the_pool_says_what_it_imports(cognito: RunningPool) -> None:
    assert "cognito:username" in cognito.admin.get_csv_header(UserPoolId=cognito.pool)["CSVHeader"]
