"""The house holds to its plan: the import contracts are kept, and a breach of any of them is seen."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BREACHES = {
    "1. Storeys": [
        ("games/service/cards.py", "noughts.users.store"),
        ("kit/ids.py", "noughts.ports.users"),
        ("auth/service/sign_in.py", "noughts.compose"),
    ],
    "2a. Rooms of the User Service": [("users/model/names.py", "noughts.users.store")],
    "2b. Rooms of the Authentication Service": [("auth/store.py", "noughts.auth.signing")],
    "2c. Rooms of the Game Service": [("games/rules/classic.py", "noughts.games.engine")],
    "3. A far client": [("users/client.py", "noughts.users.model.accounts")],
    "4. Only doors": [("users/service/erasure.py", "noughts.kit.edge.answers"), ("kit/ids.py", "httptools")],
    "5. Only stores": [("games/service/games.py", "asyncpg"), ("users/http/accounts.py", "sqlite3")],
    "6. Rules and promises": [("games/model/moves.py", "random"), ("users/model/accounts.py", "noughts.kit.clock")],
    "7. No circles": [("kit/clock.py", "noughts.kit.tokens"), ("kit/tokens.py", "noughts.kit.clock")],
}
PLANTED = [(contract, file, imported) for contract, all_of_it in BREACHES.items() for file, imported in all_of_it]


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package in a folder."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", folder / "pyproject.toml"]
    environ = os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def copied(folder: Path) -> Path:
    """Copy the package and its contracts into a folder."""
    ignore = shutil.ignore_patterns("__pycache__", "page")
    shutil.copytree(ROOT / "src" / "noughts", folder / "src" / "noughts", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture(scope="module")
def breached(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy with every breach planted in it."""
    folder = copied(tmp_path_factory.mktemp("breached"))
    for _, file, imported in PLANTED:
        with (folder / "src" / "noughts" / file).open("a") as text:
            text.write(f"\nimport {imported}  # planted\n")
    found = linted(folder)
    assert found.returncode == 1, found.stdout + found.stderr
    return found.stdout


def test_every_contract_is_kept() -> None:
    found = linted(ROOT)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("contract", BREACHES)
def test_a_planted_breach_breaks_its_contract(breached: str, contract: str) -> None:
    assert [line for line in breached.splitlines() if line.startswith(contract) and " BROKEN" in line]


@pytest.mark.parametrize(("contract", "file", "imported"), PLANTED)
def test_a_planted_breach_is_named(breached: str, contract: str, file: str, imported: str) -> None:
    importer = "noughts." + file.removesuffix(".py").replace("/", ".")
    report = breached[breached.index("Broken contracts") :]
    start = report.index("\n" + contract)
    following = [at for other in BREACHES if (at := report.find("\n" + other)) > start]
    section = report[start : min(following, default=len(report))]
    target = imported if imported.startswith("noughts.") else imported.partition(".")[0]
    if contract.startswith("7."):
        assert "noughts.kit" in section
    else:
        assert f"{importer} -> {target}" in section


def test_a_new_room_must_be_given_a_place(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "src" / "noughts" / "utils.py").write_text('"""Various helpers."""\n')
    found = linted(folder)
    assert found.returncode == 1
    assert "noughts.utils" in found.stdout
