"""Games through the page."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Arrive
from tests.servers import Process


def test_a_guest_plays_a_whole_game_against_the_computer(arrive: Arrive) -> None:
    guest = arrive()
    guest.sees("Your turn")
    last = guest.play_to_the_end(guest.click)
    assert guest.marks.count("X") >= 3
    expect(guest.page).to_have_title(f"{last} · Noughts")
    guest.press("Play again")
    expect(guest.cells.nth(4)).to_have_accessible_name("Centre, empty")


def test_a_whole_game_is_played_by_keyboard_alone(arrive: Arrive) -> None:
    guest = arrive()
    guest.play_to_the_end(guest.steer)
    assert guest.marks.count("X") >= 3


def test_the_unbeatable_computer_is_not_beaten(arrive: Arrive) -> None:
    guest = arrive()
    guest.page.get_by_label("Computer").select_option("Unbeatable")
    assert guest.play_to_the_end(guest.click) != "You win"


def test_the_computer_begins_where_one_plays_o(arrive: Arrive) -> None:
    guest = arrive()
    guest.choose("O")
    guest.sees("The computer begins")
    guest.press("Let the computer begin")
    guest.sees("Your turn")
    assert guest.marks.count("X") == 1


def test_moves_are_announced(arrive: Arrive) -> None:
    guest = arrive()
    guest.click(4)
    heard = guest.page.locator("[aria-live=polite]")
    expect(heard).to_have_text(re.compile(r"The computer plays (top|middle|bottom) (left|middle|right)\. Your turn\."))


def test_the_keyboard_stays_on_the_board_when_a_game_gets_its_address(arrive: Arrive) -> None:
    guest = arrive()
    guest.steer(4)
    expect(guest.page).to_have_url(re.compile("/play/"))
    expect(guest.cells.nth(4)).to_be_focused()


def test_a_taken_cell_is_said_to_be_taken(arrive: Arrive) -> None:
    guest = arrive()
    guest.click(4)
    guest.sees("Your turn")
    guest.cells.nth(4).click(force=True)
    guest.says("That cell is taken.")


def test_a_game_is_there_again_after_a_reload(arrive: Arrive) -> None:
    guest = arrive()
    guest.click(4)
    guest.sees("Your turn")
    guest.page.reload()
    guest.sees("Your turn")
    expect(guest.cells.nth(4)).to_have_accessible_name("Centre, X")


def test_a_game_is_found_again_among_ones_own(arrive: Arrive) -> None:
    guest = arrive()
    guest.click(4)
    guest.sees("Your turn")
    guest.follow("Lobby")
    guest.page.get_by_role("list", name="Your games").get_by_role("link").click()
    expect(guest.cells.nth(4)).to_have_accessible_name("Centre, X")


def test_resigning_asks_first(arrive: Arrive) -> None:
    guest = arrive()
    guest.click(4)
    guest.press("Resign")
    guest.says("Give up this game?")
    guest.press("Resign")
    guest.sees("You resigned")


def test_a_move_made_while_the_server_is_away_arrives_when_it_is_back(arrive: Arrive, server: Process) -> None:
    guest = arrive()
    guest.click(4)
    guest.sees("Your turn")
    server.kill()
    guest.click(guest.marks.index("."))
    guest.says("Connection lost, trying again")
    server.start()
    guest.sees("Your turn")
    assert sorted(guest.marks) == sorted("XXOO.....")


def test_two_friends_play_by_link(arrive: Arrive) -> None:
    ada, ben = arrive("/lobby"), arrive()
    ada.choose("X")
    ada.press("Invite a friend by link")
    ben.page.goto(ada.page.locator("#invite").input_value())
    ben.sees("A friend invites you")
    ben.press("Join and play")
    for player, cell in [(ada, 0), (ben, 3), (ada, 1), (ben, 4), (ada, 2)]:
        player.sees("Your turn")
        player.click(cell)
    ada.sees("You win")
    ben.sees("The guest wins")
    assert ada.marks == ben.marks == "XXXOO...."


def test_an_invitation_is_gone_from_the_address_once_it_is_used(arrive: Arrive) -> None:
    ada, ben = arrive("/lobby"), arrive()
    ada.press("Invite a friend by link")
    ben.page.goto(ada.page.locator("#invite").input_value())
    ben.press("Join and play")
    expect(ben.page).to_have_url(re.compile(r"/play/[0-9a-f-]+$"))


def test_an_invitation_nobody_took_can_be_called_off(arrive: Arrive) -> None:
    ada = arrive("/lobby")
    ada.press("Invite a friend by link")
    ada.press("Call it off")
    ada.sees("This game was called off")


def test_strangers_meet_in_the_lobby(arrive: Arrive) -> None:
    ada, ben = arrive("/lobby"), arrive("/lobby")
    ada.press("Play whoever waits")
    ada.sees("Waiting for an opponent")
    ben.press("Play whoever waits")
    for player in (ada, ben):
        expect(player.heading).to_have_text(re.compile("^(Your turn|Waiting for the guest)$"))


def test_the_winner_hears_when_the_opponent_resigns(arrive: Arrive) -> None:
    ada, ben = arrive("/lobby"), arrive()
    ada.press("Invite a friend by link")
    ben.page.goto(ada.page.locator("#invite").input_value())
    ben.press("Join and play")
    for _ in range(2):
        ben.press("Resign")
    ada.sees("You win")
    ada.says("The guest resigned")
