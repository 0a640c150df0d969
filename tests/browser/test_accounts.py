"""Accounts through the page."""

import json

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import PASSWORD


def _too_old(route: Route) -> None:
    route.fulfill(status=401, json={"type": "/problems/insufficient-user-authentication", "status": 401})


def test_a_guest_becomes_a_member_keeps_the_games_and_signs_in_again(arrive: Arrive) -> None:
    ada = arrive()
    ada.play_to_the_end(ada.click)
    name = ada.sign_up()
    ada.sign_out(name)
    ada.sign_in(name)
    expect(ada.page.get_by_role("link", name=name)).to_be_visible()
    ada.follow("Lobby")
    expect(ada.page.get_by_role("list", name="Your games").get_by_role("link")).to_have_count(1)


def test_whoever_comes_first_signs_up_at_once(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.page.reload()
    expect(ada.page.get_by_role("link", name=name)).to_be_visible()


def test_signing_out_forgets_who_was_there(arrive: Arrive) -> None:
    ada = arrive()
    ada.sign_out(ada.sign_up())
    ada.page.goto("/settings")
    ada.sees("Sign in")
    assert [cookie["name"] for cookie in ada.page.context.cookies()] == ["noughts-device"]


def test_signing_out_in_one_tab_signs_out_the_other(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    other = ada.page.context.new_page()
    other.goto("/")
    expect(other.get_by_role("link", name=name)).to_be_visible()
    ada.sign_out(name)
    expect(other.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def test_a_game_says_when_one_was_signed_out_elsewhere(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    other = ada.page.context.new_page()
    other.goto("/")
    other.get_by_role("grid").get_by_role("button").nth(4).click()
    expect(other).to_have_title("Your turn · Noughts")
    ada.sign_out(name)
    expect(other.get_by_role("heading", level=1)).to_have_text("You are signed out")


def test_a_wrong_password_gets_kind_words(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.sign_out(name)
    ada.sign_in(name, "not this one")
    ada.says("That name and password do not belong together. Check both and try again.")
    assert ada.page.locator('input[name="username"]').input_value() == name


@pytest.mark.parametrize(
    ("status", "words"),
    [(429, "A little too fast. Try again in 7 seconds."), (503, "Very busy just now. Wait a moment, then try again.")],
)
def test_a_full_server_is_said_kindly(arrive: Arrive, status: int, words: str) -> None:
    ada = arrive()
    ada.page.route("**/login", lambda route: route.fulfill(status=status, headers={"Retry-After": "7"}, body="{}"))
    ada.sign_in("Ada")
    ada.says(words)


def test_a_taken_name_is_said_beside_its_field(arrive: Arrive) -> None:
    name = arrive().sign_up()
    ben = arrive("/settings")
    ben.press("Sign up")
    ben.fill(username=name, email="ben@example.org", password="quite another one")
    ben.submit()
    field = ben.page.locator('input[name="username"]')
    expect(field).to_have_accessible_description("That name belongs to somebody else. Try another.")
    expect(field).to_be_focused()


def test_every_wrong_field_is_said_at_once(arrive: Arrive) -> None:
    ada = arrive("/settings")
    ada.press("Sign up")
    ada.fill(username="a b", email="nowhere", password="short")
    ada.submit()
    expect(ada.page.locator('[aria-invalid="true"]')).to_have_count(3)


def test_the_email_is_changed(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.settings("Email")
    ada.fill(email=f"new-{name}@example.org")
    ada.submit()
    ada.says("Changed.")
    ada.says(f"new-{name}@example.org")


def test_the_name_is_changed_everywhere_on_the_page(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.settings("Name")
    ada.fill(username=f"{name}-2")
    ada.submit()
    expect(ada.page.get_by_role("navigation").get_by_role("link", name=f"{name}-2")).to_be_visible()


def test_the_password_is_changed(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.settings("Password")
    ada.fill(current_password="not this one", new_password="four other words here")
    ada.submit()
    ada.says("That is not your password. Try again.")
    ada.fill(current_password=PASSWORD)
    ada.submit()
    ada.says("Changed. Every other device was signed out.")
    ada.sign_out(name)
    ada.sign_in(name, "four other words here")
    expect(ada.page.get_by_role("link", name=name)).to_be_visible()


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("password123", "Many people have used that one, so it is tried first. Choose another."),
        ("tictactoe2026", "That is your name, your email or the game’s name over again. Choose another."),
    ],
)
def test_a_password_that_is_tried_first_is_refused_beside_its_field(arrive: Arrive, password: str, words: str) -> None:
    ada = arrive("/settings")
    ada.press("Sign up")
    ada.fill(username="Somebody", email="somebody@example.org", password=password)
    ada.submit()
    field = ada.page.locator('input[name="password"]')
    expect(field).to_have_accessible_description(words)
    field.fill(PASSWORD)
    expect(field).to_have_accessible_description("Strong.")


def test_a_new_password_is_judged_while_it_is_typed(arrive: Arrive) -> None:
    ada = arrive("/settings")
    ada.press("Sign up")
    field = ada.page.locator('input[name="password"]')
    for password, words in [
        ("short", "At least 8 characters."),
        ("password123", "Easy to guess. Try three or four words that have nothing to do with each other."),
        (PASSWORD, "Strong."),
    ]:
        field.fill(password)
        expect(field).to_have_accessible_description(words)


def test_a_password_can_be_looked_at(arrive: Arrive) -> None:
    ada = arrive("/settings")
    ada.fill(password="secret")
    ada.press("Show password")
    expect(ada.page.locator('input[name="password"]')).to_have_attribute("type", "text")
    ada.press("Hide password")
    expect(ada.page.locator('input[name="password"]')).to_have_value("secret")


def test_an_account_is_deleted_after_a_second_thought(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.settings("Delete account")
    ada.press("Delete my account")
    ada.press("Delete for good")
    expect(ada.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    ada.sign_in(name)
    ada.says("That name and password do not belong together. Check both and try again.")


def test_deleting_long_after_signing_in_asks_for_the_password(arrive: Arrive) -> None:
    ada = arrive()
    ada.sign_up()
    ada.settings("Delete account")
    ada.page.route("**/users/*", _too_old, times=1)
    ada.press("Delete my account")
    ada.press("Delete for good")
    ada.fill(proof=PASSWORD)
    ada.submit()
    expect(ada.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def test_changing_the_email_long_after_signing_in_asks_for_the_password(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.settings("Email")
    ada.page.route("**/users/*", _too_old, times=1)
    ada.fill(email=f"new-{name}@example.org")
    ada.submit()
    ada.fill(proof="not this one")
    ada.submit()
    ada.says("That is not your password. Try again.")
    ada.fill(proof=PASSWORD)
    ada.submit()
    ada.says("Changed.")
    ada.says(f"new-{name}@example.org")


def test_a_guest_is_forgotten_on_wish(arrive: Arrive) -> None:
    ada = arrive()
    ada.click(4)
    ada.sees("Your turn")
    ada.page.goto("/settings")
    ada.press("Forget this guest")
    ada.press("Forget")
    expect(ada.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def test_all_that_is_held_about_one_is_downloaded(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.settings("Your data")
    with ada.page.expect_download() as saving:
        ada.submit()
    assert saving.value.suggested_filename == f"noughts-{name}.json"
    assert json.loads(saving.value.path().read_text())["account"]["username"] == name
