"""Tokens by which services know each other."""

import jwt
import pytest
from tests.fakes import NOON, Clock

from noughts.kit.errors import Forbidden, InvalidToken
from noughts.kit.service_tokens import ServiceTokens

KEY = b"k" * 32


def test_a_token_is_good_for_its_scope_and_no_other() -> None:
    tokens = ServiceTokens(KEY, Clock())
    tokens.verify(tokens.issue("users"), "users")
    with pytest.raises(Forbidden):
        tokens.verify(tokens.issue("users"), "games")


def test_a_token_is_good_for_one_minute() -> None:
    clock = Clock()
    tokens = ServiceTokens(KEY, clock)
    token = tokens.issue("users")
    clock.forward(seconds=60)
    tokens.verify(token, "users")
    clock.forward(seconds=1)
    with pytest.raises(InvalidToken):
        tokens.verify(token, "users")


@pytest.mark.parametrize(
    ("claims", "typ", "key"),
    [
        ({}, "JWT", KEY),
        ({}, "at+jwt", KEY),
        ({}, "service+jwt", b"x" * 32),
        ({"aud": "noughts"}, "service+jwt", KEY),
        ({"scope": None}, "service+jwt", KEY),
        ({"exp": None}, "service+jwt", KEY),
        ({"exp": "soon"}, "service+jwt", KEY),
        ({"exp": 0}, "service+jwt", KEY),
    ],
    ids=str,
)
def test_anything_else_is_refused(claims: dict[str, object], typ: str, key: bytes) -> None:
    good = {"aud": "noughts-services", "scope": "users", "exp": int(NOON.timestamp()) + 60}
    members = {name: value for name, value in (good | claims).items() if value is not None}
    with pytest.raises(InvalidToken):
        ServiceTokens(KEY, Clock()).verify(jwt.encode(members, key, "HS256", {"typ": typ}), "users")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "..", "\0"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        ServiceTokens(KEY, Clock()).verify(token, "users")
