"""The processes of a cluster, each by itself: what becomes of one that cannot live."""

import sys
import time

import pytest

from noughts.cli.cluster.lines import Teller
from noughts.cli.cluster.plan import Member
from noughts.cli.cluster.processes import Kept
from noughts.kit.errors import Refusal
from tests import servers

DYING = "import sys; print('Invalid path:'); print('  /nowhere'); sys.exit(1)"


async def test_one_that_ends_as_soon_as_it_is_started_is_given_up_with_its_last_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ready = f"http://127.0.0.1:{servers.free_port()}/ready"
    kept = Kept(Member(name="envoy", command=(sys.executable, "-c", DYING), environ={}, ready=ready), Teller())
    began = time.monotonic()
    await kept.start()
    try:
        with pytest.raises(Refusal, match=r"^envoy ends as soon as it is started: .*Invalid path: /nowhere$"):
            await kept.until_ready()
    finally:
        await kept.stop()
    assert time.monotonic() - began < 10
    assert capsys.readouterr().err.count("ended with 1: started again") == 3
