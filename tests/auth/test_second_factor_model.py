"""What a code of the second factor is, without any database."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes import NOON

from noughts.auth.model import second_factor
from noughts.auth.model.second_factor import BEFORE_ANY_STEP
from noughts.kit.tokens import UserId

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = int(NOON.timestamp()) // 30


def step_of(code: str, after: int = BEFORE_ANY_STEP) -> int | None:
    """Return the step a code is of, at noon."""
    return second_factor.step_of(SECRET, code, NOON, after=after)


@pytest.mark.parametrize("away", [-1, 0, 1])
def test_a_code_holds_one_step_before_and_after_its_own(away: int) -> None:
    assert step_of(pyotp.TOTP(SECRET).at(NOON, counter_offset=away)) == NOW + away


@pytest.mark.parametrize("away", [-3, -2, 2, 3])
def test_a_code_of_two_steps_away_is_refused(away: int) -> None:
    assert step_of(pyotp.TOTP(SECRET).at(NOON, counter_offset=away)) is None


def test_codes_are_those_of_rfc_6238() -> None:
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890", appendix B
    at = NOON.fromtimestamp(1_111_111_109, NOON.tzinfo)
    assert second_factor.step_of(seed, "081804", at, after=BEFORE_ANY_STEP) == 37_037_036


def test_no_step_up_to_the_last_one_used_counts_again() -> None:
    codes = {away: pyotp.TOTP(SECRET).at(NOON, counter_offset=away) for away in (-1, 0, 1)}
    assert [step_of(codes[away], after=NOW) for away in (-1, 0, 1)] == [None, None, NOW + 1]


@given(st.text(max_size=40))
def test_no_text_of_another_form_is_a_code(text: str) -> None:
    plain = second_factor.plain(text)
    assert not second_factor.is_totp(plain) or (plain.isascii() and plain.isdigit() and len(plain) == 6)
    assert not second_factor.is_recovery_code(plain) or (plain.isascii() and plain.isalnum() and len(plain) == 16)


@pytest.mark.parametrize("written", ["123 456", " 123456 ", "123-456", "123456"])
def test_a_code_is_read_as_people_write_it(written: str) -> None:
    assert second_factor.plain(written) == "123456"


@pytest.mark.parametrize("written", ["12345", "1234567", "١٢٣٤٥٦", "１２３４５６", "12345x", ""])
def test_six_ascii_digits_and_nothing_else_are_an_authenticators(written: str) -> None:
    assert not second_factor.is_totp(second_factor.plain(written))


@given(st.binary(min_size=second_factor.RECOVERY_BYTES, max_size=second_factor.RECOVERY_BYTES))
def test_a_recovery_code_has_eighty_bits_in_four_groups_of_four(chance: bytes) -> None:
    code = second_factor.recovery_code(chance)
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    assert second_factor.is_recovery_code(second_factor.plain(code.upper()))


def test_the_address_for_authenticators_names_us_and_the_account() -> None:
    found = urlsplit(second_factor.uri(SECRET, "al_ice-1"))
    assert (found.scheme, found.netloc, found.path) == ("otpauth", "totp", "/Noughts:al_ice-1")
    assert parse_qs(found.query) == {"secret": [SECRET], "issuer": ["Noughts"]}


def test_what_was_started_waits_a_quarter_of_an_hour() -> None:
    totp = second_factor.Totp(UserId("a"), b"", None, BEFORE_ANY_STEP, NOON)
    assert second_factor.require_started(totp, NOON + timedelta(minutes=15, milliseconds=-1)) == totp
    for missing, at in ((totp, NOON + timedelta(minutes=15)), (None, NOON)):
        with pytest.raises(second_factor.TotpNotStarted):
            second_factor.require_started(missing, at)
