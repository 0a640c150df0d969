"""The page where a user pool keeps the passwords: emails are confirmed first, and the second step knows no recovery codes."""

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.authenticator import Authenticator
from tests.browser.conftest import Arrive
from tests.browser.test_accessibility import found
from tests.browser.visitor import Visitor
from tests.cognito.platforms import PASSWORD, Platform
from tests.cognito.platforms import platform as running_platform
from tests.cognito.running import running
from tests.servers import Process

FIRST = "Your email is not confirmed yet. Type the code from the letter we sent there, and you are in."
NO_CODES = "You have no recovery codes: should you lose your phone, whoever runs this site can turn it off for you."
REFUSED = "That link or code does not work: it was used, replaced or is too old. Ask for a new letter."
OTHER = "another-fine-secret"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A Noughts whose people a pool keeps."""
    folder = tmp_path_factory.mktemp("pool")
    with (
        running("cognito-local", folder) as pool,
        running_platform("cognito-local", folder, lambda _: pool) as begun,
    ):
        yield begun


@pytest.fixture(scope="module")
def server(platform: Platform) -> Process:
    """What people come to here."""
    return platform.process


class Newcomer:
    """Somebody who has signed up at the page, and is asked for the code from the letter."""

    def __init__(self, visitor: Visitor, platform: Platform, password: str = PASSWORD) -> None:
        self.visitor, self._platform = visitor, platform
        self.name = f"Ada-{secrets.token_hex(4)}"
        self.email = f"{self.name.lower()}@example.org"
        visitor.page.goto("/settings")
        expect(visitor.heading).to_have_text(re.compile("^Sign (in|up)$"))
        if visitor.heading.inner_text() == "Sign in":
            visitor.press("Sign up")
        visitor.fill(username=self.name, email=self.email, password=password)
        visitor.submit()

    @property
    def user(self) -> dict[str, Any]:
        """The account, as far as its mailbox goes."""
        pool = self._platform.pool
        assert pool is not None
        people = pool.admin.list_users(UserPoolId=pool.pool)["Users"]
        addresses = {
            one["Value"].lower(): person["Username"]
            for person in people
            for one in person["Attributes"]
            if one["Name"] == "email"
        }
        return {"id": addresses[self.email], "email": self.email}

    def confirm(self, visitor: Visitor | None = None) -> None:
        """Type the code from the letter."""
        at = visitor or self.visitor
        at.sees("Confirm your email")
        at.fill(code=self._platform.first_code(self.user))
        at.submit()

    def comes_in(self, visitor: Visitor | None = None) -> None:
        """Wait until they are signed in, and at the board."""
        at = visitor or self.visitor
        expect(at.page.get_by_role("link", name=self.name)).to_be_visible()
        expect(at.page).to_have_url(re.compile("/$"))


def _typed(visitor: Visitor, field: str) -> str:
    return visitor.page.locator(f'input[name="{field}"]').input_value()


def test_who_signs_up_types_the_code_from_the_letter_and_is_in(arrive: Arrive, platform: Platform) -> None:
    ada = Newcomer(arrive(bypass_csp=True), platform)
    ada.visitor.says(FIRST)
    assert _typed(ada.visitor, "email") == ada.email
    assert found(ada.visitor) == []
    ada.visitor.fill(code="000000")
    ada.visitor.submit()
    ada.visitor.says(REFUSED)
    ada.confirm()
    ada.comes_in()
    ada.visitor.page.reload()
    ada.comes_in()


def test_a_guest_who_signs_up_confirms_and_keeps_the_games(arrive: Arrive, platform: Platform) -> None:
    guest = arrive()
    guest.play_to_the_end(guest.click)
    ada = Newcomer(guest, platform)
    ada.visitor.says(FIRST)
    ada.confirm()
    ada.comes_in()
    ada.visitor.page.reload()
    ada.comes_in()
    ada.visitor.follow("Lobby")
    expect(ada.visitor.page.get_by_role("list", name="Your games").get_by_role("link")).to_have_count(1)


def test_who_left_before_confirming_is_led_there_by_signing_in(arrive: Arrive, platform: Platform) -> None:
    ada = Newcomer(arrive(), platform)
    ada.visitor.sees("Confirm your email")
    later = arrive()
    later.sign_in(ada.name, PASSWORD)
    later.says(FIRST)
    later.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    later.fill(username=ada.email, password=PASSWORD)
    later.submit()
    later.says(FIRST)
    assert _typed(later, "email") == ada.email
    ada.confirm(later)
    ada.comes_in(later)


def test_who_got_no_letter_confirms_by_choosing_a_new_password(arrive: Arrive, platform: Platform) -> None:
    ada = Newcomer(arrive(), platform)
    ada.visitor.sees("Confirm your email")
    ada.visitor.follow("Choose a new password")
    ada.visitor.fill(email=ada.email)
    ada.visitor.submit()
    ada.visitor.fill(code=platform.letter(ada.email, "Choose a new password").code, new_password=OTHER)
    ada.visitor.submit()
    ada.visitor.sees("Your password is changed")
    assert platform.login(ada.email, OTHER).json()["user"]["email_verified"] is True


def test_a_password_with_spaces_is_refused_beside_its_field(arrive: Arrive, platform: Platform) -> None:
    ada = Newcomer(arrive(), platform, "correct horse battery staple")
    field = ada.visitor.page.locator('input[name="password"]')
    expect(field).to_have_accessible_description("No spaces here. Put a - between the words, or nothing.")
    field.fill(PASSWORD)
    ada.visitor.submit()
    ada.confirm()
    ada.comes_in()


def _prove(visitor: Visitor) -> None:
    """Ask for two steps, and give the password they take."""
    visitor.press("Set it up")
    visitor.fill(proof=PASSWORD)
    visitor.submit()


def _set_up(visitor: Visitor) -> Authenticator:
    """Turn two steps on, and return what shows the codes."""
    _prove(visitor)
    visitor.page.get_by_text("It cannot be scanned").click()
    phone = Authenticator(visitor.page.locator("code").inner_text().replace(" ", ""))
    visitor.fill(code=phone.shows(datetime.now(UTC)))
    visitor.submit()
    visitor.says(NO_CODES)
    return phone


def test_two_steps_are_set_up_by_the_password_and_asked_for_without_recovery_codes(
    arrive: Arrive, platform: Platform
) -> None:
    ada = Newcomer(arrive(), platform)
    ada.confirm()
    ada.comes_in()
    visitor = ada.visitor
    visitor.settings("Two steps")
    visitor.submit()
    visitor.fill(proof="not-this-one")
    visitor.submit()
    visitor.says("That is not your password. Try again.")
    visitor.page.reload()
    phone = _set_up(visitor)
    expect(visitor.page.get_by_role("list", name="Recovery codes")).to_be_hidden()
    visitor.page.reload()
    visitor.says(NO_CODES)

    visitor.sign_out(ada.name)
    visitor.sign_in(ada.name, PASSWORD)
    visitor.says("One more step: the six digits your authenticator app shows now, or a recovery code if you have any.")
    visitor.fill(code=phone.shows(datetime.now(UTC)))
    visitor.submit()
    ada.comes_in()


def test_two_steps_that_were_turned_on_in_another_tab_meanwhile_are_shown_as_on(
    arrive: Arrive, platform: Platform
) -> None:
    ada = Newcomer(arrive(), platform)
    ada.confirm()
    ada.comes_in()
    there = Visitor(ada.visitor.page.context.new_page())
    for one in (ada.visitor, there):
        one.settings("Two steps")
    phone = _set_up(ada.visitor)
    _prove(there)
    there.fill(code=phone.shows(datetime.now(UTC)))
    there.submit()
    there.says(NO_CODES)


def test_a_forgotten_password_is_replaced_by_the_code_in_the_letter(arrive: Arrive, platform: Platform) -> None:
    ada = Newcomer(arrive(), platform)
    ada.confirm()
    ada.comes_in()
    other = arrive("/recover")
    other.fill(email=ada.email)
    other.press("Send the letter")
    other.says("Type its code here, or follow its link if it has one.")
    other.fill(code=platform.recovery_code(ada.user), new_password=OTHER)
    other.submit()
    other.sees("Your password is changed")
    other.sign_in(ada.name, OTHER)
    ada.comes_in(other)


def test_who_never_confirmed_is_led_there_from_a_new_password(arrive: Arrive, platform: Platform) -> None:
    ada = Newcomer(arrive(), platform)
    ada.visitor.sees("Confirm your email")
    other = arrive("/recover")
    other.press("I have a code already")
    other.fill(email=ada.email, code="000000", new_password=OTHER)
    other.submit()
    other.says(REFUSED)
    other.follow("Confirm it first")
    other.sees("Confirm your email")
    assert _typed(other, "email") == ada.email
    ada.confirm(other)
    other.sees("Thank you")
