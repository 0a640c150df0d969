"""Conditional requests (RFC 9110, 13)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noughts.kit.conditions import EntityTags
from noughts.kit.errors import BadRequest

TAGS = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E), max_size=12).map(lambda text: f'"{text}"')


@given(st.lists(TAGS, min_size=1, max_size=5), st.sampled_from([",", ", ", " ,", " , "]))
def test_every_tag_of_a_list_matches(tags: list[str], comma: str) -> None:
    found = EntityTags.parse(comma.join(tags))
    assert all(found.match(tag) for tag in tags)


@given(TAGS, TAGS)
def test_a_tag_matches_nothing_but_itself(one: str, other: str) -> None:
    assert EntityTags.parse(one).match(other) is (one == other)


def test_a_star_matches_whatever_there_is() -> None:
    assert EntityTags.parse(" * ").match('"1-full"')


def test_a_weak_tag_never_guards_a_change() -> None:
    assert not EntityTags.parse('W/"1-full"').match('"1-full"')


def test_a_weak_tag_saves_a_read() -> None:
    assert EntityTags.parse('W/"1-full"').match_weakly('"1-full"')


def test_a_comma_inside_a_tag_is_part_of_it() -> None:
    assert EntityTags.parse('"a,b"').match('"a,b"')
    assert not EntityTags.parse('"a,b"').match('"a')


@pytest.mark.parametrize(
    "header", ["", "1-full", '"1', "'1'", '"1" "2"', '"1",', 'w/"1"', '"a"b"', '*, "1"', '"é"', '"a b"']
)
def test_what_is_no_list_of_tags_is_refused(header: str) -> None:
    with pytest.raises(BadRequest):
        EntityTags.parse(header)


@given(st.text(max_size=40))
def test_any_header_is_read_or_refused(header: str) -> None:
    try:
        EntityTags.parse(header)
    except BadRequest:
        assert header.strip() != "*"
