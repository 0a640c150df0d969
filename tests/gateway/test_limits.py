"""How often anyone may call."""

import pytest
from tests.fakes import caller

from noughts.gateway.limits import Limiter
from noughts.kit import rates
from noughts.kit.edge import Limit
from noughts.kit.errors import TooManyRequests
from noughts.kit.tokens import Principal

THREE = Limit("three", 3, 60)
MINE = Limit("mine", 2, 1, per_user=True)
SHARED = Limit("sign-up", 100, 60, network=Limit("network", 4, 60))


class Seconds:
    """A clock of seconds that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    """The clock."""
    return Seconds()


@pytest.fixture
def limiter(seconds: Seconds) -> Limiter:
    """A limiter by that clock."""
    return Limiter(seconds)


def admitted(limiter: Limiter, limit: Limit, times: int, who: str = "192.0.2.1", by: Principal | None = None) -> int:
    """Return how many of so many calls are let through."""
    passed = 0
    for _ in range(times):
        try:
            limiter.admit(limit, who, by)
        except TooManyRequests:
            continue
        passed += 1
    return passed


def test_as_many_calls_are_let_through_as_the_limit_says(limiter: Limiter) -> None:
    assert admitted(limiter, THREE, 10) == 3


def test_what_is_used_up_comes_back_with_time(limiter: Limiter, seconds: Seconds) -> None:
    admitted(limiter, THREE, 10)
    seconds.at += 20
    assert admitted(limiter, THREE, 10) == 1
    seconds.at += 60
    assert admitted(limiter, THREE, 10) == 3


def test_refused_calls_cost_nothing(limiter: Limiter, seconds: Seconds) -> None:
    admitted(limiter, THREE, 1_000)
    seconds.at += 60
    assert admitted(limiter, THREE, 10) == 3


def test_over_a_long_time_the_rate_is_the_limits(limiter: Limiter, seconds: Seconds) -> None:
    passed = 0
    for _ in range(3_600):
        seconds.at += 1
        passed += admitted(limiter, THREE, 1)
    assert passed == pytest.approx(180, abs=3)


def test_a_refusal_says_how_long_to_wait_and_waiting_helps(limiter: Limiter, seconds: Seconds) -> None:
    admitted(limiter, THREE, 3)
    with pytest.raises(TooManyRequests) as refused:
        limiter.admit(THREE, "192.0.2.1", None)
    headers = dict(refused.value.headers)
    assert headers["RateLimit-Policy"] == '"three";q=3;w=60'
    assert headers["RateLimit"] == f'"three";r=0;t={headers["Retry-After"]}'
    seconds.at += int(headers["Retry-After"])
    limiter.admit(THREE, "192.0.2.1", None)


def test_each_address_has_its_own(limiter: Limiter) -> None:
    admitted(limiter, THREE, 10)
    assert admitted(limiter, THREE, 10, "192.0.2.2") == 3


def test_addresses_of_one_v6_host_are_one(limiter: Limiter) -> None:
    admitted(limiter, THREE, 10, "2001:db8::1")
    assert admitted(limiter, THREE, 10, "2001:db8::ffff") == 0


def test_each_limit_counts_for_itself(limiter: Limiter) -> None:
    admitted(limiter, THREE, 10)
    assert admitted(limiter, Limit("other", 3, 60), 10) == 3


def test_a_persons_limit_follows_them_from_address_to_address(limiter: Limiter) -> None:
    alice, bob = caller(), caller()
    assert admitted(limiter, MINE, 1, "192.0.2.1", alice) == 1
    assert admitted(limiter, MINE, 5, "192.0.2.2", alice) == 1
    assert admitted(limiter, MINE, 5, "192.0.2.1", bob) == 2


def test_a_neighbourhood_has_a_limit_together(limiter: Limiter) -> None:
    assert sum(admitted(limiter, SHARED, 1, f"192.0.2.{n}") for n in range(20)) == 4
    assert admitted(limiter, SHARED, 1, "198.51.100.1") == 1


def test_memory_is_bounded_and_forgets_first_whom_time_has_freed(
    limiter: Limiter, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_MOST", 100)
    for n in range(99):
        admitted(limiter, THREE, 3, f"10.0.0.{n}")
    seconds.at += 120
    admitted(limiter, THREE, 3, "192.0.2.1")
    for n in range(40):
        admitted(limiter, THREE, 3, f"10.0.1.{n}")
    assert len(limiter.rates) <= 100
    assert admitted(limiter, THREE, 1, "192.0.2.1") == 0


def test_memory_is_bounded_when_nobody_is_free(limiter: Limiter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_MOST", 100)
    for n in range(1_000):
        limiter.admit(THREE, f"10.0.{n // 250}.{n % 250}", None)
    assert len(limiter.rates) <= 100
