"""A cluster under load whose processes are killed one after the other, and replaced: what people notice of it."""

import asyncio
import time
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.clusters import Cluster, clustered
from tests.faults import load
from tests.faults.load import Load

pytestmark = pytest.mark.slow
MOVES_PER_S, LOGINS_PER_S = 200, 20
EACH_S = 5.0
QUIET_AFTER_S = 3.0
FAILING = 0.005


async def signed_up(cluster: Cluster) -> str:
    """Register somebody, and return their name."""
    name, registration = load.member(cluster.port)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"http://127.0.0.1:{cluster.port}/users", json=registration)
    assert answer.status_code == 201, answer.text
    return name


async def under_load(cluster: Cluster) -> Load:
    """Return people who play and sign in at the promised rate."""
    people = Load(cluster.port, boards=25, moves_per_s=MOVES_PER_S, logins_per_s=LOGINS_PER_S)
    await people.start(await signed_up(cluster))
    await asyncio.sleep(3)
    return people


async def drop_connections(address: str) -> None:
    """End every connection to the database but this one, at once."""
    connection = await asyncpg.connect(address)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    await connection.close()


def told(people: Load, began: float, harmed: dict[str, float]) -> str:
    """Return what happened, in words, for whoever reads a failure or the log of a run."""
    lasted, failures = time.monotonic() - began, people.failures()
    lines = [f"{len(people.asked)} requests in {lasted:.0f} s: {dict(people.answered())}; {len(failures)} failed"]
    for what, at in harmed.items():
        after = people.failures(at, at + EACH_S)
        last = max((asked.at - at for asked in after), default=0.0)
        kinds = sorted({f"{asked.what} {asked.status}" for asked in after})
        lines.append(f"{what}: {len(after)} failed, the last after {last:.2f} s {kinds}")
    return "\n".join(lines)


async def test_whichever_process_dies_nothing_acknowledged_is_lost_and_hardly_anybody_notices(tmp_path: Path) -> None:
    with clustered(rate_limits="off", log="warning") as cluster:
        people, began, harmed = await under_load(cluster), time.monotonic(), dict[str, float]()
        for name in cluster.running():
            harmed[name] = time.monotonic()
            cluster.kill_member(name)
            await asyncio.sleep(EACH_S)
        harmed["database connections"] = time.monotonic()
        await drop_connections(cluster.database)
        await asyncio.sleep(EACH_S)
        await people.stop()
        story = told(people, began, harmed)
        print(story)  # noqa: T201 - what was measured
        await people.check()
        assert len(people.failures()) < FAILING * len(people.asked), story
        for at in harmed.values():
            assert not people.failures(at + QUIET_AFTER_S, at + EACH_S), story
        assert people.answered()["move"] > 0.7 * MOVES_PER_S * (time.monotonic() - began) * 0.5, story


async def test_everything_is_replaced_and_nobody_notices(tmp_path: Path) -> None:
    with clustered(rate_limits="off", log="warning") as cluster:
        people, began = await under_load(cluster), time.monotonic()
        before = cluster.running()
        await asyncio.to_thread(cluster.replace_everything)
        await people.stop()
        story = told(people, began, {})
        print(story)  # noqa: T201 - what was measured
        await people.check()
        assert not people.failures(), story
        assert not {name for name, pid in cluster.running().items() if before[name] == pid}
