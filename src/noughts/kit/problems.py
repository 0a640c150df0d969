"""Problem documents (RFC 9457)."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from noughts.kit.errors import Problem

MEDIA_TYPE: Final = "application/problem+json"


def document(problem: Problem, request_id: str) -> dict[str, Any]:
    """Return the members of a problem's document, `request_id` among them."""
    members: dict[str, Any] = {
        "type": f"/problems/{problem.slug()}",
        "title": problem.title(),
        "status": problem.status,
        "detail": problem.detail or problem.title(),
        "request_id": request_id,
    }
    if problem.errors:
        members["errors"] = problem.errors
    return members | problem.members


def encode(problem: Problem, request_id: str) -> bytes:
    """Return a problem's document as JSON in UTF-8."""
    return msgspec.json.encode(document(problem, request_id))


def schema(kinds: Iterable[type[Problem]] = ()) -> dict[str, Any]:
    """Return the JSON Schema of every problem document, with what some of these kinds hold besides."""
    text = {"type": "string"}
    field = {
        "type": "object",
        "required": ["pointer", "code", "detail"],
        "properties": {"pointer": text, "code": text, "detail": text},
    }
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "request_id": text,
            "errors": {"type": "array", "items": field},
        }
        | {name: text | {"description": told} for kind in kinds for name, told in kind.facts.items()},
    }
