"""How a session proves that its owner still sits there, on both databases."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from tests.fakes import caller
from tests.services import HERE, PASSWORD, Services

from noughts.kit.errors import InsufficientUserAuthentication, Invalid
from noughts.kit.passwords import HashQueueFull
from noughts.kit.throttling import TooManyAttempts
from noughts.kit.tokens import Principal
from noughts.users.model.accounts import Account
from noughts.users.model.names import UsernameTaken
from noughts.users.model.wishes import Wish


@pytest.fixture
async def alice(house: Services) -> Account:
    """A member."""
    return await house.member()


async def prove(house: Services, by: Principal, password: str | None) -> None:
    """Ask for the proof as every service does."""
    await house.fittings.proof.require(by, (await house.stored(by.user_id)).password, password, HERE)


async def guess(house: Services, by: Principal, times: int = 1) -> None:
    """Give wrong passwords."""
    for n in range(times):
        with pytest.raises(Invalid):
            await prove(house, by, f"a wrong secret {n}")


@contextmanager
def nothing_hashed(house: Services) -> Iterator[None]:
    """Take every seat, so that whoever wants a hash is told that there is none."""
    with ExitStack() as seats:
        with suppress(HashQueueFull):
            while True:
                seats.enter_context(house.passwords.seat())
        yield


async def test_who_asks_for_too_much_is_told_so_before_anything_is_hashed(house: Services) -> None:
    await house.member()
    guest = await house.guest()
    by, wish = caller(guest.user.id), Wish(username="alice", email="guest@example.com", password=PASSWORD)
    for _ in range(5):
        with pytest.raises(UsernameTaken):
            await house.change(by.user_id, wish, by)
    with nothing_hashed(house), pytest.raises(TooManyAttempts):
        await house.change(by.user_id, wish, by)


async def test_a_guest_who_says_too_little_is_told_so_before_anything_is_hashed(house: Services) -> None:
    by = caller((await house.guest()).user.id)
    with nothing_hashed(house), pytest.raises(Invalid):
        await house.change(by.user_id, Wish(password=PASSWORD), by)


async def test_a_young_sign_in_is_proof_and_an_old_one_needs_the_password(house: Services, alice: Account) -> None:
    by = caller(alice.id)
    house.clock.forward(minutes=15)
    await prove(house, by, None)
    house.clock.forward(seconds=1)
    with pytest.raises(InsufficientUserAuthentication):
        await prove(house, by, None)
    await prove(house, by, PASSWORD)


async def test_after_five_wrong_passwords_even_the_right_one_waits(house: Services, alice: Account) -> None:
    by = caller(alice.id)
    await guess(house, by, 5)
    with pytest.raises(TooManyAttempts):
        await prove(house, by, PASSWORD)
    house.clock.forward(minutes=1)
    await prove(house, by, PASSWORD)


async def test_what_a_thief_guesses_in_one_session_makes_no_other_wait(house: Services, alice: Account) -> None:
    await guess(house, caller(alice.id), 5)
    await prove(house, caller(alice.id), PASSWORD)


async def test_the_right_password_forgives_the_wrong_ones_before(house: Services, alice: Account) -> None:
    by = caller(alice.id)
    for _ in range(3):
        await guess(house, by, 4)
        await prove(house, by, PASSWORD)


async def test_each_wrong_password_is_written_down(house: Services, alice: Account) -> None:
    await guess(house, caller(alice.id), 2)
    events = [found.event for found in await house.fittings.audit.page(alice.id, None, 10)]
    assert events == ["password-refused", "password-refused", "user-registered"]
