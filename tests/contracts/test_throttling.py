"""What the throttle promises whoever guesses, and whoever is guessed about, on both databases."""

from tests.services import Services

from noughts.kit.throttling import Charge, TooManyAttempts

HERE, THERE = "203.0.113.7", "198.51.100.9"


async def guess(house: Services, identifier: str = "alice", address: str = HERE, **trusted: object) -> Charge | int:
    """Guess, and return the charge, or how many seconds to wait."""
    try:
        return await house.fittings.throttle.charge("sign-in", identifier, address, **trusted)  # type: ignore[arg-type]
    except TooManyAttempts as refused:
        return int(dict(refused.headers)["Retry-After"])


async def guesses(house: Services, times: int, identifier: str = "alice", address: str = HERE) -> list[int]:
    """Guess as soon as one may, so many times, and return how long one had to wait before each."""
    waited = []
    for _ in range(times):
        waited.append(0)
        while isinstance(wait := await guess(house, identifier, address), int):
            house.clock.forward(seconds=wait)
            waited[-1] += wait
    return waited


async def heat(house: Services, identifier: str = "alice", failures: int = 16) -> None:
    """Let others fail about somebody, each from elsewhere, until a new address has to wait for a minute."""
    for n in range(failures):
        while isinstance(wait := await guess(house, identifier, f"192.0.2.{n}"), int):
            house.clock.forward(seconds=wait)


async def test_five_failures_are_free_then_each_makes_wait_longer_up_to_a_minute(house: Services) -> None:
    assert await guesses(house, 13) == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_guess_that_comes_too_soon_makes_no_wait_longer(house: Services) -> None:
    await guesses(house, 8)
    waits = []
    for _ in range(8):
        waits.append(await guess(house))
        house.clock.forward(seconds=1)
    assert waits == [8, 7, 6, 5, 4, 3, 2, 1]
    assert isinstance(await guess(house), Charge)


async def test_failures_are_forgotten_after_an_hour_without_any(house: Services) -> None:
    await guesses(house, 12)
    house.clock.forward(hours=1)
    assert await guesses(house, 6) == [0, 0, 0, 0, 0, 1]
