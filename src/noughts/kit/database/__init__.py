"""Portable statements, run natively on SQLite or PostgreSQL."""

from noughts.kit.database.statements import Database, Missed, Query, Sql, Taken, Write, columns

__all__ = ["Database", "Missed", "Query", "Sql", "Taken", "Write", "columns"]
