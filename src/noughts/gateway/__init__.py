"""The front hall: one entrance for everyone, which owns no data."""
