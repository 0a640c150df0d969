"""From starting the process to the first answer."""

from contextlib import ExitStack

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


def measure(bench: Workbench) -> Row:
    """Start every server in turn, several times."""
    subjects: tuple[Subject, ...] = (Noughts(), FastapiUsers(), BoardgameIo())
    folders = [emptied(f"data/start-{subject.name}") for subject in subjects]
    seconds: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for number_of_start in range(bench.effort.starts + 1):
        bench.say(f"Start {number_of_start} of {bench.effort.starts}")
        for subject, folder in zip(subjects, folders, strict=True):
            bench.wait_for_calm([])
            port = free_port()
            with ExitStack() as stack:
                server = stack.enter_context(serving(subject.command(port, folder), port, folder))
                if number_of_start:
                    seconds[subject.name].append(server.started_in)
    return row({name: median(times) for name, times in seconds.items()}, bench.effort.starts)


def row(seconds: dict[str, float], starts: int) -> Row:
    """Say what came of it."""
    ours, *others = seconds.items()
    return Row(
        key="start",
        title="Start to first answer",
        how=HOW.format(starts=starts),
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
    )
