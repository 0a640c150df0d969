"""The services' own addresses of the database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noughts.maintenance.addresses import for_role, password_in

PASSWORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


@pytest.mark.parametrize(
    ("owner", "ours"),
    [
        ("postgresql://owner:secret@host:5432/db", "postgresql://role@host:5432/db"),
        ("postgres://a,b/db?sslmode=require", "postgres://role@a,b/db?sslmode=require"),
        ("postgresql:///db?host=/tmp/a&user=owner&password=x", "postgresql://role@/db?host=/tmp/a"),
        ("postgresql://owner@/db", "postgresql://role@/db"),
    ],
)
def test_a_service_reaches_the_same_database_as_itself(owner: str, ours: str) -> None:
    assert for_role(owner, "role") == ours


@given(PASSWORDS)
def test_any_password_is_found_again(password: str) -> None:
    assert password_in(for_role("postgresql://owner:secret@host/db", "role", password), "role") == password


@pytest.mark.parametrize(
    "address",
    [
        "",
        "postgresql://role@host/db",
        "postgresql://other:x@host/db",
        "postgresql://host/db",
        "postgresql://role:%C3%A9@host/db",
    ],
)
def test_what_is_no_address_of_the_role_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="holds"):
        password_in(address, "role")
