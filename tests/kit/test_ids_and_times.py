"""Identifiers and times."""

import time
import uuid
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from noughts.kit import clock, ids
from noughts.kit.times import rfc3339


def test_an_id_is_a_uuid_of_version_7_in_lower_case() -> None:
    made = ids.new()
    assert uuid.UUID(made).version == 7
    assert uuid.UUID(made).variant == uuid.RFC_4122
    assert made == made.lower()
    assert ids.is_id(made)


def test_an_id_carries_the_time_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(ids.new()).int >> 80
    assert before <= made <= time.time_ns() // 1_000_000


def test_ids_of_different_milliseconds_sort_by_time() -> None:
    first = ids.new()
    time.sleep(0.002)
    assert first < ids.new()


def test_no_two_ids_are_the_same() -> None:
    assert len({ids.new() for _ in range(10_000)}) == 10_000


def test_what_is_no_id_is_told_apart() -> None:
    made = ids.new()
    for text in ("", "me", made.upper(), made + "\n", made.replace("-", ""), "{" + made + "}", "٠" * 36, made[:-1]):
        assert not ids.is_id(text) or text == made


def test_a_request_id_is_64_bits_in_hexadecimal() -> None:
    assert len(bytes.fromhex(ids.request_id())) == 8


def test_now_is_utc_in_whole_milliseconds() -> None:
    for _ in range(1_000):
        moment = clock.now()
        assert moment.microsecond % 1000 == 0
        assert moment.tzinfo is UTC


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - it is given one
def test_a_time_is_written_with_three_decimals_and_z_and_read_back(moment: datetime) -> None:
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    written = rfc3339(whole)
    assert len(written) == 24
    assert written.endswith("Z")
    assert datetime.fromisoformat(written) == whole


@given(*[st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1), timezones=st.just(UTC))] * 2)  # noqa: DTZ001 - as above
def test_written_times_sort_as_the_times_do(one: datetime, other: datetime) -> None:
    assert (rfc3339(one) <= rfc3339(other)) or one > other


def test_ids_only_rise_however_quickly_they_are_made() -> None:
    made = [ids.new() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {(identifier[14], identifier[19] in "89ab") for identifier in made} == {("7", True)}
