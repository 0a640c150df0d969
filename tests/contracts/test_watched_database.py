"""What those who watch are told of a database of either kind, and of its statements."""

import asyncio

import pytest

from noughts.kit import ids
from noughts.kit.database import Database, Missed, Query, Sql, Write
from noughts.kit.database.postgres import Postgres
from noughts.kit.database.spans import traced_database
from noughts.kit.errors import Unavailable, Unprepared
from noughts.kit.revocation import Revocation
from noughts.kit.tracing import Tracing
from tests.fakes import NOON
from tests.observe.collector import collecting

ADD = Sql("INSERT INTO revocations (id, user_id, created_at) VALUES ($1, $2, $3)")
MOVE = Sql("UPDATE revocations SET user_id = $2 WHERE id = $1")
ONE = Query("SELECT id FROM revocations WHERE id = $1", Revocation)
NONE = Query("SELECT id FROM of_no_such_name", Revocation)


def told(database: Database) -> dict[str, float]:
    """Return what is told now."""
    return {name.removeprefix("noughts_database_"): read() for name, (_, read) in database.gauges().items()}


def row() -> Write:
    """Return the write of a row."""
    return Write(ADD, (ids.new(), ids.new(), NOON))


async def test_sqlite_tells_of_its_writes_and_postgres_of_its_connections(database: Database) -> None:
    await asyncio.gather(*(database.write(row()) for _ in range(10)))
    found = told(database)
    if not isinstance(database, Postgres):
        assert (found["writes_total"], found["writes_waiting"]) == (10, 0)
        assert 1 <= found["commits_total"] <= 10
        return
    assert found["connections_in_use"] == 0 < found["connections"] <= found["connections_most"]
    async with database._pool.acquire():
        assert told(database)["connections_in_use"] == 1


async def test_statements_are_traced_by_what_they_do_to_which_table(database: Database) -> None:
    with collecting() as collector:
        tracing = Tracing.to(collector.url, version="1", name="noughts")
        watched = traced_database(database, tracing, "sqlite:///a")
        with tracing.request("GET", {}):
            await watched.write(row(), row(), Write(MOVE, (ids.new(), ids.new()), rows=None))
            assert await watched.fetch(ONE, ids.new()) is None
            assert await watched.scan(ONE, ids.new()) == []
        await tracing.close()
        names = [span.name for span in collector.received if span.kind == "client"]
        assert names == ["INSERT revocations; UPDATE revocations", "SELECT revocations", "SELECT revocations"]
        assert not any(span.failed for span in collector.received)
        assert told(watched) == told(database)


async def test_a_miss_is_an_answer_and_a_database_that_cannot_be_asked_a_failure(database: Database) -> None:
    with collecting() as collector:
        tracing = Tracing.to(collector.url, version="1", name="noughts")
        watched = traced_database(database, tracing, "postgresql://a")
        with tracing.request("GET", {}):
            with pytest.raises(Missed):
                await watched.write(Write(MOVE, (ids.new(), ids.new())))
            with pytest.raises(Unprepared):
                await watched.scan(NONE)
        await tracing.close()
        missed, failed = collector.named("UPDATE revocations"), collector.named("SELECT of_no_such_name")
        assert (missed.failed, missed.facts["db.system.name"]) == (False, "postgresql")
        assert (failed.failed, failed.facts["error.type"]) == (True, Unavailable.slug())


async def test_where_nothing_is_traced_the_database_is_not_wrapped(database: Database) -> None:
    assert traced_database(database, Tracing(), "sqlite:///a") is database
