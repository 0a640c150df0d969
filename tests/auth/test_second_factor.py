"""A second factor: set up, demanded, used once, removed; on both databases and by a clock that is moved."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from tests.authenticator import Authenticator, Protected, answer, asked, protected
from tests.fakes import caller
from tests.services import HERE, PASSWORD, SECRET, Services

from noughts.auth.model import sessions
from noughts.auth.model.second_factor import (
    EmailNotVerified,
    InvalidMfaToken,
    MfaRefused,
    MfaRequired,
    TotpEnabled,
    TotpNotStarted,
)
from noughts.auth.model.sessions import InvalidRefreshToken, LoginFailed, Session
from noughts.kit import ids, sealing
from noughts.kit.audit import OPERATOR
from noughts.kit.database import Query, Sql, Write
from noughts.kit.errors import Forbidden, InsufficientUserAuthentication, Invalid, InvalidToken, NotFound, Problem
from noughts.kit.tokens import Principal, SessionId, UserId
from noughts.users.model.wishes import Wish

OLD = timedelta(minutes=16)
WRONG = "000000"


@pytest.fixture
async def alice(house: Services) -> Protected:
    """A member with a second factor."""
    return await protected(house)


def shown(house: Services, alice: Protected, steps: int = 0) -> str:
    """Return what her authenticator shows now."""
    return alice.authenticator.shows(house.clock(), steps)


async def started(house: Services) -> Principal:
    """Return somebody who has begun to set it up, and whose code `right_code` knows."""
    by = await house.sign_in()
    await house.auth.second_factor.start(by.user_id, None, by, HERE)
    return by


async def right_code(house: Services, by: Principal) -> str:
    """Return what the authenticator of a setup under way shows, read with the server's own key."""
    totp = await house.auth_store.second_factor.of(by.user_id)
    assert totp is not None
    secret = sealing.unseal(sealing.derive(sealing.derive(SECRET, "second factors"), by.user_id), totp.sealed)
    assert secret is not None
    return Authenticator(secret.decode()).shows(house.clock())


async def sessions_of(house: Services, by: Principal) -> list[Session]:
    """Return where somebody is signed in."""
    return (await house.auth.sessions.living(by.user_id, by, None, 100)).sessions


def moved(sealed: bytes, to: UserId) -> Write:
    """Return what somebody would write who can change the database."""
    return Write(Sql("UPDATE totp SET sealed = $1 WHERE user_id = $2"), (sealed, to))


async def refused(house: Services, mfa_token: str, code: str) -> type[Exception] | None:
    """Return how a code is refused, if it is."""
    try:
        await answer(house, mfa_token, code)
    except Problem as problem:
        return type(problem)
    return None


async def test_a_code_after_the_password_signs_in(house: Services, alice: Protected) -> None:
    grant = await answer(house, await asked(house), shown(house, alice))
    principal = house.verifier.verify(grant.access_token)
    assert (principal.user_id, principal.auth_time) == (alice.by.user_id, int(house.clock().timestamp()))
    assert (await house.happened(alice.by.user_id))[-2:] == ["mfa-required", "login-succeeded"]


async def test_a_wrong_password_is_refused_as_for_everyone(house: Services, alice: Protected) -> None:
    with pytest.raises(LoginFailed) as found:
        await house.login("alice", "a wrong secret")
    assert found.value.members == {}


async def test_a_code_is_good_for_one_sign_in(house: Services, alice: Protected) -> None:
    code = shown(house, alice)
    await answer(house, await asked(house), code)
    assert await refused(house, await asked(house), code) is MfaRefused
    house.clock.forward(seconds=30)
    assert await refused(house, await asked(house), code) is MfaRefused
    assert await refused(house, await asked(house), shown(house, alice)) is None


async def test_the_code_that_confirmed_it_signs_nobody_in(house: Services) -> None:
    await house.verified()
    by = await house.sign_in()
    authenticator = Authenticator((await house.auth.second_factor.start(by.user_id, None, by, HERE)).secret)
    code = authenticator.shows(house.clock())
    await house.auth.second_factor.confirm(by.user_id, code, by, HERE)
    assert await refused(house, await asked(house), code) is MfaRefused


@pytest.mark.parametrize(("steps", "outcome"), [(-2, MfaRefused), (-1, None), (0, None), (1, None), (2, MfaRefused)])
async def test_a_clock_may_be_a_step_away(
    house: Services, alice: Protected, steps: int, outcome: type[Exception] | None
) -> None:
    house.clock.forward(minutes=5)
    assert await refused(house, await asked(house), shown(house, alice, steps)) is outcome


async def test_of_fifty_at_once_with_one_code_one_signs_in(house: Services, alice: Protected) -> None:
    code = shown(house, alice)
    tokens = [await asked(house) for _ in range(10)]
    outcomes = await asyncio.gather(*(refused(house, tokens[n % 10], code) for n in range(50)))
    assert outcomes.count(None) == 1
    assert len(await sessions_of(house, alice.by)) == 2


async def test_of_fifty_at_once_with_one_recovery_code_one_signs_in(house: Services, alice: Protected) -> None:
    tokens = [await asked(house) for _ in range(10)]
    outcomes = await asyncio.gather(*(refused(house, tokens[n % 10], alice.recovery_codes[0]) for n in range(50)))
    assert outcomes.count(None) == 1
    assert (await house.auth.second_factor.state(alice.by.user_id, alice.by)).recovery_codes_left == 9


async def test_of_fifty_at_once_with_one_token_one_signs_in(house: Services, alice: Protected) -> None:
    token = await asked(house)
    codes = [*alice.recovery_codes, *(shown(house, alice, steps) for steps in (-1, 0, 1))]
    outcomes = await asyncio.gather(*(refused(house, token, codes[n % len(codes)]) for n in range(50)))
    assert outcomes.count(None) == 1


async def test_an_mfa_token_is_good_for_one_sign_in(house: Services, alice: Protected) -> None:
    token = await asked(house)
    await answer(house, token, shown(house, alice))
    assert await refused(house, token, alice.recovery_codes[0]) is InvalidMfaToken


async def test_an_mfa_token_is_worth_five_codes(house: Services, alice: Protected) -> None:
    token = await asked(house)
    assert [await refused(house, token, WRONG) for _ in range(5)] == [MfaRefused] * 5
    house.clock.forward(minutes=1)
    assert await refused(house, token, shown(house, alice)) is InvalidMfaToken


async def test_fifty_wrong_codes_at_once_are_no_more_than_five(house: Services, alice: Protected) -> None:
    token = await asked(house)
    outcomes = await asyncio.gather(*(refused(house, token, f"{n:06}") for n in range(50)))
    assert outcomes.count(MfaRefused) <= 5
    assert (await house.happened(alice.by.user_id)).count("mfa-refused") <= 5


async def test_an_mfa_token_holds_five_minutes(house: Services, alice: Protected) -> None:
    token = await asked(house)
    house.clock.forward(minutes=5)
    assert await refused(house, token, shown(house, alice)) is InvalidMfaToken


@pytest.mark.parametrize("token", ["", "x", "\0", "é" * 50, "x" * 5_000])
async def test_an_mfa_token_nobody_was_given_is_refused(house: Services, alice: Protected, token: str) -> None:
    assert await refused(house, token, shown(house, alice)) is InvalidMfaToken


@pytest.mark.parametrize("code", ["", "\0", "x" * 60_000, "١٢٣٤٥٦", "aaaa-aaaa-aaaa-aaaa"])
async def test_a_code_of_any_other_form_is_refused(house: Services, alice: Protected, code: str) -> None:
    assert await refused(house, await asked(house), code) is MfaRefused


async def test_guesses_wait_for_each_other_whatever_the_token(house: Services, alice: Protected) -> None:
    for _ in range(5):
        assert await refused(house, await asked(house), WRONG) is MfaRefused
    with pytest.raises(Problem, match="Wait"):
        await answer(house, await asked(house), shown(house, alice))
    house.clock.forward(minutes=1)
    assert await refused(house, await asked(house), shown(house, alice)) is None


async def test_each_recovery_code_signs_in_once(house: Services, alice: Protected) -> None:
    first, second, *_ = alice.recovery_codes
    await answer(house, await asked(house), first.upper().replace("-", " "))
    assert (await house.happened(alice.by.user_id))[-2:] == ["recovery-code-used", "login-succeeded"]
    assert await refused(house, await asked(house), first) is MfaRefused
    assert await refused(house, await asked(house), second) is None
    assert (await house.auth.second_factor.state(alice.by.user_id, alice.by)).recovery_codes_left == 8


async def test_a_recovery_code_is_nobody_elses(house: Services, alice: Protected) -> None:
    await protected(house, "bobby")
    assert await refused(house, await asked(house, "bobby"), alice.recovery_codes[0]) is MfaRefused


async def test_a_new_password_ends_the_sign_ins_that_wait(house: Services, alice: Protected) -> None:
    token = await asked(house)
    await house.change(alice.by.user_id, Wish(password="another secret", current_password=PASSWORD), alice.by)
    assert await refused(house, token, shown(house, alice)) is InvalidMfaToken
    assert await refused(house, await asked(house, password="another secret"), shown(house, alice)) is None


async def test_who_is_disabled_does_not_finish_signing_in(house: Services, alice: Protected) -> None:
    token = await asked(house)
    await house.users.administration.set_status(alice.by.user_id, "disabled", None, OPERATOR)
    assert await refused(house, token, shown(house, alice)) is InvalidMfaToken
    await house.users.administration.set_status(alice.by.user_id, "active", None, OPERATOR)
    assert await refused(house, token, shown(house, alice)) is InvalidMfaToken
    assert await refused(house, await asked(house), shown(house, alice)) is None


async def test_who_is_deleted_does_not_finish_signing_in(house: Services, alice: Protected) -> None:
    token = await asked(house)
    await house.delete(alice.by.user_id, alice.by)
    assert await refused(house, token, shown(house, alice)) is InvalidMfaToken


async def test_an_mfa_token_is_neither_an_access_nor_a_refresh_token(house: Services, alice: Protected) -> None:
    token = await asked(house)
    with pytest.raises(InvalidToken):
        house.verifier.verify(token)
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(token)


async def test_a_refresh_token_finishes_no_sign_in(house: Services, alice: Protected) -> None:
    grant = await answer(house, await asked(house), shown(house, alice))
    for token in (grant.refresh_token, grant.access_token):
        assert await refused(house, token, alice.recovery_codes[0]) is InvalidMfaToken


async def test_setting_it_up_ends_every_other_session(house: Services) -> None:
    await house.verified()
    other = await house.login()
    alice = await started(house)
    await house.auth.second_factor.confirm(alice.user_id, await right_code(house, alice), alice, HERE)
    house.revocations.check(alice)
    with pytest.raises(InvalidToken):
        house.verifier.verify(other.access_token)
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(other.refresh_token)


async def test_who_signs_in_by_password_alone_while_it_is_confirmed_gets_nothing_that_lasts(house: Services) -> None:
    await house.verified()
    for _ in range(5):
        alice = await started(house)
        code = await right_code(house, alice)
        sign_ins = [house.login() for _ in range(4)]
        confirming = house.auth.second_factor.confirm(alice.user_id, code, alice, HERE)
        found = await asyncio.gather(*sign_ins[:2], confirming, *sign_ins[2:], return_exceptions=True)
        assert [session.id for session in await sessions_of(house, alice)] == [alice.session_id]
        assert {type(one) for one in found if isinstance(one, Exception)} <= {MfaRequired, LoginFailed}
        assert await house.auth.second_factor.remove(alice.user_id, alice, HERE)
        house.clock.forward(minutes=1)


async def test_the_store_itself_opens_no_session_by_one_factor_where_there_are_two(
    house: Services, alice: Protected
) -> None:
    credentials = await house.auth_store.sessions.credentials(alice.by.user_id)
    assert credentials is not None
    one, other = (sessions.opened(SessionId(ids.new()), credentials, HERE, house.clock()) for _ in range(2))
    await house.auth_store.sessions.open(one, "by two", factors=2)
    with pytest.raises(LoginFailed):
        await house.auth_store.sessions.open(other, "by one")


async def test_until_it_is_confirmed_a_password_is_enough(house: Services) -> None:
    await house.verified()
    await started(house)
    assert await house.login()


async def test_what_is_not_confirmed_in_time_is_forgotten(house: Services) -> None:
    await house.verified()
    alice = await started(house)
    code = await right_code(house, alice)
    house.clock.forward(minutes=15)
    with pytest.raises(TotpNotStarted):
        await house.auth.second_factor.confirm(alice.user_id, code, alice, HERE)
    await house.auth.second_factor.purge()
    assert await house.auth_store.second_factor.of(alice.user_id) is None


async def test_starting_again_takes_the_place_of_what_was_started(house: Services) -> None:
    await house.verified()
    alice = await started(house)
    former = await right_code(house, alice)
    later = await house.auth.second_factor.start(alice.user_id, None, alice, HERE)
    with pytest.raises(Invalid):
        await house.auth.second_factor.confirm(alice.user_id, former, alice, HERE)
    code = Authenticator(later.secret).shows(house.clock())
    assert len(set(await house.auth.second_factor.confirm(alice.user_id, code, alice, HERE))) == 10


async def test_of_ten_who_confirm_at_once_one_is_given_codes(house: Services) -> None:
    await house.verified()
    alice = await started(house)
    code = await right_code(house, alice)
    asking = [house.auth.second_factor.confirm(alice.user_id, code, alice, HERE) for _ in range(4)]
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(one, list) for one in found) == 1
    assert (await house.auth.second_factor.state(alice.user_id, alice)).recovery_codes_left == 10


async def test_one_that_is_enabled_cannot_be_set_up_again(house: Services, alice: Protected) -> None:
    with pytest.raises(TotpEnabled):
        await house.auth.second_factor.start(alice.by.user_id, None, alice.by, HERE)
    with pytest.raises(TotpEnabled):
        await house.auth.second_factor.confirm(alice.by.user_id, WRONG, alice.by, HERE)
    assert await refused(house, await asked(house), shown(house, alice)) is None


async def test_it_needs_a_verified_address(house: Services) -> None:
    member, guest = await house.member(), await house.guest()
    for user_id in (member.id, guest.user.id):
        with pytest.raises(EmailNotVerified):
            await house.auth.second_factor.start(user_id, None, caller(user_id), HERE)


async def test_setting_it_up_needs_a_young_sign_in_or_the_current_password(house: Services) -> None:
    alice = await house.verified()
    old = caller(alice.id, at=house.clock() - OLD)
    with pytest.raises(InsufficientUserAuthentication):
        await house.auth.second_factor.start(alice.id, None, old, HERE)
    with pytest.raises(Invalid):
        await house.auth.second_factor.start(alice.id, "a wrong secret", old, HERE)
    assert await house.auth.second_factor.start(alice.id, PASSWORD, old, HERE)


async def test_nobody_sets_it_up_for_somebody_else(house: Services) -> None:
    alice = await house.verified()
    for other in (caller(), caller(role="admin")):
        with pytest.raises(Forbidden):
            await house.auth.second_factor.start(alice.id, None, other, HERE)
        with pytest.raises(Forbidden):
            await house.auth.second_factor.confirm(alice.id, WRONG, other, HERE)


async def test_who_removes_it_signs_in_by_password_alone(house: Services, alice: Protected) -> None:
    other = await answer(house, await asked(house), shown(house, alice))
    token = await asked(house)
    assert await house.auth.second_factor.remove(alice.by.user_id, alice.by, HERE)
    with pytest.raises(InvalidToken):
        house.verifier.verify(other.access_token)
    assert await refused(house, token, alice.recovery_codes[0]) is InvalidMfaToken
    assert await house.login()
    assert "totp-disabled" in await house.happened(alice.by.user_id)


async def test_removing_it_may_be_repeated(house: Services, alice: Protected) -> None:
    assert await house.auth.second_factor.remove(alice.by.user_id, alice.by, HERE)
    assert not await house.auth.second_factor.remove(alice.by.user_id, alice.by, HERE)
    assert (await house.happened(alice.by.user_id)).count("totp-disabled") == 1


async def test_removing_it_needs_a_young_sign_in(house: Services, alice: Protected) -> None:
    for by in (caller(alice.by.user_id, at=house.clock() - OLD), caller(role="admin", at=house.clock() - OLD)):
        with pytest.raises(InsufficientUserAuthentication):
            await house.auth.second_factor.remove(alice.by.user_id, by, HERE)
    assert await asked(house)


async def test_an_administrator_or_an_operator_removes_it_for_who_is_locked_out(house: Services) -> None:
    for username, by, origin in (("alice", caller(role="admin"), HERE), ("bobby", None, OPERATOR)):
        locked_out = await protected(house, username)
        assert await house.auth.second_factor.remove(locked_out.by.user_id, by, origin)
        with pytest.raises(InvalidToken):
            house.revocations.check(locked_out.by)
        assert await house.login(username)


async def test_other_peoples_is_hidden(house: Services, alice: Protected) -> None:
    with pytest.raises(NotFound):
        await house.auth.second_factor.state(alice.by.user_id, caller())
    with pytest.raises(NotFound):
        await house.auth.second_factor.remove(alice.by.user_id, caller(at=house.clock()), HERE)
    assert (await house.auth.second_factor.state(alice.by.user_id, caller(role="admin"))).enabled


async def test_its_secret_is_sealed_for_its_owner(house: Services, alice: Protected) -> None:
    totp = await house.auth_store.second_factor.of(alice.by.user_id)
    assert totp is not None
    keys = (
        SECRET,
        sealing.derive(SECRET, "second factors"),
        sealing.derive(SECRET, "second factors" + alice.by.user_id),
    )
    assert [sealing.unseal(key, totp.sealed) for key in keys] == [None] * 3


async def test_a_recovery_code_is_looked_up_by_what_nobody_can_make_who_has_not_the_key(
    house: Services, alice: Protected
) -> None:
    stored = {row.digest for row in await house.database.scan(DIGESTS, alice.by.user_id)}
    plain = [code.replace("-", "") for code in alice.recovery_codes]
    assert {len(digest) for digest in stored} == {64}
    assert len(stored) == 10
    assert not stored & {made for code in plain for made in (code, sealing.digest(code), sealing.mac(SECRET, code))}


async def test_a_recovery_code_moved_to_another_account_is_worth_nothing(house: Services, alice: Protected) -> None:
    bobby = await protected(house, "bobby")
    moving = Sql("UPDATE recovery_codes SET user_id = $1 WHERE user_id = $2")
    await house.database.write(Write(moving, (alice.by.user_id, bobby.by.user_id), rows=10))
    assert await refused(house, await asked(house), bobby.recovery_codes[0]) is MfaRefused


async def test_a_secret_moved_to_another_account_opens_nothing(house: Services, alice: Protected) -> None:
    bobby = await protected(house, "bobby")
    stolen = await house.auth_store.second_factor.of(bobby.by.user_id)
    assert stolen is not None
    await house.database.write(moved(stolen.sealed, alice.by.user_id))
    assert await refused(house, await asked(house), bobby.authenticator.shows(house.clock())) is MfaRefused


async def subjects(house: Services) -> list[str]:
    """Return what alice has been told by mail since she verified her address."""
    return [mail.subject for mail in (await house.mails("alice@example.com"))[1:]]


async def test_its_owner_is_told_of_every_change(house: Services, alice: Protected) -> None:
    await answer(house, await asked(house), alice.recovery_codes[0])
    await house.auth.second_factor.remove(alice.by.user_id, alice.by, HERE)
    assert await subjects(house) == [
        "A second factor protects your account",
        "A recovery code of your account was used",
        "The second factor of your account was removed",
    ]
    assert "Codes left: 9." in " ".join(house.box.mails[-2].text.split())


async def test_who_has_the_password_and_not_the_code_is_told_on_once(house: Services, alice: Protected) -> None:
    token = await asked(house)
    await asyncio.gather(*(refused(house, token, WRONG) for _ in range(5)))
    assert (await subjects(house))[1:] == ["Somebody has your password, but not your second factor"]


async def test_a_code_mistyped_alarms_nobody(house: Services, alice: Protected) -> None:
    token = await asked(house)
    assert [await refused(house, token, WRONG) for _ in range(3)] == [MfaRefused] * 3
    await answer(house, token, shown(house, alice))
    assert len(await subjects(house)) == 1


class Left(msgspec.Struct, frozen=True, array_like=True):
    """How many rows there are in each of the three tables."""

    totp: int
    recovery_codes: int
    mfa_tokens: int


class Digest(msgspec.Struct, frozen=True, array_like=True):
    """What is stored of a recovery code."""

    digest: str


DIGESTS = Query("SELECT digest FROM recovery_codes WHERE user_id = $1", Digest)
LEFT = Query(
    "SELECT (SELECT count(*) FROM totp), (SELECT count(*) FROM recovery_codes), (SELECT count(*) FROM mfa_tokens)", Left
)


async def test_nothing_of_it_is_left_of_who_removed_it_or_was_erased(house: Services, alice: Protected) -> None:
    bobby = await protected(house, "bobby")
    for username in ("alice", "bobby"):
        await asked(house, username)
    await house.auth.second_factor.remove(alice.by.user_id, alice.by, HERE)
    assert await house.database.fetch(LEFT) == Left(1, 10, 1)
    await house.delete(bobby.by.user_id, bobby.by)
    await house.user_store.accounts.erase(bobby.by.user_id)
    assert await house.database.fetch(LEFT) == Left(0, 0, 0)


async def test_sign_ins_that_can_no_longer_be_finished_are_forgotten(house: Services, alice: Protected) -> None:
    await asked(house)
    house.clock.forward(minutes=5)
    newest = await asked(house)
    await house.auth.second_factor.purge()
    assert await house.database.fetch(LEFT) == Left(1, 10, 1)
    assert await refused(house, newest, shown(house, alice)) is None
