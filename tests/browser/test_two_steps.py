"""Signing in with two steps, through the page."""

import re
from datetime import UTC, datetime

from playwright.sync_api import Route, expect

from tests.authenticator import Authenticator
from tests.browser.conftest import Arrive
from tests.browser.visitor import PASSWORD, Visitor
from tests.post import filed
from tests.servers import Process

SECOND_STEP = "One more step: the six digits your authenticator app shows now, or a recovery code if you have any."


class Protected:
    """Somebody who has turned two steps on, at their ten recovery codes."""

    def __init__(self, arrive: Arrive, server: Process) -> None:
        self.visitor = ada = arrive()
        self.name = ada.sign_up()
        ada.page.goto(filed(server.data, f"{self.name}@example.org")[-1].link)
        ada.press("Confirm")
        ada.sees("Thank you")
        ada.settings("Two steps")
        ada.submit()
        expect(ada.page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
        ada.page.get_by_text("It cannot be scanned").click()
        self._authenticator = Authenticator(ada.page.locator("code").inner_text().replace(" ", ""))
        ada.fill(code=self.shown())
        ada.submit()
        ada.says("It is on.")

    def shown(self, steps: int = 0) -> str:
        """Return what the app shows, or will so many steps later: each code is good once."""
        return self._authenticator.shows(datetime.now(UTC), steps)

    @property
    def recovery_codes(self) -> list[str]:
        """Return the codes on the screen."""
        return self.visitor.page.get_by_role("list", name="Recovery codes").get_by_role("listitem").all_inner_texts()


def _give(visitor: Visitor, code: str) -> None:
    visitor.says(SECOND_STEP)
    visitor.fill(code=code)
    visitor.submit()


def test_two_steps_need_a_confirmed_address(arrive: Arrive) -> None:
    ada = arrive()
    ada.sign_up()
    ada.settings("Two steps")
    ada.follow("confirm your email")
    ada.sees("Email")


def test_signing_in_takes_the_code_the_app_shows(arrive: Arrive, server: Process) -> None:
    ada = Protected(arrive, server)
    other = arrive()
    other.sign_in(ada.name)
    _give(other, "000000")
    other.says("That code is wrong, too old or used already. Try the one shown now.")
    _give(other, ada.shown(1))
    expect(other.page.get_by_role("link", name=ada.name)).to_be_visible()


def test_ten_recovery_codes_are_shown_once_and_each_lets_in_once(arrive: Arrive, server: Process) -> None:
    ada = Protected(arrive, server)
    codes = ada.recovery_codes
    assert len(set(codes)) == 10
    ada.visitor.press("I have kept them")
    ada.visitor.says("10 recovery codes are left.")
    first, second = arrive(), arrive()
    for person in (first, second):
        person.sign_in(ada.name)
        _give(person, codes[0].upper())
    expect(first.page.get_by_role("link", name=ada.name)).to_be_visible()
    second.says("That code is wrong, too old or used already. Try the one shown now.")


def test_the_recovery_codes_are_saved_as_a_file(arrive: Arrive, server: Process) -> None:
    ada = Protected(arrive, server)
    with ada.visitor.page.expect_download() as saving:
        ada.visitor.press("Save as a file")
    assert saving.value.suggested_filename == f"noughts-recovery-codes-{ada.name}.txt"
    assert saving.value.path().read_text().split() == ada.recovery_codes


def test_a_wrong_code_turns_nothing_on(arrive: Arrive, server: Process) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.page.goto(filed(server.data, f"{name}@example.org")[-1].link)
    ada.press("Confirm")
    ada.sees("Thank you")
    ada.settings("Two steps")
    ada.submit()
    ada.fill(code="000000")
    ada.submit()
    ada.says("That code is not right, or not any more. Check it, or ask for a new one.")


def test_being_asked_for_the_password_asks_for_the_code_as_well(arrive: Arrive, server: Process) -> None:
    ada = Protected(arrive, server)
    page = ada.visitor.page
    ada.visitor.press("I have kept them")
    page.route(re.compile("/totp$"), _too_old, times=1)
    for _ in range(2):
        ada.visitor.press("Turn it off")
    ada.visitor.fill(proof=PASSWORD)
    ada.visitor.submit()
    ada.visitor.fill(code=ada.shown(1))
    ada.visitor.submit()
    expect(page.get_by_role("button", name="Set it up")).to_be_visible()


def _too_old(route: Route) -> None:
    route.fulfill(status=401, json={"type": "/problems/insufficient-user-authentication", "status": 401})
