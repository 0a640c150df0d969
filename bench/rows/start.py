"""From starting the process to the first answer."""

from pathlib import Path
from typing import NamedTuple

from bench.load import gauge
from bench.places import emptied
from bench.processes import free_port, serving
from bench.results import Check, Figure, Row, Target, median, number
from bench.subjects.accounts import Subject
from bench.subjects.boardgame_io import BoardgameIo
from bench.subjects.fastapi_users import FastapiUsers
from bench.subjects.noughts import Noughts
from bench.workbench import Workbench

HOW = (
    "Seconds from creating the process to its first whole answer (Noughts: `GET /healthz`, 200), "
    "asked for every two milliseconds. The database exists: the first start, which makes it, "
    "is not counted. Servers are started in turn; the median of {starts} starts."
)


class Start(NamedTuple):
    """Seconds to the first answer, and the cores strangers used meanwhile."""

    seconds: float
    others: float


def measure(bench: Workbench) -> Row:
    """Start every server in turn, several times."""
    subjects: tuple[Subject, ...] = (Noughts(), FastapiUsers(), BoardgameIo())
    folders = [emptied(f"data/start-{subject.name}") for subject in subjects]
    starts: dict[str, list[Start]] = {subject.name: [] for subject in subjects}
    for turn in range(bench.effort.starts + 1):
        bench.say(f"Start {turn} of {bench.effort.starts}")
        for subject, folder in zip(subjects, folders, strict=True):
            bench.wait_for_calm([])
            starts[subject.name].append(_start(subject, folder))
    return _row(bench, {name: taken[1:] for name, taken in starts.items()})


def _start(subject: Subject, folder: Path) -> Start:
    port = free_port()
    before = gauge.read([])
    with serving(subject.command(port, folder), port, folder) as server:
        others = gauge.shares(before, gauge.read(server.pids))["others"]
    return Start(server.started_in, others)


def _row(bench: Workbench, starts: dict[str, list[Start]]) -> Row:
    seconds = {name: median([start.seconds for start in taken]) for name, taken in starts.items()}
    ours, *others = seconds.items()
    return Row(
        key="start",
        title="Start to first answer",
        how=HOW.format(starts=bench.effort.starts),
        checks=(
            Check(
                "Start to first answer",
                ours[1],
                Target("<", 0.5, " s"),
                ours=f"{number(ours[1])} s",
                against=", ".join(f"{name} {number(value)} s" for name, value in others),
            ),
        ),
        figures=(Figure("Start to first answer", "s", "shorter", tuple(seconds.items()), 0.5),),
        disturbed=median([start.others for taken in starts.values() for start in taken]),
    )
