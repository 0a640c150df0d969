"""The log of all the attacks before, on the server they share: it tells what happened and gives nothing away."""

import json
import re

from tests import servers
from tests.security.attacks import PASSWORD, Person


def test_after_all_the_attacks_the_log_holds_no_password_no_token_and_no_address(
    server: servers.Process, alice: Person, mallory: Person
) -> None:
    log = server.log.read_text()

    assert "login_succeeded" in log
    assert not re.findall(r"[\w.+-]+@[\w-]+\.[a-z]+", log)
    assert not re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", log)
    for secret in (PASSWORD, "another good one", alice.access, alice.refresh, mallory.access, mallory.refresh):
        assert secret not in log


def test_every_line_of_the_log_is_json_with_a_time_and_what_happened(server: servers.Process, alice: Person) -> None:
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]

    assert len(lines) > 3
    assert all({"time", "level", "event"} <= line.keys() for line in lines)
