"""Secrets: derived, sealed, compared by digest; and the directory they lie in."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noughts.kit import directory, sealing
from noughts.kit.errors import Refusal

KEY, OTHER = b"k" * 32, b"o" * 32


@given(st.binary(max_size=300))
def test_what_was_sealed_is_unsealed_by_the_same_key_alone(plain: bytes) -> None:
    sealed = sealing.seal(KEY, plain)
    assert sealing.unseal(KEY, sealed) == plain
    assert sealing.unseal(OTHER, sealed) is None


@given(st.binary(max_size=60), st.data())
def test_a_touched_seal_is_nothing(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(sealing.seal(KEY, plain))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    assert sealing.unseal(KEY, bytes(sealed)) is None


@pytest.mark.parametrize("sealed", [b"", b"x", b"x" * 11, b"x" * 12, b"x" * 27])
def test_what_is_too_short_for_a_seal_is_nothing(sealed: bytes) -> None:
    assert sealing.unseal(KEY, sealed) is None


def test_the_same_is_never_sealed_the_same() -> None:
    assert sealing.seal(KEY, b"same") != sealing.seal(KEY, b"same")


def test_each_purpose_has_a_key_of_its_own() -> None:
    purposes = ("signing keys", "services", "invites", "idempotency")
    assert len({sealing.derive(KEY, purpose) for purpose in purposes}) == len(purposes)
    assert all(len(sealing.derive(KEY, purpose)) == 32 for purpose in purposes)


def test_tokens_are_256_bits_and_never_twice_the_same() -> None:
    made = [sealing.new_token() for _ in range(10_000)]
    assert len(set(made)) == len(made)
    assert all(len(token) == 43 for token in made)


def test_a_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    made = sealing.load_or_create(file)
    assert sealing.load_or_create(file) == made
    assert len(made) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("contents", ["", "nonsense", "ab" * 31, "ab" * 33])
def test_a_file_that_holds_no_secret_is_refused_and_left_alone(tmp_path: Path, contents: str) -> None:
    (tmp_path / "secret").write_text(contents)
    with pytest.raises(Refusal):
        directory.secret(tmp_path)
    assert (tmp_path / "secret").read_text() == contents


def test_a_data_directory_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    directory.prepare(tmp_path / "deep" / "data")
    assert stat.S_IMODE((tmp_path / "deep" / "data").stat().st_mode) == 0o700


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(Refusal):
        directory.prepare(tmp_path / "data")


def test_one_server_holds_a_directory_and_the_next_may_once_it_let_go(tmp_path: Path) -> None:
    held = directory.hold(tmp_path)
    with ThreadPoolExecutor(1) as other, pytest.raises(Refusal, match="Another server"):
        other.submit(directory.hold, tmp_path).result()
    os.close(held)
    os.close(directory.hold(tmp_path))
