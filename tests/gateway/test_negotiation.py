"""Where a call and a screen share an address, whoever asks gets what they prefer."""

from pathlib import Path

import pytest

from noughts.gateway.negotiation import Astray, Negotiated, prefers_page
from noughts.gateway.web import Web
from noughts.kit.edge import Answer, Request
from noughts.kit.errors import MethodNotAllowed, NotFound

CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    "accept",
    [
        CHROMIUM, FIREFOX, "text/html", "TEXT/HTML", "text/*", "text/html;level=1", "text/html, application/json;q=0.9",
        "application/json;q=0.5, text/html;q=0.51", "*/*;q=0.1, text/html;q=0.2", "application/json;q=0, */*",
        "text/html;q=0.3, application/*;q=0.2, */*",
    ],
)  # fmt: skip
def test_who_ranks_html_higher_prefers_the_page(accept: str) -> None:
    assert prefers_page(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "", "*/*", "application/json", "application/json, text/html", "text/html;q=0", "text/html;q=0, */*",
        "application/json, text/html;q=0.9", "application/json, text/*;q=0.9, */*;q=0.1", "image/png", "application/*",
        "text/html;q=2", "text/html;q=x", "text/html;q=", ";q=1", ",,,", "text/html;q=0.9, application/*", "text/plain",
    ],
)  # fmt: skip
def test_everybody_else_prefers_json(accept: str) -> None:
    assert not prefers_page(accept)


async def told(path: str, accept: str | None, method: str = "GET") -> Answer:
    """Return what is answered, by the page or by the calls."""

    async def calls(request: Request) -> Answer:
        return Answer("JSON")

    async def page(request: Request) -> Answer:
        return Answer("page", headers=(("X-Other", "kept"),))

    headers = {} if accept is None else {b"accept": accept.encode()}
    return await Negotiated(calls, page)(Request.whole(method, path, headers=headers))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_navigates_to_the_lobby_gets_the_page(method: str) -> None:
    answer = await told("/lobby", CHROMIUM, method)
    assert (answer.body, answer.headers) == ("page", (("X-Other", "kept"), ("Vary", "Accept")))


@pytest.mark.parametrize("accept", ["*/*", "application/json", None])
async def test_everybody_else_gets_json_and_caches_are_told(accept: str | None) -> None:
    answer = await told("/lobby", accept)
    assert (answer.body, answer.headers) == ("JSON", (("Vary", "Accept"),))


async def test_only_reading_navigates() -> None:
    assert (await told("/lobby", CHROMIUM, "POST")).body == "JSON"


@pytest.mark.parametrize("path", ["/players/ada", "/lobby/", "/lobby/x"])
async def test_where_there_is_no_screen_the_call_answers_whatever_is_preferred(path: str) -> None:
    answer = await told(path, CHROMIUM)
    assert (answer.body, answer.headers) == ("JSON", ())


@pytest.fixture
def astray(tmp_path: Path) -> Astray:
    """The door of a page that is nothing but its shell."""
    (tmp_path / "index.html").write_text("<title>shell</title>")
    return Astray(Web(tmp_path))


@pytest.mark.parametrize("path", ["/nowhere", "/@a/b", "/users/1/nothing", "/internal/users/1", "/assets/gone.js"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_navigates_to_nothing_is_shown_the_page_and_that_it_is_not_found(
    astray: Astray, path: str, method: str
) -> None:
    answer = await astray(Request.whole(method, path, headers={b"accept": CHROMIUM.encode()}))
    assert (answer.status, answer.caching, answer.etag) == (404, "no-store", None)
    assert answer.body == b"<title>shell</title>"
    assert answer.media_type == "text/html; charset=utf-8"
    assert ("Vary", "Accept") in answer.headers


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "image/png"])
async def test_programs_are_told_of_nothing_in_a_problem(astray: Astray, accept: str) -> None:
    with pytest.raises(NotFound) as told:
        await astray(Request.whole("GET", "/nowhere", headers={b"accept": accept.encode()}))
    assert told.value.headers == (("Vary", "Accept"),)


async def test_what_is_sent_to_nothing_is_told_so_whoever_sends_it(astray: Astray) -> None:
    with pytest.raises(NotFound):
        await astray(Request.whole("POST", "/nowhere", headers={b"accept": CHROMIUM.encode()}))
    with pytest.raises(MethodNotAllowed):
        await astray(Request.whole("POST", "/", headers={b"accept": CHROMIUM.encode()}))


async def test_a_screen_that_is_there_is_as_it_was(astray: Astray) -> None:
    answer = await astray(Request.whole("GET", "/", headers={b"accept": CHROMIUM.encode()}))
    assert (answer.status, answer.caching) == (200, "no-cache")
