"""How a game looks in a terminal."""

from datetime import UTC, datetime
from typing import Final

from rich.text import Text

from noughts.cli.play.game import Game
from noughts.ports.games import Mark
from noughts.ports.messages import Series

_STYLE: Final = {"X": "bold cyan", "O": "bold yellow"}
_WHY: Final = {
    "line": "a line stands",
    "full": "the board is full",
    "resigned": "given up",
    "timeout": "time is over",
    "agreed": "agreed",
    "abandoned": "somebody was gone",
}
_OFFERED: Final = {"draw": "a draw (d)", "takeback": "to take a move back (t)", "rematch": "another game (n)"}
HELP: Final = "d draw · t take back · r resign · n next game · x decline · q leave"


def drawn(game: Game, me: Mark | None, now: datetime, *, cursor: int | None = None, notice: str = "") -> Text:
    """Return all there is to see; times as they stand now."""
    text = Text()
    for mark in ("X", "O"):
        text.append_text(_player(game, "X" if mark == "X" else "O", me, now)).append("\n")
    text.append("\n").append_text(board(game, cursor)).append("\n\n")
    text.append(status(game, me), style="bold").append("\n")
    if game.series is not None:
        text.append(match(game.series, me)).append("\n")
    if game.status == "open" and game.invite_url:  # wherever it is broken, it can be followed
        text.append(game.invite_url, style=f"link {game.invite_url}").append("\n")
    for offer in game.offered(me):
        text.append(f"{game.name(offer.by)} offers {_OFFERED[offer.kind]}; x declines.\n", style="bold magenta")
    if notice:
        text.append(f"{notice}\n", style="red")
    return text.append(HELP, style="dim")


def board(game: Game, cursor: int | None = None) -> Text:
    """Return the board: an empty cell shows its number, from 1."""
    size = len(str(len(game.board)))
    between = "\n" + "+".join(["-" * (size + 2)] * game.width) + "\n"
    rows = [range(start, start + game.width) for start in range(0, len(game.board), game.width)]
    return Text(between).join(
        Text("|").join([_cell(game, cell, size, is_chosen=cell == cursor) for cell in row]) for row in rows
    )


def status(game: Game, me: Mark | None) -> str:
    """Return in a sentence how the game stands for who looks at it."""
    if game.status == "open":
        return "Waiting for who follows this link:" if game.invite_url else "Waiting for somebody to come."
    if game.status == "aborted":
        return "The game was called off."
    if game.turn is not None:
        return "Your move." if game.turn == me else f"{game.name(game.turn)} ({game.turn}) is to move."
    why = _WHY.get(game.reason or "", "")
    if game.result == "draw":
        return f"A draw: {why}."
    winner: Mark = "X" if game.result == "X" else "O"
    if me is None:
        return f"{game.name(winner)} ({winner}) won: {why}."
    return f"You won: {why}." if winner == me else f"You lost: {why}."


def match(series: Series, me: Mark | None) -> str:
    """Return which game of a match it is, and how the match stands: one's own points first."""
    told = f"Game {series.game} of {series.of}"
    if series.score is None or not series.score.X + series.score.O:
        return f"{told}."
    x, o = _points(series.score.X), _points(series.score.O)
    if me is None:
        return f"{told}; X {x}, O {o}."
    return f"{told}; you {x if me == 'X' else o}, they {o if me == 'X' else x}."


def _points(count: float) -> str:
    """Return whole and half points: 2, 1½."""
    return f"{int(count) or ('' if count % 1 else 0)}{'½' if count % 1 else ''}"


def _player(game: Game, mark: Mark, me: Mark | None, now: datetime) -> Text:
    text = Text("> " if game.turn == mark else "  ").append(mark, style=_STYLE[mark])
    text.append(f"  {game.name(mark)}{' (you)' if mark == me else ''}")
    return text.append(f"  {left(game, mark, now)}") if game.clocks else text


def left(game: Game, mark: Mark, now: datetime) -> str:
    """Return the time a side has left, as minutes and seconds."""
    if game.clocks is None:
        return ""
    ms = game.clocks.X_ms if mark == "X" else game.clocks.O_ms
    if game.turn == mark and game.deadline is not None:
        deadline = datetime.fromisoformat(game.deadline.replace("Z", "+00:00"))
        ms = max(0, round((deadline - now.astimezone(UTC)).total_seconds() * 1_000))
    return f"{ms // 60_000}:{ms // 1_000 % 60:02}"


def _cell(game: Game, cell: int, size: int, *, is_chosen: bool) -> Text:
    mark = game.board[cell]
    style = _STYLE[mark] if mark else "dim"
    if cell in (game.line or ()) or (game.moves and cell == game.moves[-1]):
        style += " underline"
    shown = Text(f" {mark or str(cell + 1):^{size}} ", style=style)
    if is_chosen:
        shown.stylize("reverse")
    return shown
