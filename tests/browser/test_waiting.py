"""Who waits at the page: for an opponent who is gone, and for anybody while somebody else waits as well."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from noughts.kit.times import rfc3339
from tests.browser.conftest import Arrive
from tests.browser.together import seated, takes_turns
from tests.browser.visitor import Visitor
from tests.servers import Process

LONG = timedelta(minutes=10, seconds=1)
_LAST_MOVE = "UPDATE games SET updated_at = ? WHERE id = ?"
_RATING = "INSERT INTO ratings SELECT id, 'classic', 'people', 2200.0, 60.0, 0.06, 9, ? FROM users WHERE username = ?"


def wrote(server: Process, statement: str, *args: str) -> None:
    """Write past the server what nobody can wait for."""
    with closing(sqlite3.connect(server.data / "noughts.db", timeout=10)) as database, database:
        assert database.execute(statement, args).rowcount == 1


def claims(visitor: Visitor) -> int:
    """Return how many buttons there are to claim the game."""
    return visitor.page.get_by_role("button", name="Claim the game").count()


@pytest.mark.parametrize("comes_back", [False, True], ids=["who stays away", "who comes back in time"])
def test_the_game_of_an_opponent_who_is_gone_may_be_claimed(
    arrive: Arrive, server: Process, *, comes_back: bool
) -> None:
    ada, ben = seated(arrive)
    board = ben.page.url
    ada.page.clock.install()  # from the next page on
    ada.page.reload()
    takes_turns(ada, ben, 4)
    ada.says("The guest is here")
    ben.page.goto("about:blank")
    ada.says("The guest has left")
    assert claims(ada) == 0
    wrote(server, _LAST_MOVE, rfc3339(datetime.now(UTC) - LONG), board.rpartition("/")[2].partition("#")[0])
    ada.page.clock.fast_forward(int(LONG.total_seconds() * 1000))
    if comes_back:
        expect(ada.page.get_by_role("button", name="Claim the game")).to_be_visible()
        ben.page.goto(board)
        ada.says("The guest is here")
        assert claims(ada) == 0
        takes_turns(ben, ada, 0)
        ada.sees("Your turn")
        return
    ada.press("Claim the game")
    ada.sees("You win")
    ada.says("The guest left")
    ben.page.goto(board)
    ben.sees("The guest wins")


def test_of_two_who_wait_for_anybody_one_is_led_to_the_others_board(arrive: Arrive, server: Process) -> None:
    ada, ben = arrive("/lobby"), arrive()
    wrote(server, _RATING, rfc3339(datetime.now(UTC)), ben.sign_up())  # so far apart that they do not meet at once
    ben.page.goto("/lobby")
    for one, mark in ((ada, "X"), (ben, "O")):
        one.choose(mark)
        one.press("Play whoever waits")
        one.sees("Waiting for an opponent")
    waited = ben.page.url
    assert waited != ada.page.url
    ben.page.evaluate("window.same = true")
    ada.sees("Your turn")
    expect(ben.page).to_have_url(ada.page.url)
    takes_turns(ada, ben, 0, 3, 1, 4, 2)
    ada.sees("You win")
    assert ada.marks == ben.marks == "XXXOO...."
    assert ben.page.evaluate("window.same") is True
    ben.page.goto(waited)
    ben.sees("This game was called off")
