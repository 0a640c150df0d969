"""Somebody at the page: what they do and what they see, in their words."""

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

expect.set_options(timeout=15_000)

OVER = "You win|A draw|The computer wins"
PASSWORD = "correct horse battery staple"


class Visitor:
    """A person with a browser of their own."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.broken: list[str] = []
        self.logged: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.broken.append(str(error)))

    @property
    def heading(self) -> Locator:
        """The one line above the board, or a screen's name."""
        return self.page.get_by_role("heading", level=1)

    @property
    def cells(self) -> Locator:
        """The nine cells, row by row."""
        return self.page.get_by_role("grid", name="Board").get_by_role("button")

    @property
    def marks(self) -> str:
        """The board as nine characters, `.` where it is empty."""
        names = [cell.get_attribute("aria-label") or "" for cell in self.cells.all()]
        return "".join("." if name.endswith("empty") else name[-1] for name in names)

    def sees(self, heading: str) -> None:
        """Wait until the heading says so."""
        expect(self.heading).to_have_text(heading)

    def says(self, words: str) -> None:
        """Wait until these words stand somewhere."""
        expect(self.page.get_by_text(words)).to_be_visible()

    def press(self, name: str) -> None:
        """Press the button of that name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """Follow the link of that name."""
        self.page.get_by_role("link", name=name, exact=True).click()

    def choose(self, name: str) -> None:
        """Choose the radio button of that name."""
        self.page.get_by_role("radio", name=name, exact=True).check()

    def fill(self, **fields: str) -> None:
        """Fill the fields of these names."""
        for name, value in fields.items():
            self.page.locator(f'input[name="{name}"]').fill(value)

    def submit(self) -> None:
        """Send the form."""
        self.page.get_by_role("form").locator("button:not([type=button])").click()

    def click(self, cell: int) -> None:
        """Play a cell by mouse."""
        self.cells.nth(cell).click()

    def steer(self, cell: int) -> None:
        """Play a cell by keyboard: Tab to the board, arrows to the cell, Enter."""
        here = self._cell_in_focus()
        while here is None:
            self.page.keyboard.press("Tab")
            here = self._cell_in_focus()
        rows, columns = cell // 3 - here // 3, cell % 3 - here % 3
        keys = ["ArrowDown" if rows > 0 else "ArrowUp"] * abs(rows)
        keys += ["ArrowRight" if columns > 0 else "ArrowLeft"] * abs(columns)
        for key in [*keys, "Enter"]:
            self.page.keyboard.press(key)

    def play_to_the_end(self, play: Callable[[int], None]) -> str:
        """Play whatever cell is free until the computer or oneself has won, or nobody; return the last heading."""
        while True:
            expect(self.heading).to_have_text(re.compile(f"^(Your turn|{OVER})$"))
            if self.heading.inner_text() != "Your turn":
                return self.heading.inner_text()
            play(self.marks.index("."))

    def sign_up(self) -> str:
        """Become a member, as a guest or from nothing; return the name chosen."""
        name = f"Ada-{uuid.uuid4().hex[:8]}"
        self.page.goto("/settings")
        expect(self.heading).to_have_text(re.compile("^Sign (in|up)$"))
        if self.heading.inner_text() == "Sign in":
            self.press("Sign up")
        self.fill(username=name, email=f"{name}@example.org", password=PASSWORD)
        self.submit()
        expect(self.page.get_by_role("link", name=name, exact=True)).to_be_visible()
        return name

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Give name and password, as somebody the page does not know."""
        self.page.goto("/settings")
        self.sees("Sign in")
        self.fill(username=name, password=password)
        self.submit()

    def settings(self, section: str) -> None:
        """Go to one section of the settings, from anywhere."""
        self.page.goto("/settings")
        self.page.get_by_role("main").get_by_role("link", name=re.compile(f"^{section}\\b")).click()
        self.sees(section)

    def sign_out(self, name: str) -> None:
        """Leave, from anywhere."""
        self.follow(name)
        self.press("Sign out")
        expect(self.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()

    def _cell_in_focus(self) -> int | None:
        cell = self.page.evaluate("document.activeElement?.dataset.cell ?? null")
        return None if cell is None else int(cell)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        self.logged.append(message.text)
        # The browser itself logs every answer of 400 and more, and every lost connection; those are not the page's.
        if not message.text.startswith("Failed to load resource"):
            self.broken.append(message.text)
