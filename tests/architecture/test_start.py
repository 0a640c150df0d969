"""A start loads what it needs: what only some deployments use costs everybody else neither time nor memory."""

import subprocess
import sys

import pytest

PROGRAM = "import sys, noughts.cli; print(*sys.modules)"


@pytest.mark.parametrize(
    "heavy",
    [
        "sqlalchemy",
        "alembic",
        "asyncpg",
        "httpx",
        "redis",
        "opentelemetry",
        "prometheus_client",
        "rich",
        "aiosmtplib",
        "aiobotocore",
    ],
)
def test_the_program_begins_without(heavy: str) -> None:
    loaded = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    assert "noughts.compose.house" in loaded
    assert heavy not in loaded
