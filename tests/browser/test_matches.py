"""What two people do beside moving: offers, clocks, challenges, one game after another; and looking back."""

import re

import httpx
from playwright.sync_api import expect

from tests.browser.conftest import Arrive
from tests.browser.together import seated, takes_turns
from tests.browser.visitor import PASSWORD, Visitor
from tests.servers import Process


def test_a_draw_is_offered_and_agreed_to(arrive: Arrive) -> None:
    ada, ben = seated(arrive)
    takes_turns(ada, ben, 0, 4)
    ada.press("Offer a draw")
    ada.says("You offered a draw.")
    ben.says("The guest offers a draw.")
    ben.press("Agree to a draw")
    for one in (ada, ben):
        one.sees("A draw")
        one.says("By agreement")


def test_an_offer_may_be_declined(arrive: Arrive) -> None:
    ada, ben = seated(arrive)
    takes_turns(ada, ben, 0, 4)
    ada.press("Offer a draw")
    ben.press("Decline")
    expect(ada.page.get_by_text("You offered a draw.")).to_have_count(0)
    ada.sees("Your turn")


def test_a_move_is_taken_back_and_the_game_goes_on(arrive: Arrive) -> None:
    ada, ben = seated(arrive)
    takes_turns(ada, ben, 0)
    ada.press("Take back")
    ben.press("Let them")
    ada.sees("Your turn")
    assert ada.marks == "........."
    takes_turns(ada, ben, 4, 0)
    ada.sees("Your turn")
    assert ada.marks == ben.marks == "O...X...."


def test_a_rematch_seats_both_at_the_next_board_sides_swapped(arrive: Arrive) -> None:
    ada, ben = seated(arrive)
    takes_turns(ada, ben, 0, 3, 1, 4, 2)
    first = ada.page.url
    ben.press("Play again")
    ada.says("The guest would like to play again.")
    ada.press("Play again")
    ben.sees("Your turn")
    ada.sees("Waiting for the guest")
    assert ada.page.url == ben.page.url != first
    takes_turns(ben, ada, 4)
    ada.sees("Your turn")
    assert ada.marks == "....X...."


def test_a_clock_runs_down_and_ends_the_game_on_both_boards(arrive: Arrive) -> None:
    ada, ben = arrive("/lobby"), arrive()
    ada.page.route(  # nothing as short as this is offered on the page
        "**/games",
        lambda route: route.continue_(
            post_data=re.sub(
                r'"time":\{[^}]*\}', '"time":{"kind":"turn","turn_ms":3000}', route.request.post_data or ""
            )
        ),
    )
    ada.page.get_by_label("Time").select_option("30 s a move")
    ada.choose("X")
    ada.press("Invite a friend by link")
    ben.page.goto(ada.page.locator("#invite").input_value())
    ben.press("Join and play")
    ada.says("3 s a move")
    expect(ada.page.get_by_role("timer").first).to_have_text(re.compile(r"^[0-2]\.\d"))
    ada.sees("Your time is up")
    ben.sees("You win")
    ben.says("The guest ran out of time")


def test_leaving_ones_wait_for_anybody_ends_it(arrive: Arrive) -> None:
    ada = arrive("/lobby")
    ada.press("Play whoever waits")
    ada.sees("Waiting for an opponent")
    waited = ada.page.url
    ada.follow("Lobby")
    ada.sees("Play somebody")
    ada.page.goto(waited)
    ada.sees("This game was called off")


def test_a_rated_match_leads_from_game_to_game(arrive: Arrive) -> None:
    ada, ben = arrive(), arrive()
    for one in (ada, ben):
        one.sign_up()
        one.page.get_by_role("link", name="Lobby").click()
        one.page.get_by_label("Rated").check()
    ada.choose("X")
    ada.press("Play whoever waits")
    ada.says("Game 1 of 4 · Rated")
    ben.press("Play whoever waits")
    takes_turns(ada, ben, 0, 3, 1, 4, 2)
    ada.sees("You win")
    ada.says("Game 2 of 4 · you lead 1–0 · Rated")
    ben.says("Game 2 of 4 · you trail 0–1 · Rated")
    takes_turns(ben, ada, 4)
    ada.sees("Your turn")


def have_played(server: Process, *names: str) -> str:
    """Play the rated matches of a day between two members; return where the last game is."""
    with httpx.Client(base_url=server.url) as client:
        signed = [
            client.post("/login", json={"username": name, "password": PASSWORD}).json()["access_token"]
            for name in names
        ]
        one, other = ({"Authorization": f"Bearer {token}"} for token in signed)
        wish = {"username": names[1], "mark": "X", "rated": True}
        for _ in range(3):
            game = client.post("/challenges", json=wish, headers=one).json()["id"]
            client.post(f"/challenges/{game}/accept", headers=other).raise_for_status()
            while over := client.post(f"/games/{game}/resign", headers=other).raise_for_status().json()["next"]:
                game = over
    return f"/play/{game}"


def test_who_has_played_enough_rated_games_is_told_until_when_and_may_play_on_unrated(
    arrive: Arrive, server: Process
) -> None:
    ada, ben = arrive(), arrive()
    last = have_played(server, ada.sign_up(), name := ben.sign_up())
    for one in (ada, ben):
        one.page.goto(last)
    ada.says("Game 4 of 4 · match won 4–0 · Rated")
    ben.says("Game 4 of 4 · match lost 0–4 · Rated")
    ada.press("Play again")
    expect(
        ada.page.get_by_text(re.compile("^Enough rated games between you two until tomorrow, .*[0-9]{2}:[0-9]{2}"))
    ).to_be_visible()
    ada.press("Play unrated")
    ada.sees("Waiting for an opponent")
    ben.says("challenges you.")
    ben.press("Accept")
    ada.sees("Your turn")
    expect(ada.page.get_by_role("list", name="Players")).to_contain_text(name)
    expect(ada.page.get_by_text("Rated", exact=True)).to_have_count(0)


def challenges(ada: Visitor, name: str) -> None:
    """Challenge somebody from their profile, to play X."""
    ada.page.goto(f"/@{name}")
    ada.page.get_by_text(f"Challenge {name}").click()
    ada.choose("X")
    ada.press("Send the challenge")
    ada.sees("Waiting for an opponent")


def test_who_is_challenged_is_told_wherever_they_are_and_plays(arrive: Arrive) -> None:
    ada, ben = arrive(), arrive()
    ada.sign_up()
    challenges(ada, ben.sign_up())
    ben.says("challenges you.")
    ben.press("Accept")
    ada.sees("Your turn")
    takes_turns(ada, ben, 4, 0)
    ada.sees("Your turn")


def test_a_challenge_made_while_one_was_away_is_told_on_coming_back_and_may_be_declined(arrive: Arrive) -> None:
    ada, ben = arrive(), arrive()
    name = ben.sign_up()
    ben.page.goto("about:blank")
    challenges(ada, name)
    ben.page.goto("/lobby")
    ben.says("The guest challenges you.")
    ben.press("Decline")
    ada.sees("This game was called off")
    expect(ben.page.get_by_text("challenges you.")).to_have_count(0)


def test_who_waits_elsewhere_on_the_page_is_called_to_the_board(arrive: Arrive) -> None:
    ada, ben = arrive("/lobby"), arrive()
    ada.choose("X")
    ada.press("Invite a friend by link")
    ben.page.goto(ada.page.locator("#invite").input_value())
    ada.follow("Lobby")
    ben.press("Join and play")
    ada.says("The guest waits at the board.")
    ada.follow("To the board")
    ada.sees("Your turn")


def test_a_finished_game_is_walked_through_and_every_move_judged(arrive: Arrive) -> None:
    ada, ben = seated(arrive)
    takes_turns(ada, ben, 0, 1, 4, 2, 8)
    ada.sees("You win")
    ada.says("Move 5 of 5")
    ada.page.keyboard.press("ArrowLeft")
    ada.says("Move 4 of 5")
    ada.says("O, top right: was lost already.")
    assert ada.marks == "XOO.X...."
    ada.page.keyboard.press("ArrowLeft")
    ada.page.keyboard.press("ArrowLeft")
    ada.says("O, top middle: gives the draw away, it is lost now. Better: centre.")
    ada.press("2")
    ada.press("To the start")
    ada.says("The start")
    assert ada.marks == "." * 9
    ada.press("To the end")
    assert ada.marks == "XOO.X...X"


def test_the_best_are_listed_and_lead_to_their_profiles(arrive: Arrive) -> None:
    ada = arrive()
    name = ada.sign_up()
    ada.page.goto("/")
    ada.page.get_by_text("Another board, or a clock").click()
    ada.page.get_by_label("Rated").check()
    for _ in range(5):
        ada.play_to_the_end(ada.click)
        ada.press("Play again")
        ada.sees("Your turn")
    ada.page.goto("/leaderboard")
    ada.sees("Leaderboard")
    ada.choose("The computer")
    ada.page.get_by_role("table", name="The best").get_by_role("link", name=name).click()
    ada.sees(name)
    ada.says("Classic, against the computer")
    expect(ada.page.get_by_role("img", name=re.compile("^From [0-9]+ to"))).to_be_visible()
