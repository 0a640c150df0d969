"""What the browser tests may ask for: people at the page, each with a browser of their own."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visitor import Visitor
from tests.servers import Process

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000

Arrive = Callable[..., Visitor]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as Debian packages it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def arrive(browser: Browser, server: Process) -> Iterator[Arrive]:
    """Brings somebody to the page, on a desktop unless said otherwise; whatever breaks in their browser fails the test."""
    people: list[Visitor] = []

    def _arrive(path: str = "/", **device: Any) -> Visitor:
        context = browser.new_context(base_url=server.url, viewport=device.pop("viewport", DESKTOP), **device)
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(context.new_page())
        visitor.page.goto(path)
        people.append(visitor)
        return visitor

    yield _arrive
    for visitor in people:
        visitor.page.context.close()
    assert [message for visitor in people for message in visitor.broken] == []


DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
