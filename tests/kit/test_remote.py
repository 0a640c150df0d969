"""Asking a neighbour that does not take our word for who we are."""

from typing import Any

import httpx
import pytest

from noughts.kit.errors import Unavailable
from noughts.kit.logging import log
from noughts.kit.neighbours import Neighbour
from noughts.kit.remote import Remote


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_refused_is_told_once_a_minute_with_what_to_look_at(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(log, "error", lambda event, **facts: told.append({"event": event, **facts}))
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(status)))
    at = 0.0
    remote = Remote(Neighbour(["http://neighbour"], client=client), lambda _: "token", now=lambda: at)
    for at, lines in ((100.0, 1), (159.0, 1), (160.0, 2)):  # noqa: B007 - the clock reads it
        with pytest.raises(Unavailable):
            await remote.ask("GET", "/internal/users/x", type(None), scope="users:read")
        assert len(told) == lines
    assert {line["event"] for line in told} == {"neighbour_refused"}
    assert "NOUGHTS_SECRET" in told[0]["check"]
