"""The rows, in the order they are measured."""

from collections.abc import Callable

from bench.results import Row
from bench.rows import apart, isolation, live, logins, memory, moves, postgres, reads, refresh, start
from bench.workbench import Workbench

ROWS: dict[str, Callable[[Workbench], Row]] = {
    "start": start.measure,
    "memory": memory.measure,
    "reads": reads.measure,
    "postgres": postgres.measure,
    "logins": logins.measure,
    "isolation": isolation.measure,
    "moves": moves.measure,
    "live": live.measure,
    "refresh": refresh.measure,
    "apart": apart.measure,
}
