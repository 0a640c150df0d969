"""Strict JSON, every broken rule named at once."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from noughts.kit.edge.bodies import decode, decode_query
from noughts.kit.errors import BadRequest, DuplicateKey, Invalid, Malformed, Problem, SecretInQuery


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """A member with members."""

    level: Literal[1, 6]


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body with a member of each kind."""

    username: str
    age: int = 0
    cookie: bool = False
    inner: Inner | None = None


class Choice(msgspec.Struct):
    """A member that is one of a few words."""

    mark: Literal["X", "O"]


class Query(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A query string."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: str | None = None


def outcome(reading: Callable[[], object]) -> int:
    """Return 200, or the status of the problem."""
    try:
        reading()
    except Problem as problem:
        return problem.status
    return 200


def wrong(raw: str) -> dict[str, str]:
    """Return the code of every member that is refused, by its pointer."""
    with pytest.raises(Invalid) as refused:
        decode(raw.encode(), Body)
    return {error.pointer: error.code for error in refused.value.errors}


def test_a_body_becomes_its_struct() -> None:
    assert decode(b'{"username": "\\u00e9", "age": 7}', Body) == Body(username="é", age=7)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"username=a",
        b"{'username': 'a'}",
        b'{"username": "a",}',
        b'{"username": "a"} {}',
        b"\xef\xbb\xbf{}",
        b'{"username": "\xff"}',
        '{"username": "a"}'.encode("utf-16"),
        b'{"username": "a\nb"}',
        b'{"age": 01, "username": "a"}',
        b"\0",
    ],
)
def test_what_is_no_json_in_utf8_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        decode(raw, Body)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_malformed(value: str) -> None:
    with pytest.raises(Malformed):
        decode(f'{{"username": "a", "age": {value}}}'.encode(), Body)


@pytest.mark.parametrize("half", [r"\ud800", r"\udc00", r"\ud800x", r"\udc00\ud800"])
def test_half_a_character_is_malformed(half: str) -> None:
    with pytest.raises(Malformed):
        decode(f'{{"username": "{half}"}}'.encode(), Body)


def test_a_whole_pair_is_one_character() -> None:
    assert decode(rb'{"username": "\ud83d\ude00"}', Body).username == "😀"


@pytest.mark.parametrize(
    "raw",
    [
        '{"username": "a", "username": "b"}',
        r'{"username": "a", "\u0075sername": "b"}',
        '{"username": "a", "inner": {"level": 1, "level": 6}}',
        '{"username": "a", "other": [{"x": 1, "x": 2}]}',
    ],
)
def test_a_member_that_stands_twice_is_refused_at_any_depth(raw: str) -> None:
    with pytest.raises(DuplicateKey):
        decode(raw.encode(), Body)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_without_end_is_malformed(opening: str) -> None:
    with pytest.raises(Malformed):
        decode(opening.encode() * 30_000, Body)


@pytest.mark.parametrize("value", ["9" * 65, "1" * 5_000, "1e999", "-1e999", "0." + "0" * 1_000])
def test_a_number_beyond_reason_is_refused(value: str) -> None:
    with pytest.raises(Problem) as refused:
        decode(f'{{"username": "a", "age": {value}}}'.encode(), Body)
    assert refused.value.status in (400, 422)


def test_every_wrong_member_is_named_at_once() -> None:
    raw = '{"age": "1", "cookie": 1, "inner": {"level": 2}, "role": "admin", "a/b~c": 0}'
    assert wrong(raw) == {
        "#/age": "type",
        "#/cookie": "type",
        "#/inner/level": "type",
        "#/role": "unknown-or-read-only-field",
        "#/a~1b~0c": "unknown-or-read-only-field",
        "#/username": "required",
    }


@pytest.mark.parametrize("value", ["1", "true", "null", '["a"]', '{"$ne": ""}', "1.5"])
def test_nothing_becomes_text_that_is_none(value: str) -> None:
    assert wrong(f'{{"username": {value}}}') == {"#/username": "type"}


@pytest.mark.parametrize("value", ['"1"', "true", "null", "[1]", "1.5"])
def test_nothing_becomes_a_number_that_is_none(value: str) -> None:
    assert wrong(f'{{"username": "a", "age": {value}}}') == {"#/age": "type"}


@pytest.mark.parametrize("raw", ["[]", "null", '"a"', "7", "true"])
def test_a_body_is_an_object(raw: str) -> None:
    assert wrong(raw) == {"#": "type"}


@pytest.mark.parametrize("name", ["__proto__", "__class__", "user.role", "", "USERNAME", "username "])
def test_an_unknown_member_is_named(name: str) -> None:
    assert list(wrong(json.dumps({"username": "a", name: 1})).values()) == ["unknown-or-read-only-field"]


def test_of_a_few_words_all_are_told() -> None:
    with pytest.raises(Invalid) as refused:
        decode(b'{"mark": "Z"}', Choice)
    assert refused.value.errors[0].detail == "This is none of: X, O."


def test_a_flood_of_wrong_members_is_answered_briefly() -> None:
    flood = json.dumps({"username": "a"} | {f"x{n}": n for n in range(5_000)})
    assert len(wrong(flood)) <= 100


@given(st.binary(max_size=200))
def test_any_bytes_are_a_body_or_a_problem(raw: bytes) -> None:
    assert outcome(lambda: decode(raw, Body)) in (200, 400, 422)


_VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
    | st.just([])
    | st.just({"level": 1})
)


@given(st.dictionaries(st.sampled_from(["username", "age", "cookie", "inner", "x"]), _VALUES))
def test_any_object_is_a_body_or_refused_with_everything_wrong_named(members: dict[str, Any]) -> None:
    raw = json.dumps(members)
    if outcome(lambda: decode(raw.encode(), Body)) == 200:
        assert decode(raw.encode(), Body).username == members["username"]
    else:
        assert wrong(raw)


def test_a_query_becomes_its_struct() -> None:
    assert decode_query(b"limit=7&cursor=a%20b", Query) == Query(limit=7, cursor="a b")


def test_no_query_is_the_defaults() -> None:
    assert decode_query(b"", Query) == Query()


@pytest.mark.parametrize("raw", [b"limit=0", b"limit=101", b"limit=x", b"limit=", b"limit=1.5"])
def test_a_wrong_parameter_is_named(raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        decode_query(raw, Query)
    assert [error.pointer for error in refused.value.errors] == ["?limit"]


@pytest.mark.parametrize("raw", [b"callback=f", b"_method=DELETE", b"limit[]=1", b"offset=3"])
def test_an_unknown_parameter_is_named(raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        decode_query(raw, Query)
    assert refused.value.errors[0].code == "unknown-or-read-only-field"


@pytest.mark.parametrize("raw", [b"limit=1&limit=2", b"limit=1&cursor=%ff", b"cursor=\xff", b"a=1&" * 60])
def test_a_query_that_cannot_be_read_one_way_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        decode_query(raw, Query)


@pytest.mark.parametrize("name", ["token", "access_token", "password", "PASSWORD", "email", "refresh_token", "invite"])
def test_secrets_do_not_stand_in_an_address(name: str) -> None:
    with pytest.raises(SecretInQuery):
        decode_query(f"{name}=x".encode(), Query)


@given(st.binary(max_size=60))
def test_any_query_is_read_or_a_problem(raw: bytes) -> None:
    assert outcome(lambda: decode_query(raw, Query)) in (200, 400, 422)
