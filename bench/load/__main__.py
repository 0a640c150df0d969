"""Read a job from standard input, run it, and write the outcome to standard output."""

import gc
import sys

import msgspec

from bench.load import closed, live, paced, sockets
from bench.load.jobs import Closed, Job, Live, Outcome, Paced


def run(job: Job) -> Outcome:
    """Run any job."""
    if isinstance(job, Closed):
        return closed.outcome(job)
    if isinstance(job, Paced):
        return paced.outcome(job)
    if isinstance(job, Live):
        return live.outcome(job)
    return sockets.outcome(job)


def main() -> None:
    """Run one job without a garbage collector that could delay an answer's time."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    gc.disable()
    sys.stdout.buffer.write(msgspec.json.encode(run(job)))


if __name__ == "__main__":
    main()
