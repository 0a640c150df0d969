"""What a username may be, and when two are the same to the eye."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from noughts.kit.errors import Invalid
from noughts.users.model import names

ASCII = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=3, max_size=20)


def refusal(username: str) -> str | None:
    """Return the code with which a name is refused, or nothing."""
    try:
        names.check(username)
    except Invalid as refused:
        (error,) = refused.errors
        assert error.pointer == "#/username"
        return error.code
    return None


@pytest.mark.parametrize(
    "username", ["bob", "Alice", "x-1", "0_o", "zoë", "Åsa-K", "オセロ名人", "Иван", "x" * 20, "νίκη"]
)
def test_letters_and_digits_of_any_script_make_a_name(username: str) -> None:
    assert refusal(username) is None


@pytest.mark.parametrize("username", ["", "a", "ab", "x" * 21, "x" * 10_000, "😀"])
def test_a_name_has_3_to_20_characters(username: str) -> None:
    assert refusal(username) == "length"


@pytest.mark.parametrize(
    "username",
    [
        "   ",
        " bob",
        "bob ",
        "bo b",
        "bob\u00a0",
        "bob\n",
        "bob\0",
        "bob\u202e",
        "bob\u200d",
        "bob\u200b",
        "bob\u200c",
        "bob\ufeff",
        "bob\u2066",
        "bo\tb",
        "b😀b",
        "bob!",
        "a@b.c",
        "bob/..",
        "<b>bob",
        "bob%20",
        "{{7*7}}",
        "=SUM(1)",
        "bob.",
        "_bob",
        "-bob",
        "\u0301bob",
        "bob\ue000",
        "bob\u0378",
    ],
)
def test_what_is_no_letter_or_digit_is_refused(username: str) -> None:
    assert refusal(username) == "characters"


@pytest.mark.parametrize(
    "username",
    [
        "admin",
        "Admin",
        "ADMIN",
        "ａｄｍｉｎ",
        "Ａｄｍｉｎ",
        "аdmin",
        "adm\u0456n",
        "root",
        "login",
        "guest-abc",
        "GUEST-abc",
        "computer-9",
        "gu\u0435st-abc",
        "c\u043emputer-9",
        "system",
    ],
)
def test_reserved_names_and_what_looks_like_them_are_refused(username: str) -> None:
    assert refusal(username) == "reserved"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice", "alice"),
        ("ALICE", "alice"),
        ("ａｌｉｃｅ", "alice"),
        ("zoe\u0308", "zo\u00eb"),
        ("STRASSE", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_names_that_are_the_same_have_one_key(one: str, other: str) -> None:
    assert names.check(one) == names.check(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "аlice"),
        ("alice", "al\u0456ce"),
        ("paypal", "раураl"),
        ("scope", "ѕсоре"),
        ("admin7", "adm\u0131n7"),
        ("omega", "οmega"),
        ("søren", "so\u0338ren"),
    ],
)
def test_names_that_look_the_same_have_one_skeleton(one: str, other: str) -> None:
    first, second = names.check(one), names.fold(other)
    assert second is not None
    assert first != second
    assert names.skeleton(first) == names.skeleton(second)


@pytest.mark.parametrize(("one", "other"), [("modem", "modern"), ("bo0", "boo"), ("b1ll", "bill"), ("vv00", "w00")])
def test_ascii_names_that_differ_are_two(one: str, other: str) -> None:
    assert names.skeleton(one) != names.skeleton(other)


@given(ASCII)
def test_a_key_is_its_own_key(username: str) -> None:
    assume(refusal(username) is None)
    key = names.check(username)
    assert names.fold(key) == key == username.lower()


@given(st.text(st.characters(categories=["L", "N"]), min_size=3, max_size=20))
def test_case_and_composition_never_make_a_second_name(username: str) -> None:
    key = names.fold(username)
    assume(key is not None)
    for same in (unicodedata.normalize("NFC", username), unicodedata.normalize("NFD", username)):
        assert names.fold(same) == key


@given(st.text(max_size=30))
def test_any_text_is_a_name_or_refused_with_a_reason(username: str) -> None:
    assert refusal(username) in (None, "length", "characters", "reserved")


@given(st.text(st.characters(categories=["L", "M", "N"]), min_size=1, max_size=20))
def test_what_looks_like_a_skeleton_has_that_skeleton(username: str) -> None:
    key = names.fold(username)
    assume(key is not None)
    once = names.skeleton(str(key))
    assert names.skeleton(once) == once


@given(ASCII)
def test_the_skeleton_of_a_plain_name_is_the_name(username: str) -> None:
    assert names.skeleton(username.lower()) == username.lower()
