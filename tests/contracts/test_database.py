"""What a database promises, kept by SQLite and PostgreSQL alike."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noughts import migrations
from noughts.kit import ids
from noughts.kit.database import Database, Missed, Query, Sql, Taken, Write, columns
from noughts.kit.database.postgres import Postgres
from noughts.kit.database.sqlite import Sqlite, connect
from noughts.kit.errors import Unavailable, Unprepared
from tests.fakes import NOON


class Key(msgspec.Struct, frozen=True, array_like=True):
    """A row with every type there is."""

    id: str
    algorithm: str
    sealed: bytes
    created_at: datetime


class Ended(msgspec.Struct, frozen=True, array_like=True):
    """A row with columns that may be empty."""

    id: str
    user_id: str
    session_id: str | None
    epoch: int | None
    created_at: datetime


class Number(msgspec.Struct, frozen=True, array_like=True):
    """How many."""

    of: int


ADD = Sql(f"INSERT INTO signing_keys ({columns(Key)}) VALUES ($1, $2, $3, $4)")
RENAME = Sql("UPDATE signing_keys SET algorithm = $2 WHERE id = $1")
BY_ID = Query(f"SELECT {columns(Key)} FROM signing_keys WHERE id = $1", Key)
ALL = Query(f"SELECT {columns(Key)} FROM signing_keys ORDER BY id", Key)
END = Sql(f"INSERT INTO revocations ({columns(Ended)}) VALUES ($1, $2, $3, $4, $5)")
ENDED = Query(f"SELECT {columns(Ended)} FROM revocations WHERE id = $1", Ended)
COUNT = Query("SELECT count(*) FROM signing_keys", Number)
NOWHERE = Query("SELECT id FROM nowhere", Number)
USER = Sql(
    "INSERT INTO users (id, username, username_key, username_skeleton, email_key, kind, role, status, epoch, version,"
    " created_at, updated_at) VALUES ($1, 'a', $2, $3, $4, 'member', 'player', 'active', 1, 1, $5, $5)"
)
CALL = Sql(
    "INSERT INTO idempotency (subject, route, key, fingerprint, status, resource_id, user_id, created_at)"
    " VALUES ('me', 'POST /x', 'key', '', 201, $1, $2, $3)"
)


def key(**different: object) -> Key:
    return msgspec.structs.replace(Key(ids.new(), "ES256", b"\0\xff", NOON), **different)


def adding(row: Key) -> Write:
    return Write(ADD, msgspec.structs.astuple(row))


def user(username: str, *, skeleton: str | None = None, email: str | None = None) -> tuple[str, Write]:
    user_id = ids.new()
    return user_id, Write(USER, (user_id, username, skeleton or username, email, NOON))


async def test_what_was_written_is_read_as_the_same_values(database: Database) -> None:
    row = key(created_at=datetime(2026, 2, 28, 23, 59, 59, 999_000, tzinfo=UTC))
    await database.write(adding(row))
    assert await database.fetch(BY_ID, row.id) == row


async def test_nothing_is_read_as_nothing(database: Database) -> None:
    row = Ended(ids.new(), ids.new(), None, None, NOON)
    await database.write(Write(END, msgspec.structs.astuple(row)))
    assert await database.fetch(ENDED, row.id) == row


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    raw=st.binary(max_size=100),
    at=st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - it is given one
)
async def test_any_text_bytes_and_time_survive(database: Database, text: str, raw: bytes, at: datetime) -> None:
    row = key(algorithm=text, sealed=raw, created_at=at.replace(microsecond=at.microsecond // 1000 * 1000))
    await database.write(adding(row))
    assert await database.fetch(BY_ID, row.id) == row


async def test_an_unknown_key_finds_nothing(database: Database) -> None:
    assert await database.fetch(BY_ID, ids.new()) is None


async def test_whoever_does_not_wait_is_told_how_it_ended(database: Database) -> None:
    row = key()
    told: list[asyncio.Future[BaseException | None]] = [asyncio.get_running_loop().create_future() for _ in range(2)]
    database.submit(told[0].set_result, adding(row))
    database.submit(told[1].set_result, Write(RENAME, (ids.new(), "RS256")))
    assert not any(one.done() for one in told)
    async with asyncio.timeout(5):
        assert await told[0] is None
        assert isinstance(await told[1], Missed)
    assert await database.fetch(BY_ID, row.id) == row


async def test_what_one_makes_of_it_is_nothing_to_the_others(database: Database) -> None:
    def broken(_: BaseException | None) -> None:
        raise RuntimeError("broken")

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    rows, told = [key() for _ in range(3)], loop.create_future()
    database.submit(broken, adding(rows[0]))
    database.submit(told.set_result, adding(rows[1]))
    async with asyncio.timeout(5):
        assert await told is None
    await database.write(adding(rows[2]))
    assert set(rows[1:]) <= set(await database.scan(ALL))


async def test_a_list_keeps_the_order_of_its_statement(database: Database) -> None:
    rows = [key() for _ in range(5)]
    await database.write(*map(adding, reversed(rows)))
    assert await database.scan(ALL) == sorted(rows, key=lambda row: row.id)


async def test_a_read_sees_every_write_that_was_answered(database: Database) -> None:
    for _ in range(20):
        row = key()
        await database.write(adding(row))
        await database.write(Write(RENAME, (row.id, "RS256")))
        found = await database.fetch(BY_ID, row.id)
        assert found is not None
        assert found.algorithm == "RS256"


async def test_a_read_sees_every_write_that_was_answered_however_many_read_meanwhile(database: Database) -> None:
    async def write_and_read() -> list[bool]:
        rows = [key() for _ in range(20)]
        return [await database.write(adding(row)) or await database.fetch(BY_ID, row.id) == row for row in rows]

    async def read_on() -> None:
        while True:
            await database.fetch(COUNT)
            await asyncio.sleep(0)

    readers = [asyncio.create_task(read_on()) for _ in range(5)]
    found = await asyncio.gather(*(write_and_read() for _ in range(10)))
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    assert all(all(seen) for seen in found)


async def test_a_miss_undoes_the_whole_tuple(database: Database) -> None:
    row = key()
    with pytest.raises(Missed):
        await database.write(adding(row), Write(RENAME, (ids.new(), "RS256")))
    assert await database.fetch(BY_ID, row.id) is None


async def test_a_write_that_may_touch_any_number_of_rows_never_misses(database: Database) -> None:
    await database.write(Write(RENAME, (ids.new(), "RS256"), rows=None))
    assert await database.scan(ALL) == []


async def test_a_taken_key_undoes_the_whole_tuple(database: Database) -> None:
    row, (_, first), (_, second) = key(), user("anna"), user("anna")
    await database.write(first)
    with pytest.raises(Taken):
        await database.write(adding(row), second)
    assert await database.fetch(BY_ID, row.id) is None


@pytest.mark.parametrize(
    ("taken", "second"),
    [
        ("users_username_key", {"username": "anna", "skeleton": "other"}),
        ("users_username_skeleton", {"username": "other", "skeleton": "anna"}),
        ("users_email_key", {"username": "other", "email": "anna@example.com"}),
    ],
)
async def test_a_taken_key_has_the_same_name_on_both(database: Database, taken: str, second: dict[str, str]) -> None:
    await database.write(user("anna", email="anna@example.com")[1])
    with pytest.raises(Taken) as refused:
        await database.write(user(**second)[1])
    assert refused.value.key == taken


async def test_a_taken_primary_key_of_several_columns_has_the_same_name_on_both(database: Database) -> None:
    user_id, adding_user = user("anna")
    call = Write(CALL, (ids.new(), user_id, NOON))
    await database.write(adding_user, call)
    with pytest.raises(Taken) as refused:
        await database.write(call)
    assert refused.value.key == "idempotency_subject_route_key"


async def test_of_many_concurrent_jobs_only_the_wrong_ones_fail(database: Database) -> None:
    rows = [key() for _ in range(60)]
    wrong = {n for n in range(60) if n % 7 == 3}
    jobs = [
        database.write(adding(row), *([Write(RENAME, (ids.new(), "?"))] if n in wrong else []))
        for n, row in enumerate(rows)
    ]
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert {n for n, outcome in enumerate(outcomes) if isinstance(outcome, Missed)} == wrong
    assert {row.id for row in await database.scan(ALL)} == {row.id for n, row in enumerate(rows) if n not in wrong}


async def test_of_fifty_who_want_one_key_exactly_one_gets_it(database: Database) -> None:
    jobs = [database.write(user("anna", skeleton=f"anna{n}")[1]) for n in range(50)]
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert sorted(map(type, outcomes), key=str) == [type(None), *[Taken] * 49]


async def test_of_fifty_who_change_one_row_from_one_state_exactly_one_does(database: Database) -> None:
    row = key()
    await database.write(adding(row))
    swap = Sql("UPDATE signing_keys SET algorithm = $2 WHERE id = $1 AND algorithm = 'ES256'")
    jobs = [database.write(Write(swap, (row.id, str(n)))) for n in range(50)]
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Missed) for outcome in outcomes) == 49


async def test_a_caller_who_left_harms_nobody_else(database: Database) -> None:
    leaving = asyncio.ensure_future(database.write(adding(key())))
    await asyncio.sleep(0)
    leaving.cancel()
    row = key()
    await database.write(adding(row))
    assert await database.fetch(BY_ID, row.id) == row


async def test_a_missing_table_is_said_to_be_missing(database: Database) -> None:
    with pytest.raises(Unprepared):
        await database.fetch(NOWHERE)
    with pytest.raises(Unprepared):
        await database.scan(NOWHERE)


async def test_a_broken_rule_of_the_schema_is_refused_and_the_next_write_holds(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)null"):
        await database.write(Write(ADD, (ids.new(), None, b"", NOON)))
    row = key()
    await database.write(adding(row))
    assert await database.fetch(BY_ID, row.id) == row


async def test_reading_does_not_keep_sqlites_log_from_being_emptied(tmp_path: Path) -> None:
    await migrations.upgrade(f"sqlite:///{tmp_path / 'noughts.db'}")
    database = Sqlite(tmp_path / "noughts.db")
    await database.fetch(COUNT)
    await asyncio.sleep(0)
    other = connect(tmp_path / "noughts.db")
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    other.close()
    await database.close()


async def test_closing_finishes_what_sqlite_has_accepted(tmp_path: Path) -> None:
    path = tmp_path / "noughts.db"
    await migrations.upgrade(f"sqlite:///{path}")
    first = Sqlite(path)
    writes = [asyncio.ensure_future(first.write(adding(key()))) for _ in range(600)]
    await asyncio.sleep(0)
    await first.close()
    await asyncio.gather(*writes)
    second = Sqlite(path)
    assert await second.fetch(COUNT) == Number(600)
    await second.close()


async def test_closing_finishes_what_postgres_has_begun(postgres_database: str) -> None:
    await migrations.upgrade(postgres_database)
    first = await Postgres.open(postgres_database, connections=1)
    writing = asyncio.ensure_future(first.write(adding(key())))
    await asyncio.sleep(0)
    await first.close()
    await writing
    second = await Postgres.open(postgres_database)
    assert await second.fetch(COUNT) == Number(1)
    await second.close()


async def test_where_no_postgres_answers_it_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await Postgres.open("postgresql://nobody@127.0.0.1:1/nothing")
