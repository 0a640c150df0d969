"""The task that goes before the services, run as its template says, on a real PostgreSQL."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests import servers
from tests.aws.templates import NEEDED, Templates, found

pytestmark = NEEDED


@pytest.fixture
def address() -> Iterator[str]:
    """The address of a PostgreSQL of its own: roles belong to a whole server."""
    with (
        tempfile.TemporaryDirectory(prefix="noughts-", dir=servers.memory()) as name,
        servers.postgres(Path(name)) as address,
    ):
        yield address


def run(templates: Templates, address: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command of the migration's container, its secrets in its environment."""
    (task,) = [one for one in templates.containers() if one["Name"] == "migration"]
    passwords = {one["Name"]: f"password-{one['Name'].lower()}" for one in task["Secrets"]}
    own = {
        "NOUGHTS_DATABASE": address,
        "NOUGHTS_SECRET": "0" * 64,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    (script,) = task["Command"]
    return subprocess.run(
        [*task["EntryPoint"], script.replace("/dev/shm", str(folder))], env=passwords | own | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


async def known_passwords(address: str) -> dict[str, str]:
    """Return what the server keeps of each role's password."""
    connection = await asyncpg.connect(address)
    rows = await connection.fetch("SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'noughts_%'")
    await connection.close()
    return {row["rolname"]: row["rolpassword"] for row in rows}


def test_the_migration_makes_the_schema_and_gives_each_role_the_password_of_its_secret(
    address: str, tmp_path: Path
) -> None:
    done = run(found(), address, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr

    kept = asyncio.run(known_passwords(address))
    assert kept.keys() == {"noughts_users", "noughts_auth", "noughts_games"}
    assert all(password.startswith("SCRAM-SHA-256$") for password in kept.values())
    for name in ("users", "auth", "games"):
        file = tmp_path / "roles" / name
        assert f"//noughts_{name}:password-password_{name}@" in file.read_text()
        assert file.stat().st_mode & 0o077 == 0

    assert run(found(), address, tmp_path).returncode == 0


def test_a_migration_that_fails_ends_with_an_error(tmp_path: Path) -> None:
    nowhere = f"postgresql://noughts@127.0.0.1:{servers.free_port()}/noughts"

    assert run(found(), nowhere, tmp_path).returncode != 0
