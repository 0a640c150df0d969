"""Browsers that show by a cookie whose they are."""

import base64

import pytest
from tests.fakes import Clock

from noughts.kit import ids
from noughts.kit.browsers import Browsers
from noughts.kit.tokens import UserId

ALICE = UserId(ids.new())


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def browsers(clock: Clock) -> Browsers:
    """What gives cookies out."""
    return Browsers(b"k" * 32, clock)


def test_a_browser_is_recognised_as_its_owners(browsers: Browsers) -> None:
    found = browsers.recognise(browsers.cookie(ALICE))
    assert found is not None
    assert found.owner == ALICE


def test_each_cookie_is_of_a_browser_of_its_own(browsers: Browsers) -> None:
    found = {browsers.recognise(browsers.cookie(ALICE)) for _ in range(100)}
    assert len(found) == 100


def test_a_cookie_is_good_for_a_year(browsers: Browsers, clock: Clock) -> None:
    cookie = browsers.cookie(ALICE)
    clock.forward(days=365, seconds=-1)
    assert browsers.recognise(cookie) is not None
    clock.forward(seconds=1)
    assert browsers.recognise(cookie) is None


def test_a_cookie_of_another_key_is_nobodys(browsers: Browsers, clock: Clock) -> None:
    assert browsers.recognise(Browsers(b"x" * 32, clock).cookie(ALICE)) is None


def test_a_cookie_changed_anywhere_is_nobodys(browsers: Browsers) -> None:
    raw = base64.urlsafe_b64decode(browsers.cookie(ALICE) + "==")
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert browsers.recognise(base64.urlsafe_b64encode(changed).decode()) is None


@pytest.mark.parametrize("cookie", ["", "x", "=", "a.b", "é", "A" * 96, "A" * 4_000, "\0"])
def test_what_is_no_cookie_is_nobodys(browsers: Browsers, cookie: str) -> None:
    assert browsers.recognise(cookie) is None
