"""What letters lead to, through the page: addresses confirmed, changes taken back, forgotten passwords."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.post import Mail, filed
from tests.servers import Process

NEW = "four other words here"


def _last(server: Process, address: str, count: int = 1) -> Mail:
    return filed(server.data, address, count)[-1]


def _ask_for_password(visitor: Visitor, email: str) -> None:
    visitor.page.goto("/settings")
    visitor.follow("Forgot your password?")
    visitor.fill(email=email)
    visitor.press("Send the letter")
    visitor.sees("Choose a new password")


def test_the_link_in_the_first_letter_confirms_the_address(arrive: Arrive, server: Process) -> None:
    ada = arrive()
    email = f"{ada.sign_up()}@example.org"
    ada.settings("Email")
    ada.says("Not confirmed yet.")
    ada.page.goto(_last(server, email).link)
    expect(ada.page).to_have_url(re.compile("/verify$"))
    ada.press("Confirm")
    ada.sees("Thank you")
    ada.follow("To your account")
    ada.says("confirmed")
    expect(ada.page.get_by_text("Not confirmed yet.")).to_be_hidden()


def test_opening_the_link_alone_confirms_nothing(arrive: Arrive, server: Process) -> None:
    ada = arrive()
    name = ada.sign_up()
    scanner = arrive(_last(server, f"{name}@example.org").link)
    expect(scanner.page.get_by_role("button", name="Confirm")).to_be_visible()
    ada.settings("Email")
    ada.says("Not confirmed yet.")


def test_the_code_in_the_letter_confirms_it_too(arrive: Arrive, server: Process) -> None:
    ada = arrive()
    email = f"{ada.sign_up()}@example.org"
    code = _last(server, email).code
    ada.settings("Email")
    ada.follow("type its code")
    ada.fill(code="0000 0000" if code != "00000000" else "11111111")
    ada.submit()
    ada.says("That link or code does not work: it was used, replaced or is too old. Ask for a new letter.")
    ada.fill(code=f"{code[:4]} {code[4:]}")
    ada.submit()
    ada.sees("Thank you")


def test_the_letter_is_sent_again_on_wish(arrive: Arrive, server: Process) -> None:
    ada = arrive()
    email = f"{ada.sign_up()}@example.org"
    ada.settings("Email")
    ada.press("Send it again")
    ada.says("A new letter is on its way.")
    ada.page.goto(_last(server, email, 2).link)
    ada.press("Confirm")
    ada.sees("Thank you")


def _confirmed(arrive: Arrive, server: Process) -> tuple[Visitor, str]:
    """Return somebody at their confirmed address, and their name."""
    ada = arrive()
    name = ada.sign_up()
    ada.page.goto(_last(server, f"{name}@example.org").link)
    ada.press("Confirm")
    ada.sees("Thank you")
    ada.settings("Email")
    return ada, name


def test_a_confirmed_address_stays_until_the_new_one_is_confirmed(arrive: Arrive, server: Process) -> None:
    ada, name = _confirmed(arrive, server)
    ada.fill(email=f"new-{name}@example.org")
    ada.submit()
    ada.says("Nearly: it counts when you confirm it.")
    ada.page.goto(_last(server, f"new-{name}@example.org").link)
    ada.press("Confirm")
    ada.follow("To your account")
    expect(ada.page.get_by_role("main")).to_contain_text(f"new-{name}@example.org · confirmed")


def test_a_change_of_address_is_called_off(arrive: Arrive, server: Process) -> None:
    ada, name = _confirmed(arrive, server)
    ada.fill(email=f"new-{name}@example.org")
    ada.submit()
    ada.press("Keep the old one")
    ada.says("It stays as it is.")
    expect(ada.page.get_by_text(f"new-{name}@example.org")).to_be_hidden()


def test_a_change_of_address_is_taken_back_from_the_old_mailbox(arrive: Arrive, server: Process) -> None:
    ada, name = _confirmed(arrive, server)
    ada.fill(email=f"new-{name}@example.org")
    ada.submit()
    ada.says("Nearly: it counts when you confirm it.")
    ada.page.goto(_last(server, f"{name}@example.org", 2).link)
    ada.press("Confirm")
    ada.sees("Thank you")
    ada.page.goto("/settings")
    expect(ada.page.get_by_text(f"new-{name}@example.org")).to_be_hidden()


def test_a_forgotten_password_is_replaced_by_the_letters_link(arrive: Arrive, server: Process) -> None:
    ada = arrive()
    name = ada.sign_up()
    other = arrive()
    _ask_for_password(other, f"{name}@example.org")
    other.page.goto(_last(server, f"{name}@example.org", 2).link)
    expect(other.page).to_have_url(re.compile("/recover$"))
    other.fill(new_password="password123")
    other.submit()
    other.says("Many people have used that one, so it is tried first. Choose another.")
    other.fill(new_password=NEW)
    other.submit()
    other.sees("Your password is changed")
    other.sign_in(name, NEW)
    expect(other.page.get_by_role("link", name=name, exact=True)).to_be_visible()
    ada.page.reload()
    expect(ada.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def test_a_forgotten_password_is_replaced_by_the_letters_code(arrive: Arrive, server: Process) -> None:
    name = arrive().sign_up()
    ada = arrive()
    _ask_for_password(ada, f"{name}@example.org")
    ada.fill(code=_last(server, f"{name}@example.org", 2).code, new_password=NEW)
    ada.submit()
    ada.sees("Your password is changed")


def test_a_link_works_once(arrive: Arrive, server: Process) -> None:
    name = arrive().sign_up()
    ada = arrive()
    _ask_for_password(ada, f"{name}@example.org")
    link = _last(server, f"{name}@example.org", 2).link
    for said in ("Your password is changed", "Choose a new password"):
        ada.page.goto("/lobby")
        ada.page.goto(link)
        ada.fill(new_password=NEW)
        ada.submit()
        ada.sees(said)
    ada.says("That link or code does not work: it was used, replaced or is too old. Ask for a new letter.")


def test_nobody_learns_whether_an_address_has_an_account(arrive: Arrive) -> None:
    stranger = arrive()
    _ask_for_password(stranger, "nobody-at-all@example.org")
    stranger.says("If nobody-at-all@example.org belongs to an account, a letter is on its way.")


def test_a_second_letters_link_opens_in_the_same_tab(arrive: Arrive, server: Process) -> None:
    ada = arrive()
    email = f"{ada.sign_up()}@example.org"
    link = _last(server, email).link
    ada.page.goto("/verify")
    ada.sees("Confirm your email")
    ada.page.evaluate("link => { location.href = link }", link)
    ada.sees("Your email")
    expect(ada.page).to_have_url(re.compile("/verify$"))
