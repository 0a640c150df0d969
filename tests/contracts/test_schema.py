"""The schema itself, read from both databases."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from noughts import migrations
from noughts.kit.database import Database, Query, Sql, Write, schema
from noughts.kit.database.sqlite import Sqlite
from noughts.kit.errors import Refusal


class Reference(msgspec.Struct, frozen=True, array_like=True):
    """A foreign key: which column, to what."""

    column: str
    table: str
    key: str
    on_delete: str


class Name(msgspec.Struct, frozen=True, array_like=True):
    """A column."""

    name: str


_SQLITE = Query("""SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list('games')""", Reference)
_POSTGRES = Query(
    "SELECT k.column_name, c.table_name, c.column_name, r.delete_rule"
    " FROM information_schema.referential_constraints r"
    " JOIN information_schema.key_column_usage k ON k.constraint_name = r.constraint_name"
    " JOIN information_schema.constraint_column_usage c ON c.constraint_name = r.constraint_name"
    " WHERE k.table_name = 'games'",
    Reference,
)
_SQLITE_COLUMNS = Query("SELECT name FROM pragma_table_info('users')", Name)
_POSTGRES_COLUMNS = Query("SELECT column_name FROM information_schema.columns WHERE table_name = 'users'", Name)


async def test_a_game_belongs_to_a_user_by_a_foreign_key(database: Database) -> None:
    found = await database.scan(_SQLITE if isinstance(database, Sqlite) else _POSTGRES)
    assert Reference("user_id", "users", "id", "SET NULL") in found


async def test_a_user_has_the_columns_of_the_design(database: Database) -> None:
    found = await database.scan(_SQLITE_COLUMNS if isinstance(database, Sqlite) else _POSTGRES_COLUMNS)
    wanted = {"id", "username", "email", "password", "created_at", "updated_at"}
    assert wanted <= {column.name for column in found}


def test_the_code_is_written_for_the_newest_revision() -> None:
    assert migrations.newest() == [schema.HEAD]


async def test_a_migrated_database_is_not_behind(database: Database) -> None:
    assert await schema.is_behind(database) is False


async def test_an_empty_database_is_behind(tmp_path: Path) -> None:
    empty = Sqlite(tmp_path / "empty.db")
    assert await schema.is_behind(empty) is True
    await empty.close()


async def test_an_older_schema_is_behind(database: Database) -> None:
    await database.write(Write(Sql("UPDATE alembic_version SET version_num = '0000'"), ()))
    assert await schema.is_behind(database) is True


async def test_a_schema_too_new_for_this_code_is_refused(database: Database) -> None:
    await database.write(Write(Sql("UPDATE schema_floor SET oldest_code = '9999'"), ()))
    with pytest.raises(Refusal, match="too new"):
        await schema.is_behind(database)


async def test_a_newer_schema_this_code_can_live_with_is_accepted(database: Database) -> None:
    await database.write(Write(Sql("UPDATE alembic_version SET version_num = '9999'"), ()))
    assert await schema.is_behind(database) is False


async def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "noughts.db"

    def tables() -> list[tuple[str]]:
        with sqlite3.connect(path) as connection:
            found = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
        connection.close()
        return found

    await migrations.upgrade(f"sqlite:///{path}")
    before = tables()
    await migrations.upgrade(f"sqlite:///{path}")
    assert tables() == before
