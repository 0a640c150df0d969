"""Whose call it is."""

from typing import Any

import pytest

from noughts.compose import TABLES
from noughts.gateway.app import Gateway
from noughts.kit.edge import Answer, Door, Request, Route, Who
from noughts.kit.errors import NotFound


def door(name: str) -> Door:
    """Return a door that answers with its name."""

    async def answer(_: Request) -> Answer:
        return Answer(name)

    return answer


async def shown_to(path: str) -> str:
    """Return which service a path leads to."""
    gateway = Gateway([(routes, door(name)) for name, routes in TABLES.items()], door("page"))
    return str((await gateway(Request.whole("GET", path))).body)


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("/users", "Users"), ("/users/1", "Users"), ("/users/1/", "Users"), ("/users/1/sessions", "Sign-in"),
        ("/users/1/sessions/2", "Sign-in"), ("/users/1/sessions/2/3/4", "Sign-in"), ("/login", "Sign-in"),
        ("/.well-known/jwks.json", "Sign-in"), ("/games/1/moves", "Games"), ("/docs/style.css", "Operations"),
        ("/players/ada", "Players"), ("/lobby", "Players"), ("/players/ada/versus/ben", "Players"),
            ("/players/ada/against/ben", "page"), ("/positions/classic/4-0", "Games"), ("/users/1/{x}", "page"), ("/@ada", "page"),
        ("/", "page"), ("", "page"), ("*", "page"), ("//users", "page"), ("/users/1/nothing", "page"), ("/sessions", "page"),
        ("/internal/users/guests", "page"), ("/internal/users/1", "page"),
    ],
)  # fmt: skip
async def test_a_path_leads_to_the_service_whose_table_has_it(path: str, whose: str) -> None:
    assert await shown_to(path) == whose


@pytest.mark.parametrize("path", ["/users%2f1", "/users/1%2Fsessions"])
async def test_an_encoded_slash_leads_nowhere(path: str) -> None:
    with pytest.raises(NotFound):
        await shown_to(path)


def test_two_services_never_answer_at_one_place() -> None:
    async def handler(*_: Any) -> Any: ...

    tables = [
        [Route("GET", f"/users/{{user_id}}/{rest}", handler, "", who=Who.ANYONE)] for rest in ("totp", "totp/confirm")
    ]
    with pytest.raises(ValueError, match="totp"):
        Gateway([(table, door("")) for table in tables], door(""))
