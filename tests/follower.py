"""What a client makes of what it is told of a game: the state it shows, from a snapshot and the events after it."""

from typing import Any

State = dict[str, Any]
Message = dict[str, Any]
OVER = ("finished", "aborted")
UNTOLD = ("created_at", "updated_at", "invite_url", "replayed")
"""What no event tells, and no board shows."""


class Gap(Exception):
    """Something is missing between what is known and what was told."""


def applied(state: State | None, told: Message) -> State:
    """Return the state after what was told; older news change nothing. Raises Gap."""
    if told["t"] == "snapshot":
        return dict(told["snapshot"])
    if state is None or told["seq"] > state["seq"] + 1:
        raise Gap
    if told["seq"] <= state["seq"]:
        return state
    after = state | {name: told[name] for name in told if name not in ("t", "game", "cell", "mark", "ply")}
    if told["t"] == "move":
        board = list(state["board"])
        board[told["cell"]] = told["mark"]
        return after | {"moves": [*state["moves"], told["cell"]], "board": board, "ply": told["ply"] + 1, "offers": []}
    if told["t"] == "finished":
        return after | {"turn": None, "deadline": None, "offers": []}
    return after


def seen(state: State) -> State:
    """Return what is compared of two states."""
    return {name: value for name, value in state.items() if name not in UNTOLD}
