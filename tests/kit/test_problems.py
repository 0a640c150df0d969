"""Problem documents (RFC 9457)."""

import json

import jsonschema
import pytest

from noughts.kit import problems
from noughts.kit.errors import EVERYWHERE, FieldError, Invalid, NotFound, Problem, Unavailable


class SeatTaken(NotFound):
    """Somebody sits there.

    What more there is to say stays here.
    """


def test_a_class_name_is_the_slug_and_the_first_line_the_title() -> None:
    assert (SeatTaken.slug(), SeatTaken.title(), SeatTaken.status) == ("seat-taken", "Somebody sits there.", 404)


def test_a_document_says_what_happened_and_to_which_request() -> None:
    assert json.loads(problems.encode(SeatTaken("Take the other."), "r1")) == {
        "type": "/problems/seat-taken",
        "title": "Somebody sits there.",
        "status": 404,
        "detail": "Take the other.",
        "request_id": "r1",
    }


def test_without_a_detail_the_title_says_it() -> None:
    assert problems.document(SeatTaken(), "r1")["detail"] == "Somebody sits there."


def test_wrong_members_are_listed() -> None:
    document = json.loads(problems.encode(Invalid.field("#/a", "length", "Too long."), "r1"))
    assert document["errors"] == [{"pointer": "#/a", "code": "length", "detail": "Too long."}]


def test_keyword_facts_are_members() -> None:
    assert problems.document(Invalid("No.", legal=(1, 2)), "r1")["legal"] == (1, 2)


def test_an_unavailable_service_says_when_to_come_back() -> None:
    assert Unavailable(retry_after=7).headers == (("Retry-After", "7"),)


@pytest.mark.parametrize("kind", EVERYWHERE)
def test_every_document_keeps_to_its_schema(kind: type[Problem]) -> None:
    problem = kind("Something.")
    problem.errors = (FieldError("#/a", "b", "c"),)
    jsonschema.validate(json.loads(problems.encode(problem, "r1")), problems.schema())


@pytest.mark.parametrize("kind", EVERYWHERE)
def test_every_title_is_a_sentence(kind: type[Problem]) -> None:
    assert kind.title().endswith(".")
    assert kind.title()[0].isupper()
