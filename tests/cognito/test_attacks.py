"""What somebody would try who knows that a pool keeps the passwords, and what failures between the pool and us leave behind.

The services as they are wired in production, on a pool of cognito-local, which sends real codes and keeps its people on the disk.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from noughts.auth.model.second_factor import EmailNotVerified, InvalidMfaToken, MfaRefused, MfaRequired
from noughts.auth.model.sessions import InvalidRefreshToken, LoginFailed
from noughts.kit.audit import OPERATOR
from noughts.kit.database import Database
from noughts.kit.errors import Invalid, PreconditionFailed, Problem, Unavailable
from noughts.kit.tokens import Principal
from noughts.ports.users import computer_id
from noughts.users.model.accounts import Account
from noughts.users.model.one_time import ByCode, TokenInvalid
from noughts.users.model.wishes import Registration, Wish
from tests.cognito.answering import Answer, Service, answering, error
from tests.cognito.emulators import Emulator
from tests.cognito.platforms import PASSWORD
from tests.cognito.running import RunningPool
from tests.services import HERE, Services, by_link, services

pytestmark = [pytest.mark.usefixtures("credentials"), pytest.mark.slow]
OTHER = "another-fine-secret"
VICTIM = "victim@example.com"


@pytest.fixture
def pool(emulators: Callable[[Emulator], RunningPool]) -> RunningPool:
    """A pool that sends real codes."""
    return emulators("cognito-local")


@pytest.fixture
async def house(database: Database, pool: RunningPool) -> AsyncIterator[Services]:
    """The services on it, everybody gone from the pool at the end."""
    environ = {f"NOUGHTS_{name.upper()}": value for name, value in pool.settings.items() if value}
    async with services(database, **environ) as found:
        yield found
        await found.identity.close()
    for person in pool.admin.list_users(UserPoolId=pool.pool)["Users"]:
        pool.admin.admin_delete_user(UserPoolId=pool.pool, Username=person["Username"])


async def register(house: Services, name: str, email: str = "") -> Account:
    """Return somebody who has not confirmed their address."""
    return await house.register(Registration(name, email or f"{name}@example.com", PASSWORD))


async def member(house: Services, pool: RunningPool, name: str) -> Account:
    """Return somebody who has."""
    account = await register(house, name)
    await house.verify(ByCode(account.email or "", pool.code_for(account.id)))
    return await house.stored(account.id)


async def guest(house: Services) -> Principal:
    """Return a guest."""
    return house.verifier.verify((await house.guest()).access_token)


async def signed_in(house: Services, name: str, password: str = PASSWORD) -> Principal:
    """Return somebody who has just signed in."""
    return house.verifier.verify((await house.login(name, password)).access_token)


async def asked_for(house: Services, pool: RunningPool, account: Account) -> str:
    """Return the code for a new password, sent to whatever address the pool has of somebody."""
    before = people(pool)[account.id].get("code")
    await house.users.recovery.ask(account.email or "", HERE)
    await house.users.recovery.answer()
    return await asyncio.to_thread(pool.code_for, account.id, before=before)


async def recover(house: Services, email: str, code: str, password: str = OTHER) -> None:
    """Choose a new password by a code."""
    await house.users.recovery.confirm(ByCode(email, code), password, HERE)


def people(pool: RunningPool) -> dict[str, dict[str, Any]]:
    """Return the attributes and status of everybody in the pool."""
    listed = pool.admin.list_users(UserPoolId=pool.pool)["Users"]
    return {
        one["Username"]: {"status": one["UserStatus"]} | {each["Name"]: each["Value"] for each in one["Attributes"]}
        for one in listed
    }


# Addresses nobody proved.


async def test_of_two_attempts_to_become_a_member_none_proves_the_address_of_the_other(
    house: Services, pool: RunningPool
) -> None:
    by = await guest(house)
    wishes = [Wish(username="mallory", email=email, password=PASSWORD) for email in (VICTIM, "mallory@example.com")]
    outcomes = await asyncio.gather(*(house.change(by.user_id, wish, by) for wish in wishes), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Account", "PreconditionFailed"]
    stored = await house.stored(by.user_id)
    if people(pool)[by.user_id]["email"] != stored.email:
        with pytest.raises(TokenInvalid):
            await house.verify(ByCode(stored.email or "", pool.code_for(by.user_id)))
        assert (await house.stored(by.user_id)).email_verified_at is None


async def test_a_code_proves_the_address_the_pool_sent_it_to_and_no_other(house: Services, pool: RunningPool) -> None:
    by = await guest(house)
    await house.change(by.user_id, Wish(username="mallory", email="mallory@example.com", password=PASSWORD), by)
    code = pool.code_for(by.user_id)
    # This emulator cannot send another code, as a pool cannot that sent five within the hour: the change fails half done.
    with pytest.raises(Unavailable):
        await house.change(by.user_id, Wish(email=VICTIM), by)
    assert people(pool)[by.user_id]["email"] == VICTIM
    with pytest.raises(TokenInvalid):
        await house.verify(ByCode("mallory@example.com", code))
    kept = people(pool)[by.user_id]
    assert (kept["email"], kept["email_verified"]) == ("mallory@example.com", "false")
    await house.users.recovery.ask("mallory@example.com", HERE)
    await house.users.recovery.answer()
    letter = (await house.mails("mallory@example.com"))[-1]
    await house.users.recovery.confirm(by_link(letter), OTHER, HERE)
    assert people(pool)[by.user_id]["email_verified"] == "true"


async def test_nobody_is_taken_out_of_the_pool_by_a_guest_they_no_longer_are(
    house: Services, pool: RunningPool
) -> None:
    by = await guest(house)
    stale = await house.stored(by.user_id)
    await house.change(by.user_id, Wish(username="alice", email="alice@example.com", password=PASSWORD), by)
    await house.verify(ByCode("alice@example.com", pool.code_for(by.user_id)))
    provider = house.identity.of_users(house.passwords)
    with pytest.raises(PreconditionFailed):
        await provider.enrol(msgspec.structs.replace(stale, email="late@example.com"), OTHER)
    assert await house.login("alice", PASSWORD)


async def test_who_registered_first_with_an_address_of_another_gets_nothing_of_it(
    house: Services, pool: RunningPool
) -> None:
    mallory = await register(house, "mallory", VICTIM)
    await house.users.recovery.ask(VICTIM, HERE)
    await house.users.recovery.answer()
    letter = (await house.mails(VICTIM))[-1]
    with pytest.raises(EmailNotVerified):
        await house.login("mallory", PASSWORD)
    await house.users.recovery.confirm(by_link(letter), OTHER, HERE)
    with pytest.raises(LoginFailed):
        await house.login("mallory", PASSWORD)
    assert await house.login(VICTIM, OTHER)
    kept = people(pool)[mallory.id]
    assert (kept["status"], kept["email"], kept["email_verified"]) == ("CONFIRMED", VICTIM, "true")


# Codes that are over.


async def test_a_code_for_a_new_password_is_over_once_the_password_was_changed(
    house: Services, pool: RunningPool
) -> None:
    alice = await member(house, pool, "alice")
    code = await asked_for(house, pool, alice)
    by = await signed_in(house, "alice")
    await house.change(by.user_id, Wish(password=OTHER, current_password=PASSWORD), by)
    with pytest.raises(TokenInvalid):
        await recover(house, "alice@example.com", code, "a-third-fine-secret")
    assert await house.login("alice", OTHER)


async def test_a_code_that_was_sent_elsewhere_is_over_once_the_change_of_address_was_undone(
    house: Services, pool: RunningPool
) -> None:
    alice = await member(house, pool, "alice")
    by = await signed_in(house, "alice")
    await house.change(by.user_id, Wish(email="mallory@example.com"), by)
    await house.verify(by_link((await house.mails("mallory@example.com"))[-1]))
    code = await asked_for(house, pool, await house.stored(alice.id))
    undo = next(
        mail
        for mail in await house.mails("alice@example.com")
        if mail.subject.startswith("Your email address is about")
    )
    await house.verify(by_link(undo))
    for email in ("alice@example.com", "mallory@example.com"):
        with pytest.raises(TokenInvalid):
            await recover(house, email, code)
    assert await house.login("alice", PASSWORD)


async def test_a_code_for_a_new_password_works_once_and_not_after_an_hour(house: Services, pool: RunningPool) -> None:
    alice = await member(house, pool, "alice")
    code = await asked_for(house, pool, alice)
    house.clock.forward(minutes=61)
    with pytest.raises(TokenInvalid):
        await recover(house, "alice@example.com", code)
    code = await asked_for(house, pool, alice)
    await recover(house, "alice@example.com", code)
    with pytest.raises(TokenInvalid):
        await recover(house, "alice@example.com", code, "a-third-fine-secret")
    assert await house.login("alice", OTHER)


async def test_the_way_to_a_new_password_goes_to_the_address_that_is_theirs_here(
    house: Services, pool: RunningPool
) -> None:
    alice = await member(house, pool, "alice")
    # What a process that died between the pool and our database leaves: the pool has a new address, we the old one.
    elsewhere = [{"Name": "email", "Value": "mallory@example.com"}, {"Name": "email_verified", "Value": "true"}]
    pool.admin.admin_update_user_attributes(UserPoolId=pool.pool, Username=alice.id, UserAttributes=elsewhere)
    code = await asked_for(house, pool, alice)
    assert people(pool)[alice.id]["email"] == "alice@example.com"
    await recover(house, "alice@example.com", code)
    assert await house.login("alice", OTHER)


async def test_a_refused_recovery_does_not_tell_whether_a_name_and_an_address_belong_together(
    house: Services, pool: RunningPool
) -> None:
    alice = await member(house, pool, "alice")
    stored = msgspec.structs.replace(
        alice, username="gwendolyn", username_key="gwendolyn", username_skeleton="gwendolyn"
    )
    await house.user_store.accounts.replace(alice, stored)
    for email in ("alice@example.com", "nobody@example.com"):
        with pytest.raises(TokenInvalid):
            await recover(house, email, "000000", "gwendolyn-12345")


async def test_a_change_that_was_called_off_meanwhile_leaves_the_pool_with_the_old_address(
    house: Services, pool: RunningPool
) -> None:
    alice = await member(house, pool, "alice")
    by = await signed_in(house, "alice")
    await house.change(by.user_id, Wish(email="mallory@example.com"), by)
    link = by_link((await house.mails("mallory@example.com"))[-1])
    outcomes = await asyncio.gather(
        house.verify(link), house.change(by.user_id, Wish(drops_pending_email=True), by), return_exceptions=True
    )
    assert any(isinstance(outcome, TokenInvalid) for outcome in outcomes), outcomes
    assert (await house.stored(alice.id)).email == people(pool)[alice.id]["email"] == "alice@example.com"


# Operators.


async def test_somebody_is_disabled_though_the_pool_is_away(house: Services, pool: RunningPool) -> None:
    alice = await member(house, pool, "alice")
    grant = await house.login("alice", PASSWORD)
    pool.kill()
    try:
        await house.users.administration.set_status(alice.id, "disabled", None, OPERATOR)
        with pytest.raises(InvalidRefreshToken):
            await house.refresh(grant.refresh_token)
    finally:
        pool.start()
    with pytest.raises(LoginFailed):
        await house.login("alice", PASSWORD)


@pytest.mark.parametrize("kind", ["guest", "computer"])
async def test_nobody_signs_in_as_a_guest_or_the_computer_whatever_the_pool_says(
    house: Services, pool: RunningPool, kind: str
) -> None:
    user_id = (await guest(house)).user_id if kind == "guest" else computer_id(1)
    attributes = [{"Name": "email", "Value": "mallory@example.com"}]
    given = {"Username": user_id, "Password": PASSWORD, "UserAttributes": attributes}
    pool.admin.sign_up(ClientId=pool.client["ClientId"], **given)
    pool.admin.confirm_sign_up(
        ClientId=pool.client["ClientId"], Username=user_id, ConfirmationCode=pool.code_for(user_id)
    )
    with pytest.raises(LoginFailed):
        await house.login((await house.stored(user_id)).username, PASSWORD)


# A pool that says no to one.


@pytest.fixture
async def answered() -> AsyncIterator[Service]:
    """A service that answers as it is told to."""
    async with answering() as found:
        yield found


@pytest.fixture
async def told_off(database: Database, answered: Service) -> AsyncIterator[Services]:
    """The services on it."""
    chosen = msgspec.structs.asdict(answered.settings)
    environ = {f"NOUGHTS_{name.upper()}": value for name, value in chosen.items() if value}
    async with services(database, **environ) as found:
        yield found
        await found.identity.close()


@pytest.mark.parametrize("code", ["CodeDeliveryFailureException", "LimitExceededException", "InternalErrorException"])
async def test_somebody_the_pool_cannot_write_to_keeps_nobody_else_from_coming_back(
    told_off: Services, answered: Service, code: str
) -> None:
    accounts = [await register(told_off, name) for name in ("first", "second")]
    for account in accounts:
        proved = msgspec.structs.replace(account, email_verified_at=told_off.clock(), version=2)
        await told_off.user_store.accounts.replace(account, proved)
        await told_off.users.recovery.ask(account.email or "", HERE)

    def answer(asked: str) -> Answer:
        body = answered.bodies[-1][1].decode()
        if asked == "AdminGetUser":
            named = "first" if accounts[0].id in body else "second"
            attributes = [
                {"Name": "email", "Value": f"{named}@example.com"},
                {"Name": "email_verified", "Value": "true"},
            ]
            told = {"Username": "x", "UserStatus": "CONFIRMED", "Enabled": True, "UserAttributes": attributes}
            return Answer(200, msgspec.json.encode(told))
        if asked == "ForgotPassword" and accounts[0].id in body:
            return error(code, status=500 if code == "InternalErrorException" else 400)
        return Answer(200, b"{}")

    answered.answers = answer
    waits = code == "InternalErrorException"
    with contextlib.suppress(Unavailable) if waits else contextlib.nullcontext():
        await told_off.users.recovery.answer()
    written = [body for asked, body in answered.bodies if asked == "ForgotPassword"]
    assert any(accounts[1].id.encode() in body for body in written)
    assert len(await told_off.user_store.requests.oldest(5)) == int(waits)
    told_off.clock.forward(minutes=31)
    with contextlib.suppress(Unavailable):
        await told_off.users.recovery.answer()
    assert await told_off.user_store.requests.oldest(5) == []


async def test_an_address_no_letter_reaches_is_told_of(told_off: Services, answered: Service) -> None:
    answered.answers = lambda _: error("CodeDeliveryFailureException")
    with pytest.raises(Invalid) as refused:
        await register(told_off, "alice")
    assert refused.value.errors[0].pointer == "#/email"


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("PasswordResetRequiredException", InvalidMfaToken),
        ("NotAuthorizedException", MfaRefused),
        ("CodeMismatchException", MfaRefused),
    ],
)
async def test_a_second_step_the_pool_ends_is_begun_again(
    told_off: Services, answered: Service, code: str, meaning: type[Problem]
) -> None:
    await register(told_off, "alice")
    wanted = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s" * 40}
    answered.answers = lambda asked: (
        Answer(200, msgspec.json.encode(wanted)) if asked == "InitiateAuth" else error(code)
    )
    with pytest.raises(MfaRequired) as asked:
        await told_off.login("alice", PASSWORD)
    with pytest.raises(meaning):
        await told_off.auth.second_step.login(asked.value.members["mfa_token"], "123456", HERE)
