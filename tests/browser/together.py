"""How two people at the page come to one board, and play."""

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor


def seated(arrive: Arrive, path: str = "/lobby") -> tuple[Visitor, Visitor]:
    """Return two friends at a board, the first of them with X."""
    ada, ben = arrive(path), arrive()
    ada.choose("X")
    ada.press("Invite a friend by link")
    ben.page.goto(ada.page.locator("#invite").input_value())
    ben.press("Join and play")
    ada.sees("Your turn")
    ben.sees("Waiting for the guest")
    return ada, ben


def meet(ada: Visitor, ben: Visitor) -> None:
    """Bring two together who wait for anybody, the first of them with X."""
    for one, mark in ((ada, "X"), (ben, "O")):
        one.page.goto("/lobby")
        one.choose(mark)
    ada.press("Play whoever waits")
    ada.sees("Waiting for an opponent")
    ben.press("Play whoever waits")
    ada.sees("Your turn")


def takes_turns(ada: Visitor, ben: Visitor, *cells: int) -> None:
    """Play these cells, one after the other."""
    for ply, cell in enumerate(cells):
        player = (ada, ben)[ply % 2]
        player.sees("Your turn")
        player.click(cell)
