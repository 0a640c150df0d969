"""Addresses of several hosts."""

import pytest

from noughts.kit.database.hosts import demands, each_host


@pytest.mark.parametrize(
    ("address", "each"),
    [
        ("postgresql://a/db", ["postgresql://a/db"]),
        (
            "postgresql://a:1,b:2/db?sslmode=require",
            ["postgresql://a:1/db?sslmode=require", "postgresql://b:2/db?sslmode=require"],
        ),
        ("postgres://me:p%2Cw,d@a,b", ["postgres://me:p%2Cw,d@a", "postgres://me:p%2Cw,d@b"]),
        (
            "postgresql://me@[::1]:5432,b?dbname=x",
            ["postgresql://me@[::1]:5432?dbname=x", "postgresql://me@b?dbname=x"],
        ),
        ("postgresql://me@/db?host=/tmp/a,/tmp/b", ["postgresql://me@/db?host=/tmp/a,/tmp/b"]),
        ("postgresql:///db", ["postgresql:///db"]),
    ],
)
def test_each_host_gets_an_address_of_its_own(address: str, each: list[str]) -> None:
    assert list(each_host(address)) == each


def test_a_server_must_be_writable_unless_somebody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert demands("postgresql://a/db?sslmode=require") == {"target_session_attrs": "read-write"}
    assert demands("postgresql://a/db?target_session_attrs=any") == {}
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "any")
    assert demands("postgresql://a/db") == {}
