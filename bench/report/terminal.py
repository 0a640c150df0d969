"""The table and the progress on the terminal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.evidence import DISTURBED
from bench.results import Breakdown, Check, Row

MARKS = {"✓": "[green]✓[/]", "✗": "[red]✗[/]", "void": "[yellow]void[/]"}


class Watcher:
    """What the person at the terminal sees while it runs."""

    def __init__(self, progress: Progress, rows: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=rows, what="")

    def say(self, what: str) -> None:
        """Tell what is being done now."""
        self._progress.update(self._task, what=what)

    def done(self, row: Row) -> None:
        """Tell what came of a row."""
        self._progress.advance(self._task)
        if row.breakdown and not row.void:
            self._progress.console.print(f"{row.title}: measured, nothing promised", highlight=False)
        elif not row.checks:
            self._progress.console.print(f"{MARKS['void']} {row.title}: {row.void[0]}", highlight=False)
        for check in row.checks:
            self._progress.console.print(
                f"{MARKS[mark(row, check)]} {check.title}: {check.measured} (target {check.target})"
            )


@contextmanager
def watching(console: Console, rows: int) -> Iterator[Watcher]:
    """Show progress while the block runs; a slow refresh leaves the generator its core."""
    columns = (
        SpinnerColumn(),
        BarColumn(20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=console, refresh_per_second=2) as progress:
        yield Watcher(progress, rows)


def mark(row: Row, check: Check) -> str:
    """Return how a check came out; a void row proves nothing either way."""
    if row.void:
        return "void"
    return "✓" if check.met else "✗"


def show(console: Console, facts: dict[str, str], rows: list[Row]) -> None:
    """Print the machine's facts, the table and what to know about each row."""
    machine = Table(show_header=False, box=None)
    for name, value in facts.items():
        machine.add_row(f"[dim]{name}[/]", value)
    console.print(machine)
    if any(row.checks for row in rows):
        console.print(table(rows))
    for row in rows:
        console.print(f"\n[bold]{row.title}[/] [dim]{row.how}[/]")
        if row.breakdown:
            console.print(parts(row.breakdown))
        for remark in remarks(row):
            console.print(f"  {remark}")


def table(rows: list[Row]) -> Table:
    """Return one line for each check."""
    lines = Table(title="Noughts, measured", title_justify="left", show_lines=True)
    for heading in ("What", "Noughts", "Compared with"):
        lines.add_column(heading)
    for heading in ("Measured", "Target", ""):
        lines.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        for check in row.checks:
            outcome = MARKS[mark(row, check)]
            words = (check.title, check.ours, check.against)
            lines.add_row(*words, check.measured, str(check.target), outcome)
    return lines


def parts(breakdown: Breakdown) -> Table:
    """Return one line for each bar of a breakdown, below the name of its panel."""
    found = Table(box=None)
    for heading in ("", *breakdown.parts, "together"):
        found.add_column(heading, justify="right" if heading else "left", no_wrap=not heading)
    for panel in breakdown.panels:
        found.add_row(f"[bold]{panel.title}[/], {panel.unit}")
        for name, took in panel.bars:
            found.add_row(f"  {name}", *amounts(breakdown, took))
    return found


def amounts(breakdown: Breakdown, took: Mapping[str, float]) -> list[str]:
    """Return what each part took, and all together; nothing for those that took no part."""
    each = [f"{took[part]:,.0f}" if part in took else "" for part in breakdown.parts]
    return [*each, f"{sum(took.values()):,.0f}"]


def remarks(row: Row) -> list[str]:
    """Return what else is to be said: why it is void, who disturbed it, and the notes."""
    said = [f"Void: {reason}." for reason in row.void]
    if row.disturbed > DISTURBED:
        said.append(f"Others used {row.disturbed:.2f} cores meanwhile: take the figures as indicative.")
    return said + list(row.notes)
