"""The README's story, told by curl alone, as it stands there."""

import re
import subprocess
from pathlib import Path

from tests import servers

README = Path(__file__).parents[2] / "README.md"


def test_with_curl_alone_one_registers_plays_a_whole_game_and_leaves(server: servers.Process, tmp_path: Path) -> None:
    (story,) = re.findall(r"```sh\n(API=.*?)```", README.read_text(), re.DOTALL)
    here = story.replace("API=http://localhost:8000", f"API=http://127.0.0.1:{server.port}")
    told = subprocess.run(
        ["bash", "-e", "-c", here], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert '"email":"newemail@example.com"' in told.stdout
    assert '"status":"finished"' in told.stdout
    assert told.stdout.endswith("204\n401\n")
