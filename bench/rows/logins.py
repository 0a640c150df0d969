"""Logins against the physical rate of their hash."""

from contextlib import ExitStack
from dataclasses import dataclass

from bench.evidence import void
from bench.load.jobs import Closed, Outcome
from bench.results import Check, Figure, Row, Target, median, number
from bench.sides import Side, both
from bench.workbench import Hashing, Workbench

AT_ONCE = 16

HOW = (
    "Logins a second, 16 at once by {people} people, ÷ Argon2id hashes a second that a bare process "
    "computes on the same core with the server's own parameters and library (Noughts m=19456 t=2 "
    "p=1; fastapi-users m=65536 t=3 p=4). In turn: hash, log in, hash; each login run is divided "
    "by the mean of the hash runs before and after it; the median of {rounds} rounds."
)


@dataclass(frozen=True)
class Turn:
    """One login run between two runs of the bare hash."""

    before: Hashing
    logins: Outcome
    after: Hashing

    @property
    def raw(self) -> float:
        """Hashes a second around this run."""
        return (self.before.rate + self.after.rate) / 2

    @property
    def ratio(self) -> float:
        """Logins for each hash."""
        return self.logins.rate / self.raw

    @property
    def by_processor(self) -> float:
        """Logins for each hash when both had the same processor time, whatever the clock says."""
        hashes = (self.before.rate / self.before.own + self.after.rate / self.after.own) / 2
        return self.logins.rate / self.logins.server / hashes

    @property
    def others(self) -> float:
        """Cores strangers used, at worst."""
        return max(self.before.others, self.logins.others, self.after.others)


def measure(bench: Workbench) -> Row:
    """Log in and hash in turn, for both."""
    with ExitStack() as stack:
        sides = both(bench, stack, "Logins")
        rounds = [
            [_turn(bench, side, f"Logins: {side.name}, round {n + 1}") for side in sides]
            for n in range(bench.effort.rounds)
        ]
    return _row(bench, [ours for ours, _ in rounds], [theirs for _, theirs in rounds])


def _turn(bench: Workbench, side: Side, label: str) -> Turn:
    job = Closed(
        port=side.server.port,
        chains=[[login] for login in side.logins(AT_ONCE)],
        seconds=2 * bench.effort.seconds,
        warm=bench.effort.warm,
        repeat=True,
        watch=side.server.pids,
    )
    before = bench.raw_hashes(side.accounts, f"{label}, bare hash")
    logins = bench.run(job, label)
    return Turn(before, logins, bench.raw_hashes(side.accounts, f"{label}, bare hash"))


def _row(bench: Workbench, ours: list[Turn], theirs: list[Turn]) -> Row:
    runs = [turn.logins for turn in ours + theirs]
    rates = {"Noughts": _rates(ours), "fastapi-users": _rates(theirs)}
    (mine, raw), (other, other_raw) = rates.values()
    ratio, other_ratio = (median([turn.ratio for turn in side]) for side in (ours, theirs))
    bars = (("Noughts", ratio), ("fastapi-users", other_ratio))
    return Row(
        key="logins",
        title="Logins",
        how=HOW.format(**vars(bench.effort)),
        checks=(
            Check(
                "Logins ÷ bare hash, 16 at once",
                ratio,
                Target("≥", 0.90, ""),
                ours=f"{number(mine)}/s of {number(raw)}/s",
                against=f"fastapi-users {number(other)}/s of {number(other_raw)}/s ({number(other_ratio)})",
            ),
        ),
        figures=(Figure("Logins ÷ bare hash", "", "longer", bars, 0.9),),
        notes=(_by_processor(ours, theirs),),
        void=void(runs, bench.ceiling),
        disturbed=median([turn.others for turn in ours + theirs]),
    )


def _by_processor(ours: list[Turn], theirs: list[Turn]) -> str:
    mine, other = (number(median([turn.by_processor for turn in side])) for side in (ours, theirs))
    return (
        f"For the same processor time instead of the same wall time, which strangers hardly "
        f"change, the quotient is {mine}, that of fastapi-users {other}."
    )


def _rates(turns: list[Turn]) -> tuple[float, float]:
    """Return the median logins and bare hashes a second."""
    return median([turn.logins.rate for turn in turns]), median([turn.raw for turn in turns])
