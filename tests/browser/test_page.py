"""What holds for every screen: its policy, its sizes, its colours, its calm."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Arrive
from tests.browser.visitor import Visitor

SCREENS = [
    "/",
    "/lobby",
    "/settings",
    "/recover",
    "/recover#token=x",
    "/verify",
    "/verify#token=x",
    "/leaderboard",
    "/@computer-6",
]


def _width(visitor: Visitor) -> int:
    return int(visitor.page.evaluate("document.documentElement.scrollWidth"))


def _too_small(visitor: Visitor) -> list[float]:
    """Return the heights of targets below 44 pixels; links within a sentence are as high as it is."""
    targets = visitor.page.locator(
        "header a, main button, main a.button, main a.link, main li > a, main summary,"
        " main input:not([type=radio]):not([tabindex='-1']), main label:has(input)"
    )
    sizes = [box["height"] for target in targets.all() if (box := target.bounding_box())]
    return [size for size in sizes if size < 44 - 0.5]


def _ground(visitor: Visitor) -> str:
    return str(visitor.page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def test_a_visit_logs_nothing_under_the_served_policy(arrive: Arrive) -> None:
    guest = arrive()
    answer = guest.page.goto("/")
    assert answer is not None
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    guest.play_to_the_end(guest.click)
    for screen in SCREENS:
        guest.page.goto(screen)
        expect(guest.heading).to_be_visible()
    assert guest.logged == []


@pytest.mark.parametrize("screen", SCREENS)
def test_a_phone_never_scrolls_sideways(arrive: Arrive, screen: str) -> None:
    guest = arrive(screen, viewport=PHONE, has_touch=True)
    expect(guest.heading).to_be_visible()
    assert _width(guest) == PHONE["width"]


def test_the_smallest_phone_shows_a_running_game_without_scrolling_sideways(arrive: Arrive) -> None:
    guest = arrive(viewport={"width": 320, "height": 568})
    guest.click(4)
    guest.sees("Your turn")
    guest.press("Resign")
    assert _width(guest) == 320


@pytest.mark.parametrize("screen", SCREENS)
def test_targets_are_large_enough_for_a_thumb(arrive: Arrive, screen: str) -> None:
    guest = arrive(screen, viewport=PHONE, has_touch=True)
    expect(guest.heading).to_be_visible()
    assert _too_small(guest) == []


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(251, 250, 247)"), ("dark", "rgb(20, 22, 27)")])
def test_the_page_is_light_or_dark_as_one_likes_it(arrive: Arrive, scheme: str, ground: str) -> None:
    assert _ground(arrive(color_scheme=scheme)) == ground


@pytest.mark.parametrize(("motion", "animations"), [("reduce", {"none"}), ("no-preference", {"draw"})])
def test_marks_are_drawn_only_for_who_likes_motion(arrive: Arrive, motion: str, animations: set[str]) -> None:
    guest = arrive(reduced_motion=motion)
    guest.click(4)
    expect(guest.page.locator(".fresh path").first).to_be_attached()
    # In one step: the computer's reply may make another mark the fresh one at any moment.
    names = guest.page.evaluate(
        "[...document.querySelectorAll('.fresh path')].map(path => getComputedStyle(path).animationName)"
    )
    assert {name.rpartition("-")[2] for name in names} == animations


@pytest.mark.parametrize("address", ["/nowhere", "/settings/name", "/@ada/games", "/users/1/nothing"])
def test_an_address_nobody_knows_says_so_and_leads_back_to_the_board(arrive: Arrive, address: str) -> None:
    guest = arrive()
    answer = guest.page.goto(address)
    assert answer is not None
    assert answer.status == 404
    guest.sees("Nothing here")
    expect(guest.page.get_by_text("No page has this address.")).to_be_visible()
    guest.follow("Back to the board")
    guest.sees("Your turn")


def test_a_game_of_others_is_not_shown(arrive: Arrive) -> None:
    guest = arrive()
    guest.click(4)
    guest.sees("Your turn")
    guest.page.goto("/play/00000000-0000-7000-8000-00000000abcd")
    guest.sees("There is no such game")


def test_going_back_from_a_game_shows_a_fresh_board(arrive: Arrive) -> None:
    guest = arrive()
    guest.click(4)
    guest.sees("Your turn")
    guest.page.go_back()
    expect(guest.cells.nth(4)).to_have_accessible_name("Centre, empty")


def test_the_keyboard_goes_on_at_the_heading_when_its_place_is_gone(arrive: Arrive) -> None:
    guest = arrive("/recover")
    expect(guest.heading).not_to_be_focused()
    guest.page.get_by_role("button", name="I have a code already").press("Enter")
    guest.sees("Choose a new password")
    expect(guest.heading).to_be_focused()


SECTIONS = ["", "name", "email", "password", "two-steps", "devices", "history", "data", "delete"]


def test_every_part_of_the_settings_fits_the_smallest_phone_and_a_thumb(arrive: Arrive) -> None:
    ada = arrive(viewport={"width": 320, "height": 568}, has_touch=True)
    ada.sign_up()
    for section in SECTIONS:
        ada.page.goto(f"/settings#{section}")
        ada.page.reload()
        ada.page.wait_for_load_state("networkidle")
        assert (section, _width(ada)) == (section, 320)
        assert (section, _too_small(ada)) == (section, [])
    assert ada.logged == []
