"""Where a call and a screen share an address, whoever asks gets what they prefer."""

import pytest

from noughts.gateway.negotiation import Negotiated, prefers_page
from noughts.kit.edge import Answer, Request

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
