"""`python -m bench`: measure Noughts beside the best of its kind and write down what came of it."""

import argparse
import os
import subprocess

from rich.console import Console

from bench.facts import facts
from bench.install import install_peers
from bench.load.exchange import Unexpected
from bench.load.loop import Silence
from bench.places import LOAD_CORE, ROOT, emptied, require_linux, scratch
from bench.processes import DidNotStart
from bench.report.chart import chart
from bench.report.page import page
from bench.report.terminal import show, watching
from bench.results import Row
from bench.rows import ROWS
from bench.workbench import FULL, QUICK, Effort, Workbench


def main() -> None:
    """Measure what was asked for; a missed target is shown, not an error."""
    asked = arguments()
    require_linux()
    os.sched_setaffinity(0, {LOAD_CORE})
    console = Console()
    names = asked.only or list(ROWS)
    rows, about = measure(console, names, QUICK if asked.quick else FULL)
    about |= facts()
    show(console, about, rows)
    whole = len(rows) == len(ROWS) and not asked.quick
    folder = ROOT / "docs" if whole else scratch("report")
    folder.mkdir(exist_ok=True)
    (folder / "benchmarks.md").write_text(page(about, rows))
    (folder / "benchmarks.svg").write_text(chart(rows))
    console.print(f"\nWritten to {folder.relative_to(ROOT)}/benchmarks.md and .svg")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run: one short round, docs/ untouched")
    parser.add_argument("--only", metavar="NAME", action="append", choices=ROWS, help=f"one of {', '.join(ROWS)}")
    return parser.parse_args()


def measure(console: Console, names: list[str], effort: Effort) -> tuple[list[Row], dict[str, str]]:
    """Install the peers, measure the named rows, and say what the generator can do."""
    rows = []
    with watching(console, len(names)) as watcher:
        install_peers(watcher.say)
        bench = Workbench(effort, watcher.say)
        bench.measure_ceiling(emptied("data/ceiling"))
        for name in names:
            rows.append(row(name, bench))
            watcher.done(rows[-1])
    emptied("data")
    return rows, {"Generator": generator(bench.ceiling)}


def row(name: str, bench: Workbench) -> Row:
    """Measure a row; what goes wrong in it is told in its place and spoils no other."""
    try:
        return ROWS[name](bench)
    except (DidNotStart, Unexpected, ConnectionError, Silence, subprocess.SubprocessError) as error:
        reason = f"it could not be measured: {error}"
        return Row(key=name, title=name.capitalize(), how="", checks=(), void=(reason,))


def generator(ceiling: float) -> str:
    """Say how fast the generator is."""
    return f"{ceiling:,.0f} requests/s at most, against a server that does nothing"


if __name__ == "__main__":
    main()
