"""Looking around: who waits, and who somebody is."""

import re
import uuid

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import PHONE, Arrive
from tests.browser.test_accessibility import found
from tests.browser.visitor import Visitor


def waits(visitor: Visitor, mark: str = "X") -> None:
    """Wait for anyone, as the one who plays that mark."""
    visitor.page.goto("/lobby")
    visitor.choose(mark)
    visitor.press("Play whoever waits")
    visitor.sees("Waiting for an opponent")


def row(visitor: Visitor, name: str) -> Locator:
    """Return the row of somebody who waits."""
    return visitor.page.get_by_role("list", name="Who waits").get_by_role("listitem").filter(has_text=name)


def test_who_waits_is_seen_by_strangers_and_played_by_one_of_them(arrive: Arrive) -> None:
    ada, ben, carol = arrive(), arrive("/lobby"), arrive("/lobby")
    name = ada.sign_up()
    waits(ada)
    expect(row(carol, name)).to_contain_text("You would play O · just now")
    ben.press(f"Play {name}")
    ada.sees("Your turn")
    ada.click(4)
    ben.sees("Your turn")
    expect(row(carol, name)).to_have_count(0)
    carol.says("being played.")


def test_somebody_who_comes_too_late_is_told(arrive: Arrive) -> None:
    ada, ben, carol = arrive(), arrive("/lobby"), arrive("/lobby")
    name = ada.sign_up()
    waits(ada)
    expect(row(ben, name)).to_be_visible()
    expect(row(carol, name)).to_be_visible()
    carol.page.route("**/lobby", lambda route: route.abort())  # it does not notice
    ben.press(f"Play {name}")
    ada.sees("Your turn")
    carol.press(f"Play {name}")
    carol.says("Somebody else has taken that seat.")


def test_ones_own_waiting_game_is_opened_not_joined(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    waits(ada)
    beside = Visitor(ada.page.context.new_page())
    beside.page.goto("/lobby")
    expect(row(beside, name)).to_contain_text("You wait here")
    row(beside, name).get_by_role("link", name="Open").click()
    beside.press("Call it off")
    for tab in (ada, beside):
        tab.sees("This game was called off")


def test_the_lobby_stays_a_page_however_one_comes_back_to_it(arrive: Arrive) -> None:
    ada = arrive("/lobby")
    ada.says("Who waits")
    ada.page.reload()
    ada.sees("Play somebody")
    ada.page.goto("/docs")
    ada.page.go_back()
    ada.sees("Play somebody")
    ada.page.evaluate("location.assign('/lobby')")
    ada.sees("Play somebody")


def test_a_profile_tells_how_somebody_fared_and_leads_to_their_opponents(arrive: Arrive) -> None:
    ada, ben, carol = arrive(), arrive(), arrive()
    name, opponent = ada.sign_up(), ben.sign_up()
    waits(ada)
    ben.page.goto("/lobby")
    ben.press(f"Play {name}")
    ada.sees("Your turn")
    ada.click(4)
    ben.sees("Your turn")
    for _ in range(2):
        ben.press("Resign")
    ada.sees("You win")
    ada.page.goto(f"/@{name.upper()}")
    ada.sees(name)
    expect(ada.page.get_by_role("row", name="People")).to_have_text(re.compile(r"People\s*1\s*0\s*0"))
    ada.says("Won with X, by resignation")
    ada.follow(f"The game against {opponent}")
    ada.sees("You win")
    carol.page.goto(f"/@{name}")
    carol.follow(opponent)
    carol.sees(opponent)
    carol.says("Lost with O, by resignation")
    expect(carol.page.get_by_role("link", name=re.compile("^The game"))).to_have_count(0)


def test_ones_own_profile_is_found_in_the_settings(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.page.goto("/settings")
    ada.page.get_by_role("main").get_by_role("link", name=re.compile("^Profile")).click()
    ada.sees(name)
    ada.says("No games anybody may see yet.")
    expect(ada.page).to_have_url(re.compile(f"/@{name}$"))


def test_a_name_nobody_has_is_said_to_be_nobodys(arrive: Arrive) -> None:
    ada = arrive(f"/@nobody-{uuid.uuid4().hex[:8]}")
    ada.sees("There is no such player")
    ada.follow("See who waits")
    ada.sees("Play somebody")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_full_lobby_and_a_full_profile_fit_a_phone_and_are_open_to_all(arrive: Arrive, scheme: str) -> None:
    ada, ben = arrive(), arrive(viewport=PHONE, has_touch=True, color_scheme=scheme, bypass_csp=True)
    name = ada.sign_up()
    waits(ada)
    ben.page.goto("/lobby")
    expect(row(ben, name)).to_be_visible()
    assert found(ben) == []
    assert ben.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    ben.press(f"Play {name}")
    ada.sees("Your turn")
    ada.click(0)
    for _ in range(2):
        ada.press("Resign")
    ben.sees("You win")
    ben.page.goto(f"/@{name}")
    ben.says("Lost with X, by resignation")
    assert found(ben) == []
    assert ben.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
