"""The ways the services are run, all of them up at once on one PostgreSQL: one process, services apart, Envoy before those."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.database import Database, postgres
from bench.load import gauge
from bench.places import emptied
from bench.processes import Server, free_port, serving
from bench.subjects.accounts import Person, Subject
from bench.subjects.cluster import Cluster
from bench.subjects.noughts import Noughts
from bench.workbench import Workbench

WAYS = TOGETHER, APART, BEHIND = ("one process", "apart", "apart, behind Envoy")
PARTS = (TOGETHER, "users", "auth", "games", "gateway", "Envoy", "PostgreSQL")


@dataclass(frozen=True)
class Way:
    """One of the ways to run the services: where each is asked, and which processes take part."""

    name: str
    entrance: int
    """The port where people and games are made, whichever port is measured."""
    ports: Mapping[str, int]
    parts: Mapping[str, int]
    """Process ids, by what the report calls them."""
    people: list[Person]


@dataclass(frozen=True)
class House:
    """Everything that runs while this is measured."""

    database: Database
    servers: list[Server]
    ways: list[Way]

    def spent(self) -> dict[str, float]:
        """Return the processor time of every part so far, in seconds."""
        parts = {part: pid for way in self.ways for part, pid in way.parts.items()}
        own = {part: gauge.process_seconds(pid) for part, pid in parts.items()}
        return own | {"PostgreSQL": gauge.tree_seconds(self.database.pid)}

    @property
    def pids(self) -> list[int]:
        """All processes but PostgreSQL's."""
        return [pid for server in self.servers for pid in server.pids]


def house(bench: Workbench, stack: ExitStack) -> House:
    """Start one process and a cluster, with people in each."""
    bench.say("Apart: one process and a cluster, on one PostgreSQL")
    database = stack.enter_context(postgres(emptied("data/apart-postgres")))
    noughts, cluster = Noughts(database.migrated("together")), Cluster(database.made("apart"))
    folders = [emptied(f"data/apart-{name}") for name in ("together", "apart")]
    one, many = _up(stack, noughts, folders[0]), _up(stack, cluster, folders[1])
    running, services = cluster.running(folders[1]), ("users", "auth", "games")
    apart, ports = {part: running[part] for part in (*services, "gateway")}, cluster.ports(folders[1])
    here, there = (noughts.people(server.port, bench.effort.people) for server in (one, many))
    ways = [
        Way(TOGETHER, one.port, dict.fromkeys(services, one.port), {TOGETHER: one.pid}, here),
        Way(APART, many.port, ports, apart, there),
        Way(BEHIND, many.port, dict.fromkeys(services, many.port), apart | {"Envoy": running["envoy"]}, there),
    ]
    return House(database, [one, many], ways)


def _up(stack: ExitStack, subject: Subject, folder: Path) -> Server:
    port = free_port()
    return stack.enter_context(serving(subject.command(port, folder), port, folder))
