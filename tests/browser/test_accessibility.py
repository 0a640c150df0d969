"""What a machine can find out about who could not use the page: axe on every screen, in light and dark."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.post import filed
from tests.servers import Process

AXE = (Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js").read_text()
OPEN_TO_ALL = [
    "/",
    "/lobby",
    "/settings",
    "/recover",
    "/recover#token=x",
    "/verify",
    "/verify#token=x",
    "/leaderboard",
    "/@computer-6",
]
SECTIONS = ["", "name", "email", "password", "two-steps", "devices", "history", "data", "delete"]

pytestmark = pytest.mark.parametrize("scheme", ["light", "dark"])


def found(visitor: Visitor) -> list[tuple[str, Any]]:
    """Return what axe holds against the screen: each rule and the elements that break it."""
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.evaluate(AXE)
    violations = visitor.page.evaluate("axe.run(document).then(found => found.violations)")
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in violations]


def test_nothing_is_found_where_anybody_may_go(arrive: Arrive, scheme: str) -> None:
    guest = arrive(color_scheme=scheme, bypass_csp=True)
    for screen in OPEN_TO_ALL:
        guest.page.goto("/lobby")
        guest.page.goto(screen)
        expect(guest.heading).to_be_visible()
        assert (screen, found(guest)) == (screen, [])


def test_nothing_is_found_in_a_form_with_everything_wrong(arrive: Arrive, scheme: str) -> None:
    ada = arrive("/settings", color_scheme=scheme, bypass_csp=True)
    ada.press("Sign up")
    ada.fill(username="a b", email="nowhere", password="password123")
    ada.submit()
    expect(ada.page.locator('[aria-invalid="true"]')).to_have_count(3)
    assert found(ada) == []


def test_nothing_is_found_in_the_settings(arrive: Arrive, server: Process, scheme: str) -> None:
    ada = arrive(color_scheme=scheme, bypass_csp=True)
    name = ada.sign_up()
    ada.page.goto(filed(server.data, f"{name}@example.org")[0].link)
    ada.press("Confirm")
    ada.sees("Thank you")
    for section in SECTIONS:
        ada.page.goto(f"/settings#{section}")
        ada.page.reload()
        expect(ada.heading).not_to_have_text("One moment")
        assert (section, found(ada)) == (section, [])
    ada.settings("Two steps")
    ada.submit()
    expect(ada.page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    assert found(ada) == []
