"""Where it cannot start it says why, in one line."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers
from tests.faults.harm import environment, noughts, refused, serve


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A place for a data directory that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture
def used(data: Path) -> Path:
    """A data directory a server has been running on."""
    with servers.serving(data):
        pass
    return data


@pytest.mark.parametrize(
    "settings",
    [
        {"port": "abc"}, {"port": "-1"}, {"port": "70000"}, {"port": ""}, {"prot": "8000"}, {"": "x"}, {"log": "loud"},
        {"rate_limits": "maybe"}, {"password_min": "3"}, {"hash_memory_kib": "8"}, {"hash_queue": "0"}, {"signing_algorithm": "none"},
        {"trusted_proxies": "everyone"}, {"trusted_proxies": "10.0.0.1/8"}, {"origin_secret": "short"}, {"host": "nowhere.invalid"}, {"host": "a" * 70},
        {"database": "mysql://localhost/x"}, {"database": "postgresql://127.0.0.1:1/x"}, {"port_file": "/nowhere/at/all"},
        {"database_file": "/dev/null/x"}, {"port_file": sys.executable}, {"hash_memory_kib": str(2**40)}, {"hash_passes": str(2**40)},
    ],
    ids=str,
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named_in_one_line(data: Path, settings: dict[str, str]) -> None:
    port = [] if {"port", "port_file"} & settings.keys() else ["--port", str(servers.free_port())]

    ended = noughts("serve", "--data", str(data), *port, **settings)

    assert refused(ended), ended


def test_a_port_in_use_is_told_in_one_line(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = noughts("serve", "--data", str(data), "--port", str(other.getsockname()[1]))

    assert refused(ended), ended
    assert "another program listens there" in ended.err


def test_an_admin_port_in_use_is_told_in_one_line(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = serve(data, admin_port=str(other.getsockname()[1]))

    assert refused(ended), ended


def test_a_second_server_on_the_same_data_is_refused_and_the_first_goes_on(data: Path) -> None:
    with servers.serving(data) as first, first.client() as client:
        ended = serve(data)

        assert refused(ended), ended
        assert client.post("/guests", json={}).status_code == 201


@pytest.mark.parametrize("place", ["/proc/noughts", "/dev/null/data", "/sys/noughts"])
def test_a_place_where_nothing_can_be_written_is_told_in_one_line(place: str) -> None:
    ended = serve(Path(place))

    assert refused(ended), ended


def test_a_file_where_the_data_directory_should_be_is_told_in_one_line(data: Path) -> None:
    data.write_text("not a directory")

    assert refused(serve(data))
    assert refused(serve(data / "below"))


def test_a_read_only_data_directory_is_told_in_one_line(used: Path) -> None:
    if subprocess.run(["mount", "--bind", "-o", "ro", used, used], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs privileges this machine does not give")
    subprocess.run(["mount", "-o", "remount,ro,bind", used], check=True)
    try:
        ended = serve(used)
    finally:
        subprocess.run(["umount", used], check=True)

    assert refused(ended), ended


@pytest.mark.parametrize("content", [b"", b"too short", b"zz" * 32, b"ab" * 31, b"\xff\xfe\x00", b"ab" * 32])
def test_a_damaged_secret_is_told_in_one_line_and_left_alone(used: Path, content: bytes) -> None:
    (used / "secret").write_bytes(content)

    ended = serve(used)

    assert refused(ended), ended
    assert (used / "secret").read_bytes() == content


def test_a_secret_that_was_lost_is_told_in_one_line(used: Path) -> None:
    (used / "secret").unlink()

    assert refused(serve(used))


@pytest.mark.parametrize("name", ["secret", "noughts.db", "noughts.lock"])
def test_a_directory_where_a_file_should_be_is_told_in_one_line(data: Path, name: str) -> None:
    (data / name).mkdir(parents=True)

    ended = serve(data)

    assert refused(ended), ended


@pytest.mark.parametrize(
    "content", [b"this is no database, whatever its name says" * 100, b"SQLite format 3\0" + b"\xff" * 5_000]
)
@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("users", "list"), ("db", "migrate")], ids=" ".join)
def test_what_is_no_database_is_told_in_one_line_and_left_alone(
    data: Path, content: bytes, words: tuple[str, ...]
) -> None:
    data.mkdir()
    (data / "noughts.db").write_bytes(content)

    ended = noughts(*words, "--data", str(data))

    assert refused(ended), ended
    assert (data / "noughts.db").read_bytes() == content


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("users", "list")], ids=" ".join)
def test_a_schema_that_is_too_new_is_told_in_one_line(used: Path, words: tuple[str, ...]) -> None:
    with sqlite3.connect(used / "noughts.db") as connection:
        connection.execute("UPDATE schema_floor SET oldest_code = '9999'")
    connection.close()

    ended = noughts(*words, "--data", str(used))

    assert refused(ended), ended
    assert "too new" in ended.err


def test_a_newer_schema_that_says_this_code_may_live_with_it_is_used(used: Path) -> None:
    with sqlite3.connect(used / "noughts.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    with servers.serving(used) as process, process.client() as client:
        assert client.post("/guests", json={}).status_code == 201


@pytest.mark.parametrize(
    "words",
    [
        ("users", "promote", "nobody-here"), ("users", "promote", ""), ("users", "promote", "\udcff"), ("users", "promote", "computer-1"),
        ("users", "create", "a", "a@example.com", "--password-file", "-"), ("users", "create", "abc", "no-address", "--password-file", "-"),
        ("users", "create", "abc", "\udcff@example.com", "--password-file", "-"),
        ("users", "create", "abc", "abc@example.com", "--password-file", "/nowhere"),
        ("users", "create", "abc", "abc@example.com", "--password-file", sys.executable),
        ("users", "create", "abc", "abc@example.com"),
    ],
    ids=str,
)  # fmt: skip
def test_what_the_command_line_cannot_do_is_told_without_a_traceback(used: Path, words: tuple[str, ...]) -> None:
    ended = noughts(*words, "--data", str(used), given="a good password")

    assert ended.status == 1, ended
    assert "Traceback" not in ended.err
    assert "noughts: " in ended.lines[-1]


@pytest.mark.parametrize("words", [("users", "bogus"), ("users", "create"), ("serve", "--port", "http")], ids=str)
def test_words_the_command_line_does_not_know_are_one_line_and_status_2(words: tuple[str, ...]) -> None:
    ended = noughts(*words)

    assert (ended.status, len(ended.lines)) == (2, 1), ended
    assert "--help" in ended.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_with_status_0(data: Path, number: signal.Signals) -> None:
    process = servers.Process(data).start()

    os.kill(process.pid, number)

    assert process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_finished_before_the_end(data: Path, number: signal.Signals) -> None:
    process = servers.Process(data, hash_passes="60").start()
    body = b'{"username":"somebody","password":"whatever it is"}'
    head = f"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", process.port), timeout=15) as connection:
        connection.sendall(head.encode() + body)
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):  # it is being worked on
            connection.recv(1)

        os.kill(process.pid, number)
        connection.settimeout(15)
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert process.wait() == 0


def test_a_log_that_cannot_be_written_costs_no_request(data: Path) -> None:
    port = servers.free_port()
    command = [sys.executable, "-m", "noughts", "serve", "--port", str(port), "--data", str(data)]
    with Path("/dev/full").open("wb") as full:
        running = subprocess.Popen(
            command, env=environment(), stdout=subprocess.DEVNULL, stderr=full, start_new_session=True
        )
    process = servers.Process(data)
    process.port, process._process = port, running
    try:
        process.until_it_answers()
        with process.client() as client:
            assert [client.post("/guests", json={}).status_code for _ in range(5)] == [201] * 5
    finally:
        process.stop()
