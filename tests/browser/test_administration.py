"""What administrators do through the page."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.servers import Process


@pytest.fixture
def admin(arrive: Arrive, server: Process) -> Visitor:
    """An administrator at the list of people."""
    visitor = arrive()
    name = visitor.sign_up()
    command = [sys.executable, "-m", "noughts", "users", "promote", name, "--data", str(server.data)]
    subprocess.run(command, check=True, capture_output=True)
    visitor.page.context.clear_cookies()
    visitor.page.evaluate("localStorage.clear()")
    visitor.sign_in(name)
    expect(visitor.page.get_by_role("link", name=name, exact=True)).to_be_visible()
    visitor.follow(name)
    visitor.page.get_by_role("main").get_by_role("link", name="People").click()
    visitor.sees("People")
    return visitor


def _find(admin: Visitor, text: str) -> None:
    admin.fill(text=text)
    admin.press("Find")


def _open(admin: Visitor, name: str) -> None:
    _find(admin, name)
    admin.page.get_by_role("list", name="People found").get_by_role("link", name=name).click()
    admin.sees(name)


def test_others_find_no_such_page(arrive: Arrive) -> None:
    ada = arrive()
    ada.sign_up()
    ada.page.goto("/admin")
    ada.sees("Nothing here yet")


def test_people_are_found_by_how_their_name_begins(arrive: Arrive, admin: Visitor) -> None:
    name = arrive().sign_up()
    _find(admin, name[:8].upper())
    expect(admin.page.get_by_role("list", name="People found").get_by_role("link", name=name)).to_be_visible()


def test_people_are_found_by_their_email(arrive: Arrive, admin: Visitor) -> None:
    name = arrive().sign_up()
    _find(admin, f"{name}@example.org")
    expect(admin.page.get_by_role("list", name="People found").get_by_role("listitem")).to_have_count(1)
    _find(admin, "nobody@example.org")
    admin.says("Nobody like that.")


def test_only_administrators_are_listed_on_wish(admin: Visitor) -> None:
    admin.choose("Admins")
    _find(admin, "")
    rows = admin.page.get_by_role("list", name="People found").get_by_role("listitem")
    expect(rows.filter(has_not_text="admin")).to_have_count(0)
    expect(rows.first).to_be_visible()


def test_somebody_disabled_is_signed_out_and_may_come_back_when_enabled(arrive: Arrive, admin: Visitor) -> None:
    ben = arrive()
    name = ben.sign_up()
    _open(admin, name)
    admin.press("Disable")
    admin.press("Disable")
    expect(admin.page.get_by_role("definition").filter(has_text="disabled")).to_be_visible()
    ben.page.reload()
    expect(ben.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    admin.press("Enable")
    admin.press("Enable")
    expect(admin.page.get_by_role("definition").filter(has_text="active")).to_be_visible()
    ben.sign_in(name)
    expect(ben.page.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_somebody_becomes_an_administrator(arrive: Arrive, admin: Visitor) -> None:
    name = arrive().sign_up()
    _open(admin, name)
    for _ in range(2):
        admin.press("Make an admin")
    expect(admin.page.get_by_role("button", name="Make a player")).to_be_visible()


def test_somebodys_sessions_are_ended(arrive: Arrive, admin: Visitor) -> None:
    ben = arrive()
    _open(admin, ben.sign_up())
    admin.press("End all sessions")
    admin.press("End them all")
    admin.says("Signed in nowhere.")
    ben.page.reload()
    expect(ben.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def test_the_way_back_from_a_person_leads_to_the_same_list(arrive: Arrive, admin: Visitor) -> None:
    name = arrive().sign_up()
    _open(admin, name)
    admin.page.get_by_role("main").get_by_role("link", name="People").click()
    admin.sees("People")
    expect(admin.page.locator('input[name="text"]')).to_have_value(name)
    expect(admin.page.get_by_role("list", name="People found").get_by_role("listitem")).to_have_count(1)


def test_nobody_disables_themselves(admin: Visitor) -> None:
    name = admin.page.get_by_role("navigation").get_by_role("link").last.inner_text()
    _open(admin, name)
    expect(admin.page.get_by_role("button", name="Disable")).to_be_hidden()
