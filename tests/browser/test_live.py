"""Two people at one board, each with a browser of their own: live, and after whatever cut them off."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Arrive
from tests.browser.test_accessibility import found
from tests.browser.together import meet, seated, takes_turns
from tests.browser.visitor import PASSWORD
from tests.servers import Process


def test_moves_of_two_browsers_go_over_the_live_connection_alone(arrive: Arrive) -> None:
    ada, ben = seated(arrive)
    ada.says("The guest is here")
    ben.says("The guest is here")
    asked: list[str] = []
    for one in (ada, ben):
        one.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    takes_turns(ada, ben, 0, 3, 1, 4, 2)
    ada.sees("You win")
    ben.sees("The guest wins")
    assert ada.marks == ben.marks == "XXXOO...."
    assert [one for one in asked if "/games" in one] == []


def test_who_was_offline_for_three_moves_catches_up_without_a_reload(arrive: Arrive) -> None:
    ada, ben = seated(arrive)
    takes_turns(ada, ben, 0)
    ben.sees("Your turn")
    ben.page.evaluate("window.same = true")
    ben.page.context.set_offline(True)
    ben.says("Connection lost, trying again")
    ada.says("The guest has left")
    carol = arrive()  # who sits at Ben's other device
    carol.page.context.add_cookies(ben.page.context.cookies())
    carol.page.evaluate("localStorage.setItem('noughts.signed-in', '1')")
    carol.page.goto(ben.page.url)
    takes_turns(carol, ada, 4, 1, 2)
    ada.sees("Your turn")
    assert ben.marks == "X........"
    ben.page.context.set_offline(False)
    ben.sees("Waiting for the guest")
    assert ben.marks == ada.marks == "XXO.O...."
    assert ben.page.evaluate("window.same") is True
    expect(ben.page.get_by_text("Connection lost")).to_have_count(0)
    ada.says("The guest is here")


def test_both_end_with_the_right_board_when_the_server_is_killed_and_comes_back(
    arrive: Arrive, server: Process
) -> None:
    ada, ben = seated(arrive)
    takes_turns(ada, ben, 0, 3)
    ada.sees("Your turn")
    server.kill()
    ada.click(1)
    ada.says("Connection lost, trying again")
    ben.says("Connection lost, trying again")
    server.start()
    ben.sees("Your turn")
    ben.click(4)
    ada.sees("Your turn")
    ada.click(2)
    ada.sees("You win")
    ben.sees("The guest wins")
    assert ada.marks == ben.marks == "XXXOO...."


def test_without_any_live_connection_the_game_is_played_all_the_same(arrive: Arrive) -> None:
    ada, ben = arrive("/lobby"), arrive("/lobby")
    for one in (ada, ben):
        one.page.route("**/live/tickets", lambda route: route.fulfill(status=404))
    meet(ada, ben)
    takes_turns(ada, ben, 0, 3, 1, 4, 2)
    ben.sees("The guest wins")
    assert ada.marks == ben.marks == "XXXOO...."


def test_a_stranger_watches_a_public_game_and_may_touch_nothing(arrive: Arrive) -> None:
    ada, ben, carol = arrive(), arrive(), arrive()
    meet(ada, ben)
    carol.page.goto(ada.page.url)
    carol.press("Watch as a guest")
    carol.says("You are watching.")
    ada.says("The guest is here · 1 is watching")
    takes_turns(ada, ben, 0, 3)
    expect(carol.cells.nth(3)).to_have_accessible_name("Middle left, O")
    carol.cells.nth(8).click(force=True)
    takes_turns(ada, ben, 1)
    expect(carol.cells.nth(1)).to_have_accessible_name("Top middle, X")
    assert carol.marks == "XX.O....."


def test_who_is_signed_out_elsewhere_is_told_at_the_board(arrive: Arrive, server: Process) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.page.goto("/")
    ada.click(4)
    ada.sees("Your turn")
    with server.client() as elsewhere:
        grant = elsewhere.post("/login", json={"username": name, "password": PASSWORD}).json()
        mine = {"Authorization": f"Bearer {grant['access_token']}"}
        assert elsewhere.delete(f"/users/{grant['user']['id']}/sessions", headers=mine).status_code == 204
    ada.sees("You are signed out")


def test_a_board_of_fifteen_is_played_with_a_finger_that_aims_first_and_by_keyboard(arrive: Arrive) -> None:
    ada, ben = arrive("/lobby", viewport=PHONE, has_touch=True), arrive()
    ada.page.get_by_role("combobox", name="Board").select_option("15 × 15, five in a row")
    ada.choose("X")
    ada.press("Invite a friend by link")
    ben.page.goto(ada.page.locator("#invite").input_value())
    ben.press("Join and play")
    ada.sees("Your turn")
    ada.cells.nth(0).tap()
    ada.cells.nth(112).tap()
    ada.says("Tap again to play there")
    assert set(ada.marks) == {"."}
    ada.cells.nth(112).tap()
    ben.sees("Your turn")
    ben.cells.nth(112).focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        ben.page.keyboard.press(key)
    expect(ada.page.get_by_role("button", name="Row 9, column 9, O")).to_be_visible()
    assert ada.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_live_game_fits_a_phone_and_is_open_to_all(arrive: Arrive, scheme: str) -> None:
    ada, ben = arrive("/lobby"), arrive(viewport=PHONE, has_touch=True, color_scheme=scheme, bypass_csp=True)
    ada.page.get_by_role("combobox", name="Time").select_option("5 min + 3 s")
    ada.choose("X")
    ada.press("Invite a friend by link")
    ben.page.goto(ada.page.locator("#invite").input_value())
    ben.press("Join and play")
    takes_turns(ada, ben, 0, 1)
    ada.press("Offer a draw")
    ben.says("The guest offers a draw.")
    assert found(ben) == []
    assert ben.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    takes_turns(ada, ben, 4, 2, 8)
    ben.press("One move back")
    ben.says("was lost already")
    assert found(ben) == []
    assert ben.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
