"""The list of passwords known from breaches."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noughts.kit.breached import LIST, BreachedPasswords, digest
from noughts.kit.errors import Refusal

LISTED = BreachedPasswords()


@pytest.mark.parametrize(
    "password", ["password123", "PassWord123", "12345678", "qwertyuiop123", "iloveyou", "Password1!"]
)
def test_what_everybody_knows_is_listed_in_any_case(password: str) -> None:
    assert password in LISTED


@pytest.mark.parametrize("password", ["a proper secret", "correct horse battery staple", "", "\ud800", "x" * 256])
def test_anything_else_is_not(password: str) -> None:
    assert password not in LISTED


def test_the_list_is_as_long_as_the_documents_say() -> None:
    assert len(LISTED) > 600_000


def test_the_list_is_sorted_so_that_every_entry_is_found() -> None:
    raw = LIST.read_bytes()
    found = [raw[at : at + 6] for at in range(0, len(raw), 6)]
    assert found == sorted(set(found))


@given(st.text(max_size=40))
def test_case_and_unicode_form_make_no_other_password(password: str) -> None:
    assert digest(password) == digest(unicodedata.normalize("NFD", password)) == digest(password.casefold())


@pytest.mark.parametrize("listed", [["letmein!"], ["letmein!", "trustno1", "sunshine"]])
def test_every_entry_of_a_list_is_found_and_nothing_else(tmp_path: Path, listed: list[str]) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"".join(sorted(map(digest, listed))))
    found = BreachedPasswords(path)
    assert [password in found for password in ("letmein!", "trustno1", "sunshine", "moonshine")] == [
        password in listed for password in ("letmein!", "trustno1", "sunshine", "moonshine")
    ]


def test_without_its_list_a_program_does_not_begin(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="install Noughts again"):
        BreachedPasswords(tmp_path / "nowhere")
