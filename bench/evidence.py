"""Whether a run measured the server, or the generator, or the neighbours."""

from bench.load.jobs import Outcome
from bench.results import median, number

BUSY = 0.80
"""The generator must not use more of its core: beyond it could be what is slow."""
CEILING = 0.70
"""Nor may a rate come nearer to what the generator reaches against an empty server."""
LATE = 2.0
"""Milliseconds by which paced requests may miss their time (at the 99th percentile)."""
DISTURBED = 0.10
"""Cores strangers may use before a row is called disturbed."""


def void(outcomes: list[Outcome], ceiling: float) -> tuple[str, ...]:
    """Return why these runs prove nothing, or nothing."""
    reasons = []
    if (own := max(run.own for run in outcomes)) > BUSY:
        reasons.append(f"the generator used {own:.0%} of its core")
    if (rate := max(run.rate for run in outcomes)) > CEILING * ceiling:
        reasons.append(f"{rate:,.0f}/s is too near the generator's ceiling of {ceiling:,.0f}/s")
    if (late := median([run.lateness for run in outcomes])) > LATE:
        reasons.append(f"requests left {late:.1f} ms late")
    return (*reasons, *refusals(outcomes))


def refusals(outcomes: list[Outcome]) -> tuple[str, ...]:
    """Return what was answered that should not have been, the first two kinds."""
    refused = [f"{n} × {words}" for run in outcomes for words, n in run.refused.items()]
    return tuple(f"unexpected answers: {words}" for words in refused[:2])


def by_processor(ours: list[Outcome], theirs: list[Outcome]) -> str:
    """Compare answers for each second of the server's own processor time.

    Strangers who take the core away lower a rate, but hardly this.
    """
    mine, other = (median([run.rate / max(run.server, 0.01) for run in runs]) for runs in (ours, theirs))
    return (
        f"For each second of its own processor time Noughts answered {number(mine)} and the "
        f"other {number(other)}: {number(mine / other)} times as many."
    )


def disturbance(outcomes: list[Outcome]) -> float:
    """Return the cores strangers used during the median run."""
    return median([run.others for run in outcomes])
