"""Where one is signed in and what happened there, through the page."""

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor


def _devices(visitor: Visitor) -> Locator:
    visitor.settings("Devices")
    return visitor.page.get_by_role("list", name="Signed in here").get_by_role("listitem")


def test_every_device_is_listed_and_this_one_is_marked(arrive: Arrive) -> None:
    ada, phone = arrive(), arrive()
    name = ada.sign_up()
    phone.sign_in(name)
    expect(phone.page.get_by_role("link", name=name, exact=True)).to_be_visible()
    devices = _devices(ada)
    expect(devices).to_have_count(2)
    expect(devices.filter(has_text="This device")).to_have_count(1)
    expect(devices.first).to_contain_text("Chrome on Linux")


def test_another_device_is_signed_out(arrive: Arrive) -> None:
    ada, phone = arrive(), arrive()
    name = ada.sign_up()
    phone.sign_in(name)
    expect(phone.page.get_by_role("link", name=name, exact=True)).to_be_visible()
    devices = _devices(ada)
    devices.get_by_role("button").click()
    expect(devices).to_have_count(1)
    phone.page.reload()
    expect(phone.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def test_all_other_devices_are_signed_out_at_once(arrive: Arrive) -> None:
    ada, phone, tablet = arrive(), arrive(), arrive()
    name = ada.sign_up()
    for other in (phone, tablet):
        other.sign_in(name)
        expect(other.page.get_by_role("link", name=name, exact=True)).to_be_visible()
    devices = _devices(ada)
    ada.press("Sign out all others")
    ada.press("Sign out the others")
    expect(devices).to_have_count(1)
    expect(ada.page.get_by_role("button", name="Sign out all others")).to_be_hidden()


def test_signing_out_everywhere_signs_out_here_too(arrive: Arrive) -> None:
    ada, phone = arrive(), arrive()
    name = ada.sign_up()
    phone.sign_in(name)
    expect(phone.page.get_by_role("link", name=name, exact=True)).to_be_visible()
    ada.follow(name)
    ada.press("Sign out everywhere")
    for person in (ada, phone):
        person.page.goto("/settings")
        person.sees("Sign in")


def test_being_asked_for_the_password_leaves_no_second_session_behind(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.sign_out(name)
    ada.sign_in(name)
    expect(ada.page.get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(_devices(ada)).to_have_count(1)


def test_what_happened_to_the_account_is_told(arrive: Arrive) -> None:
    ada, thief = arrive(), arrive()
    name = ada.sign_up()
    thief.sign_in(name, "not this one")
    thief.says("That name and password do not belong together. Check both and try again.")
    ada.settings("What happened")
    told = ada.page.get_by_role("list", name="What happened").get_by_role("listitem")
    expect(told).to_have_count(3)
    expect(told.first).to_contain_text("Wrong password")
    expect(told.last).to_contain_text("Signed up")
