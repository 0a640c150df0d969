"""Upgrades of databases that are in use: what was in them stays, and means the same."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from alembic import command

from noughts import migrations
from noughts.kit.database import Database, Query, Sql, Write
from noughts.kit.database.postgres import Postgres
from noughts.kit.database.sqlite import Sqlite

ALICE = "0190a000-0000-7000-8000-000000000001"
THEN = "2026-11-22T12:00:00.000Z"
ROWS = (
    f"INSERT INTO users (id, username, username_key, username_skeleton, kind, role, status, epoch, version, created_at,"
    f" updated_at) VALUES ('{ALICE}', 'alice', 'alice', 'alice', 'guest', 'player', 'active', 1, 1, '{THEN}', '{THEN}')",
    f"INSERT INTO sessions (id, user_id, epoch, auth_time, last_used_at, expires_at)"
    f" VALUES ('{ALICE}', '{ALICE}', 1, '{THEN}', '{THEN}', '{THEN}')",
    f"INSERT INTO signing_keys (id, algorithm, sealed, created_at) VALUES ('{ALICE}', 'ES256', 'x', '{THEN}')",
)


class Key(msgspec.Struct, frozen=True, array_like=True):
    """What became of a signing key."""

    generation: int
    unmoved: bool


class Count(msgspec.Struct, frozen=True, array_like=True):
    """How many rows there are."""

    rows: int


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'noughts.db'}"
    found: str = request.getfixturevalue("postgres_database")
    return found


@pytest.fixture
async def upgraded(address: str) -> AsyncIterator[Database]:
    """A database that was in use with the first schema, brought up to date."""
    config = migrations._config()
    config.attributes["address"] = address
    await asyncio.to_thread(command.upgrade, config, "0001")
    before = await _open(address)
    await before.write(*(Write(Sql(row), ()) for row in ROWS))
    await before.close()
    await migrations.upgrade(address)
    after = await _open(address)
    yield after
    await after.close()


async def _open(address: str) -> Database:
    if address.startswith("sqlite"):
        return Sqlite(Path(address.removeprefix("sqlite:///")))
    return await Postgres.open(address)


async def test_people_and_sessions_stay(upgraded: Database) -> None:
    query = Query("SELECT count(*) FROM users u JOIN sessions s ON s.user_id = u.id WHERE s.device IS NULL", Count)
    assert await upgraded.fetch(query) == Count(1)


async def test_the_first_signing_key_signs_from_its_beginning(upgraded: Database) -> None:
    query = Query("SELECT generation, signs_from = created_at FROM signing_keys", Key)
    assert await upgraded.fetch(query) == Key(generation=1, unmoved=True)
