"""What an email address and a password may be."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noughts.kit.errors import Invalid
from noughts.users.model import addresses, secrets
from noughts.users.model.secrets import PasswordBreached, PasswordContextual


def fits(password: str, *, shortest: int = 8, username: str = "alice", email: str = "ally@example.com") -> bool:
    """Return whether a password is accepted, exactly as it was given."""
    try:
        return password == secrets.check(password, shortest=shortest, breached=(), username=username, email=email)
    except Invalid:
        return False


@pytest.mark.parametrize(
    "email", ["a@b.example", "first.last+tag@example.com", "o'hara@example.com", "é@example.com", "a@exämple.com"]
)
def test_an_address_mail_could_be_sent_to_is_accepted(email: str) -> None:
    assert "@" in addresses.check(email)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "@",
        "a@",
        "@b.c",
        "a.example.com",
        "a@b",
        "a@@example.com",
        "a b@example.com",
        "a@exa mple.com",
        "a@-example.com",
        "a@example..com",
        ".a@example.com",
        "a.@example.com",
        "a@example.com\r\nBcc: x@y.example",
        "a@example.com\n",
        '"a\\nTo:"@b.example',
        '"a b"@example.com',
        "a@[127.0.0.1]",
        "A <a@example.com>",
        "a@example.com, b@example.com",
        "a\0@example.com",
        "a\u202e@example.com",
        "a@example.com\u200b",
        "a@" + "b" * 250 + ".com",
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        addresses.check(email)
    assert [error.pointer for error in refused.value.errors] == ["#/email"]


@pytest.mark.parametrize(
    "email", ["a@a@a" * 10_000, "a" * 50_000, "@" * 50_000, "a." * 25_000 + "@b.c", "a@" + "b." * 25_000]
)
def test_a_monstrous_address_is_refused_at_once(email: str) -> None:
    started = time.process_time()
    with pytest.raises(Invalid):
        addresses.check(email)
    assert time.process_time() - started < 0.05


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ally@example.com", "ally@example.com"),
        ("ally@EXAMPLE.com", "ally@example.com"),
        ("ally@exämple.com", "ally@xn--exmple-cua.com"),
        ("ally@EXÄMPLE.com", "ally@exämple.com"),
    ],
)
def test_one_mailbox_has_one_key(one: str, other: str) -> None:
    assert addresses.key(addresses.check(one)) == addresses.key(addresses.check(other))


@pytest.mark.parametrize(
    "other", ["al.ly@example.com", "ally+x@example.com", "ally@mail.example.com", "ally@example.org"]
)
def test_other_mailboxes_have_other_keys(other: str) -> None:
    assert addresses.key(other) != addresses.key("ally@example.com")


@given(st.text(max_size=80))
def test_any_text_has_a_key_and_never_breaks(text: str) -> None:
    assert addresses.key(text) == addresses.key(text)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        kept = addresses.check(text)
    except Invalid:
        return
    assert addresses.check(kept) == kept
    assert kept.isprintable()


@pytest.mark.parametrize("length", [8, 64, 128, 256])
def test_a_password_has_8_to_256_characters(length: int) -> None:
    assert fits("é" * length)


@pytest.mark.parametrize("length", [0, 1, 7, 257, 1_000_000])
def test_a_shorter_or_longer_password_is_refused(length: int) -> None:
    assert not fits("é" * length)


def test_an_operator_may_ask_for_more() -> None:
    assert not fits("x" * 14, shortest=15)
    assert fits("x" * 15, shortest=15)


@given(st.text(min_size=8, max_size=256))
def test_any_characters_make_a_password_and_none_is_changed(password: str) -> None:
    assert fits(password, username="", email="")


@pytest.mark.parametrize(
    "password",
    [
        "alice-in-w",
        "ALICE-IN-W",
        "AliceInW2026",
        "!!alice_in_w!!",
        "4l1ce1nw",
        "wonder@example.com",
        "Wonder@Example.com",
        "wonder.example",
        "Wonder1999",
        "w0nder!!",
        "example2026",
        "tictactoe2026",
        "Tic-Tac-Toe!",
        "T1cT4cT03",
        "tic tac toe",
        "noughtsandcrosses",
        "Noughts&Crosses1",
        "n0ught$2026",
        "noughtsalice-in-w",
    ],
)
def test_a_password_made_of_name_address_or_game_is_refused(password: str) -> None:
    with pytest.raises(PasswordContextual) as refused:
        secrets.check(password, shortest=8, breached=(), username="alice-in-w", email="wonder@example.com")
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("#/password", "contextual")]


@pytest.mark.parametrize(
    "password",
    ["alice in a garden", "noughts make me happy", "wonderful things", "tictactoe 83649105", "wonder if examples work"],
)
def test_a_password_that_holds_more_than_such_a_word_is_accepted(password: str) -> None:
    assert fits(password, username="alice-in-w", email="wonder@example.com")


@pytest.mark.parametrize(
    ("username", "email"),
    [("123", "1@2.example"), ("a-b", "a@b.example"), ("...", ".*@(?:.example"), ("o0o", "o" * 64 + "@example.com")],
)
def test_odd_names_refuse_no_other_passwords(username: str, email: str) -> None:
    assert fits("an entirely different one", username=username, email=email)


def test_the_longest_password_of_nothing_but_a_name_is_judged_at_once() -> None:
    started = time.process_time()
    assert not fits("70457" * 51, username="toast", email="t00@toasts.example")
    assert time.process_time() - started < 0.05


def test_a_listed_password_is_refused_at_the_member_it_came_in() -> None:
    with pytest.raises(PasswordBreached) as refused:
        secrets.check("letmein!", shortest=8, breached={"letmein!"}, username="", email="", pointer="#/new_password")
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("#/new_password", "breached")]
