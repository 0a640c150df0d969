"""Portable statements, run natively on SQLite or PostgreSQL."""

from noughts.kit.database.statements import (
    Database,
    Missed,
    Orphaned,
    Query,
    Sql,
    Taken,
    Then,
    Write,
    among,
    columns,
    inserts,
    padded,
)

__all__ = [
    "Database",
    "Missed",
    "Orphaned",
    "Query",
    "Sql",
    "Taken",
    "Then",
    "Write",
    "among",
    "columns",
    "inserts",
    "padded",
]
