"""A user pool that cannot be asked: whoever waits is told so soon, nothing is done twice, and the log says why."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from noughts.kit import ids
from noughts.kit.cognito import CodeRefused, Pool, Refused
from noughts.kit.cognito.calls import AT_ONCE, MOST_WAITING
from noughts.kit.errors import Unavailable
from tests.cognito.answering import ANSWERS_NOTHING, BREAKS_OFF, Answer, Service, answering, error
from tests.cognito.conftest import Told
from tests.cognito.running import running

PASSWORD = "correct-horse-battery"
pytestmark = pytest.mark.usefixtures("credentials")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """A service that answers as it is told to."""
    async with answering() as found:
        yield found


@pytest.fixture
async def pool(service: Service) -> AsyncIterator[Pool]:
    """The program's client of it, loaded."""
    found = Pool(service.settings)
    await found.ready()
    yield found
    await found.close()


async def seconds(work: Awaitable[object]) -> float:
    """Return how long it takes until the work finds the pool unavailable."""
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await work
    return time.monotonic() - began


def waits(unavailable: Unavailable) -> str:
    """Return after how many seconds to come back."""
    return dict(unavailable.headers)["Retry-After"]


async def test_an_emulator_that_is_killed_is_missed_at_once(tmp_path: Path) -> None:
    with running("ministack", tmp_path) as cognito:
        pool = Pool(cognito.chosen)
        user_id = ids.new()
        await pool.sign_up(user_id, "ada@example.com", PASSWORD)
        cognito.kill()
        assert await seconds(pool.sign_in(user_id, PASSWORD)) < 2
        assert await seconds(pool.person(user_id)) < 2
        await pool.close()


@pytest.mark.slow
async def test_a_pool_that_says_nothing_is_waited_for_three_seconds(pool: Pool, service: Service) -> None:
    service.answers = lambda _: ANSWERS_NOTHING
    assert 2.5 < await seconds(pool.sign_in(ids.new(), PASSWORD)) < 6
    assert service.asked == ["InitiateAuth"]


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ThrottlingException"])
async def test_a_throttled_call_is_to_be_repeated_later(
    pool: Pool, service: Service, told: list[Told], code: str
) -> None:
    service.answers = lambda _: error(code)
    with pytest.raises(Unavailable) as refused:
        await pool.sign_in(ids.new(), PASSWORD)
    assert waits(refused.value) == "2"
    assert service.asked == ["InitiateAuth"]
    assert [line.event for line in told] == ["cognito_throttled"]
    assert pool.gauges()["noughts_cognito_throttled_total"][1]() == 1


async def test_whom_the_pool_sends_no_more_letters_waits_longer(pool: Pool, service: Service) -> None:
    service.answers = lambda _: error("LimitExceededException", "Attempt limit exceeded, please try after some time.")
    with pytest.raises(Unavailable) as refused:
        await pool.resend(ids.new())
    assert waits(refused.value) == "60"


@pytest.mark.parametrize("code", ["LimitExceededException", "CodeDeliveryFailureException"])
async def test_a_pool_that_cannot_write_to_somebody_has_not_failed(pool: Pool, service: Service, code: str) -> None:
    service.answers = lambda _: error(code)
    with pytest.raises(Refused):
        await pool.forgot(ids.new())


async def test_who_tried_too_many_codes_is_refused(pool: Pool, service: Service) -> None:
    for code in ("LimitExceededException", "TooManyFailedAttemptsException"):
        service.answers = lambda _, code=code: error(code)
        with pytest.raises(CodeRefused):
            await pool.confirm_forgot(ids.new(), "123456", PASSWORD)


async def test_who_tried_too_many_passwords_is_refused_as_with_a_wrong_one(pool: Pool, service: Service) -> None:
    service.answers = lambda _: error("NotAuthorizedException", "Password attempts exceeded")
    with pytest.raises(Refused):
        await pool.sign_in(ids.new(), PASSWORD)


NOT_REPEATABLE: dict[str, Callable[[Pool], Awaitable[object]]] = {
    "SignUp": lambda pool: pool.sign_up(ids.new(), "ada@example.com", PASSWORD),
    "ConfirmSignUp": lambda pool: pool.confirm(ids.new(), "123456"),
    "ResendConfirmationCode": lambda pool: pool.resend(ids.new()),
    "InitiateAuth": lambda pool: pool.sign_in(ids.new(), PASSWORD),
    "RespondToAuthChallenge": lambda pool: pool.answer(ids.new(), "s" * 20, "123456"),
    "ForgotPassword": lambda pool: pool.forgot(ids.new()),
    "ConfirmForgotPassword": lambda pool: pool.confirm_forgot(ids.new(), "123456", PASSWORD),
}
REPEATABLE: dict[str, Callable[[Pool], Awaitable[object]]] = {
    "AdminGetUser": lambda pool: pool.person(ids.new()),
    "AdminSetUserPassword": lambda pool: pool.set_password(ids.new(), PASSWORD),
    "AdminUpdateUserAttributes": lambda pool: pool.set_email(ids.new(), "ada@example.com", verified=True),
    "AdminEnableUser": lambda pool: pool.enable(ids.new()),
    "AdminDisableUser": lambda pool: pool.disable(ids.new()),
    "AdminUserGlobalSignOut": lambda pool: pool.sign_out(ids.new()),
    "AdminDeleteUser": lambda pool: pool.delete(ids.new()),
    "AdminSetUserMFAPreference": lambda pool: pool.remove_totp(ids.new()),
}


@pytest.mark.parametrize("operation", NOT_REPEATABLE)
async def test_what_may_have_been_done_is_not_asked_for_twice(pool: Pool, service: Service, operation: str) -> None:
    service.answers = lambda _: BREAKS_OFF
    with pytest.raises(Unavailable):
        await NOT_REPEATABLE[operation](pool)
    assert service.asked == [operation]


@pytest.mark.parametrize("operation", REPEATABLE)
async def test_what_is_harmless_when_repeated_is_asked_for_once_more(
    pool: Pool, service: Service, operation: str
) -> None:
    answers = [BREAKS_OFF, Answer(200, b'{"UserStatus": "CONFIRMED"}')]
    service.answers = lambda _: answers.pop(0)
    await REPEATABLE[operation](pool)
    assert service.asked == [operation] * 2


@pytest.mark.parametrize("status", [500, 503])
async def test_a_pool_that_fails_is_unavailable(pool: Pool, service: Service, status: int) -> None:
    service.answers = lambda _: error("InternalErrorException", status=status)
    with pytest.raises(Unavailable):
        await pool.person(ids.new())
    service.answers = lambda _: Answer(status, b"<html>no JSON</html>")
    with pytest.raises(Unavailable):
        await pool.sign_in(ids.new(), PASSWORD)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFoundException", "User pool client nope does not exist."),
        ("AccessDeniedException", "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: cognito-idp:AdminGetUser"),
        ("NotAuthorizedException", "Client x is configured with secret but SECRET_HASH was not received"),
        ("UnrecognizedClientException", "The security token included in the request is invalid."),
        ("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"),
    ],
)  # fmt: skip
async def test_what_is_set_up_wrong_is_told_to_the_operator_alone(
    pool: Pool, service: Service, told: list[Told], code: str, message: str
) -> None:
    service.answers = lambda _: error(code, message)
    for work in (pool.sign_in(ids.new(), PASSWORD), pool.person(ids.new())):
        with pytest.raises(Unavailable) as refused:
            await work
        assert message not in refused.value.detail
    assert [(line.level, line.event, line.facts["reason"]) for line in told] == [
        ("error", "cognito_refused", message)
    ] * 2


async def test_what_somebody_typed_is_never_told(pool: Pool, service: Service, told: list[Told]) -> None:
    service.answers = lambda _: error(
        "InvalidParameterException",
        "1 validation error detected: Value 'ada's secret' at 'somewhere' failed to satisfy constraint",
    )
    with pytest.raises(Unavailable):
        await pool.sign_up(ids.new(), "ada@example.com", PASSWORD)
    assert "secret" not in str(told)
    assert PASSWORD not in str(told)
    assert "somewhere" in str(told)


async def test_a_challenge_nobody_knows_here_is_told_to_the_operator(
    pool: Pool, service: Service, told: list[Told]
) -> None:
    service.answers = lambda _: Answer(200, b'{"ChallengeName": "MFA_SETUP", "Session": "xxxxxxxxxxxxxxxxxxxxxxxx"}')
    with pytest.raises(Unavailable):
        await pool.sign_in(ids.new(), PASSWORD)
    assert told[0].facts == {"challenge": "MFA_SETUP"}


async def test_beyond_what_may_wait_one_is_told_at_once(pool: Pool, service: Service) -> None:
    arrived = asyncio.Semaphore(0)
    service.answers, service.heard = lambda _: ANSWERS_NOTHING, lambda _: arrived.release()
    crowd = [asyncio.ensure_future(pool.fits(ids.new(), PASSWORD)) for _ in range(AT_ONCE + MOST_WAITING)]
    for _ in range(AT_ONCE):
        await arrived.acquire()
    assert await seconds(pool.fits(ids.new(), PASSWORD)) < 0.5
    assert len(service.asked) == AT_ONCE
    for one in crowd:
        one.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    assert pool.gauges()["noughts_cognito_calls_under_way"][1]() == 0


async def test_without_credentials_people_sign_in_and_the_rest_waits_for_them(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: list[Told]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    service.answers = lambda _: error("NotAuthorizedException")
    pool = Pool(service.settings)
    await pool.ready()
    with pytest.raises(Refused):
        await pool.sign_in(ids.new(), PASSWORD)
    with pytest.raises(Unavailable):
        await pool.person(ids.new())
    assert {line.event for line in told} == {"aws_credentials_missing"}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    service.answers = lambda _: error("UserNotFoundException")
    assert await pool.person(ids.new()) is None
    await pool.close()


async def test_calls_anyone_may_make_are_not_signed(pool: Pool, service: Service) -> None:
    heads: list[str] = []
    service.heard = heads.append
    service.answers = lambda asked: error(
        "NotAuthorizedException" if asked == "InitiateAuth" else "UserNotFoundException"
    )
    with pytest.raises(Refused):
        await pool.sign_in(ids.new(), PASSWORD)
    await pool.person(ids.new())
    assert ["authorization: aws4" in head.lower() for head in heads] == [False, True]


def test_without_the_extra_one_line_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['aiobotocore'] = None\n"
        "from noughts.kit.cognito import CognitoSettings, Pool\n"
        "Pool(CognitoSettings(identity='cognito', cognito_pool='eu-central-1_A', cognito_client='b'))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stderr.splitlines()[-1] == (
        "noughts.kit.errors.Refusal: A user pool takes packages that are missing: pip install 'noughts[cognito]'."
    )
