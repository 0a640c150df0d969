"""Rows that mean the same in both databases."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noughts.kit.errors import Refusal
from noughts.kit.times import rfc3339
from noughts.maintenance.tables import Column, Kind, Table, Tally, for_postgres, for_sqlite

TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - it is given one
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
KINDS: tuple[Kind, ...] = ("id", "time", "bytes", "text", "number")
TABLE = Table("things", tuple(Column(f"a_{kind}", kind) for kind in KINDS))
ROWS = st.tuples(
    st.uuids().map(str),
    TIMES.map(lambda at: rfc3339(at.replace(microsecond=at.microsecond // 1_000 * 1_000))),
    st.binary(),
    TEXT,
    st.integers(-(2**63), 2**63 - 1),
)


@given(ROWS)
def test_what_goes_to_postgres_comes_back_the_same(row: tuple[Any, ...]) -> None:
    assert tuple(for_sqlite(for_postgres(TABLE, row))) == row


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "0190A000-0000-7000-8000-000000000001"), (0, "x"), (0, 1),
        (1, "2026-11-22"), (1, "2026-11-22T12:00:00Z"), (1, "2026-11-22T12:00:00.000+01:00"), (1, "2026-11-22T12:00:00.000001Z"), (1, 7),
        (2, "text"), (3, b"bytes"), (3, "a\0b"), (3, 5), (4, "5"), (4, 5.0), (4, b"5"),
    ],
)  # fmt: skip
def test_what_would_not_is_refused_by_name(at: int, value: Any) -> None:
    row: list[Any] = [str(uuid.UUID(int=7)), "2026-11-22T12:00:00.000Z", b"", "", 0]
    row[at] = value
    with pytest.raises(Refusal, match=f"things: .* no {KINDS[at]} in its a_{KINDS[at]}"):
        for_postgres(TABLE, row)


def test_nothing_stays_nothing() -> None:
    assert for_sqlite(for_postgres(TABLE, [None] * 5)) == [None] * 5


def test_a_time_finer_than_a_millisecond_is_not_taken_for_the_rounded_one() -> None:
    fine = datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC)
    assert for_sqlite([fine]) != for_sqlite([fine.replace(microsecond=0)])


def tally(rows: list[tuple[Any, ...]]) -> Tally:
    found = Tally()
    for row in rows:
        found.add(row)
    return found


@given(st.lists(ROWS, max_size=5), st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows: list[tuple[Any, ...]], chance: Any) -> None:
    mixed = list(rows)
    chance.shuffle(mixed)
    assert tally(mixed).total == tally(rows).total


@given(st.lists(ROWS, min_size=1, max_size=5), ROWS)
def test_every_row_matters_and_how_often_it_is_there(rows: list[tuple[Any, ...]], other: tuple[Any, ...]) -> None:
    assert tally([*rows, other]).total != tally(rows).total
    assert tally([*rows[1:], other]).total != tally(rows).total or other == rows[0]
