"""`noughts users to-cognito` and `from-cognito`, run as the operator does."""

import asyncio
import base64
import csv
import hmac
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from noughts.kit import hashes, ids
from noughts.kit.cognito.files import HASH_COLUMN, HEADER
from tests import servers
from tests.cognito.answering import Answer, Service, answering, error
from tests.cognito.emulators import EMULATORS
from tests.cognito.running import RunningPool
from tests.faults.harm import Ended, noughts
from tests.kit.test_hashes import ARGON2I, ARGON2ID, BCRYPT, PASSLIB, SCRYPT

pytestmark = [pytest.mark.usefixtures("credentials"), pytest.mark.slow]
ROLE = "arn:aws:iam::123456789012:role/import-log"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where the data is."""
    return tmp_path / "data"


def take_in(data: Path, *people: dict[str, Any]) -> None:
    """Let people live here."""
    lines = "".join(json.dumps({"email_verified": True, **person}) + "\n" for person in people)
    ended = noughts("users", "import", "-", "--data", str(data), given=lines)
    assert ended.status == 0, ended.err


def person(name: str, stored: str | None = BCRYPT, **different: Any) -> dict[str, Any]:
    """Return a line about somebody."""
    return {"username": name, "email": f"{name}@example.com", "password_hash": stored} | different


def rows(file: Path) -> list[dict[str, str]]:
    """Return what a file says, read as Amazon says that it reads."""
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines, quoting=csv.QUOTE_NONE, escapechar="\\"))


def here(data: Path) -> dict[str, list[str]]:
    """Return the members by id: role, status, username, address."""
    out = noughts("users", "list", "--data", str(data)).out
    return {line.split("\t")[0]: line.split("\t")[1:] for line in out.splitlines()}


# In.


def test_everybody_is_in_the_file_of_their_hash_with_id_and_password(data: Path, tmp_path: Path) -> None:
    known = {"ada": ARGON2ID, "bert": BCRYPT, "cleo": SCRYPT, "dora": PASSLIB, "emil": ARGON2I}
    take_in(data, *(person(name, stored) for name, stored in known.items()))
    out = tmp_path / "out" / "files"
    ended = noughts("users", "to-cognito", str(out), "--data", str(data))
    assert (ended.status, ended.err) == (0, "")
    assert sorted(file.name for file in out.iterdir()) == [
        "argon2id.csv", "bcrypt.csv", "pbkdf2-sha256.csv", "scrypt.csv", "without-hash.csv",
    ]  # fmt: skip
    names = {found[2]: user_id for user_id, found in here(data).items()}
    for name, file, password in (
        ("ada", "argon2id", b"password"), ("bert", "bcrypt", b"U*U"), ("cleo", "scrypt", b"password"),
        ("dora", "pbkdf2-sha256", b"password"),
    ):  # fmt: skip
        [row] = rows(out / f"{file}.csv")
        assert tuple(row) == (*HEADER, HASH_COLUMN)
        assert (row["cognito:username"], row["email"]) == (names[name], f"{name}@example.com")
        assert hashes.check_of(row[HASH_COLUMN])(password)
    [row] = rows(out / "without-hash.csv")
    assert tuple(row) == HEADER
    assert row["cognito:username"] == names["emil"]
    assert f"1 people are in {out}/without-hash.csv (no hash a pool takes: they ask for a new password)." in ended.out


def test_who_stays_behind_is_named_and_why(data: Path, tmp_path: Path) -> None:
    take_in(data, person("ada"), person("bert", email_verified=False), person("cleo", email=None, email_verified=False))
    with servers.serving(data, rate_limits="off") as server, server.client() as client:
        assert client.post("/guests", json={}).status_code == 201
    out = tmp_path / "out"
    ended = noughts("users", "to-cognito", str(out), "--data", str(data))
    assert f"2 stay behind without a verified address: {out}/left-behind.tsv names them." in ended.out
    assert "1 guests stay here: they have no address." in ended.out
    left = [line.split("\t")[1:] for line in (out / "left-behind.tsv").read_text().splitlines()]
    assert left == [["bert", "The address was never verified."], ["cleo", "There is no address."]]
    assert len(rows(out / "bcrypt.csv")) == 1


def test_the_files_are_for_their_owner_alone_and_overwrite_nothing(data: Path, tmp_path: Path) -> None:
    take_in(data, person("ada"))
    out = tmp_path / "out"
    noughts("users", "to-cognito", str(out), "--data", str(data))
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert stat.S_IMODE((out / "bcrypt.csv").stat().st_mode) == 0o600
    before = (out / "bcrypt.csv").read_bytes()
    again = noughts("users", "to-cognito", str(out), "--data", str(data))
    assert (again.status, again.lines) == (1, [f"noughts: {out} is there already: choose another name."])
    assert (out / "bcrypt.csv").read_bytes() == before


def test_where_nobody_can_move_nothing_is_written(data: Path, tmp_path: Path) -> None:
    take_in(data, person("bert", email_verified=False))
    ended = noughts("users", "to-cognito", str(tmp_path / "out"), "--data", str(data))
    assert "There is nobody who could move." in ended.out
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["left-behind.tsv"]


# In, all the way: no emulator imports files, so a service that answers as Amazon's documents say stands for the pool.


class Importing:
    """A pool that imports: it keeps what is sent to it, and how its jobs end is told by `status`."""

    def __init__(self, service: Service, columns: tuple[str, ...] = (*HEADER, HASH_COLUMN)) -> None:
        self.service, self.columns = service, columns
        self.status, self.failed = "Succeeded", 0
        self.waits = 1
        service.answers = self.answer

    def answer(self, asked: str) -> Answer:
        """Return the answer to a call."""
        if asked.startswith("sheet"):
            return Answer(200, b"")
        if asked == "GetCSVHeader":
            return told({"CSVHeader": self.columns})
        job = {
            "JobId": "import-1",
            "PreSignedUrl": f"{self.service.url}/file.sheet?signature=secret",
            "Status": "Created",
        }
        if asked == "DescribeUserImportJob":
            job["Status"] = "InProgress" if self.waits else self.status
            self.waits = max(0, self.waits - 1)
        counts = {"ImportedUsers": 1, "SkippedUsers": 0, "FailedUsers": self.failed, "CompletionMessage": "All done."}
        return told({"UserImportJob": job | counts})


def told(answer: dict[str, Any]) -> Answer:
    """Return an answer of the service."""
    return Answer(200, json.dumps(answer).encode())


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """A service that answers as it is told to."""
    async with answering() as found:
        yield found


async def run(service: Service, data: Path, out: Path, *words: str) -> Ended:
    """Write the files and import them."""
    settings = {"cognito_pool": "eu-central-1_Example", "cognito_endpoint": service.url}
    command = ["users", "to-cognito", str(out), "--run", "--role-arn", ROLE, *words, "--data", str(data)]
    return await asyncio.to_thread(noughts, *command, **settings)


async def test_each_file_is_sent_imported_and_waited_for(data: Path, tmp_path: Path, service: Service) -> None:
    take_in(data, person("ada", ARGON2ID), person("bert"), person("emil", None), person("zoe", status="disabled"))
    Importing(service)
    out = tmp_path / "out"
    ended = await run(service, data, out)
    assert (ended.status, ended.err) == (0, "")
    jobs = [json.loads(body) for asked, body in service.bodies if asked == "CreateUserImportJob"]
    assert [(job["JobName"], job.get("PasswordHashingAlgorithm"), job["CloudWatchLogsRoleArn"]) for job in jobs] == [
        ("noughts-argon2id", "ARGON2ID", ROLE),
        ("noughts-bcrypt", "BCRYPT", ROLE),
        ("noughts-without-hash", None, ROLE),
    ]
    sent = [body for asked, body in service.bodies if asked.startswith("sheet")]
    assert sent == [(out / name).read_bytes() for name in ("argon2id.csv", "bcrypt.csv", "without-hash.csv")]
    assert "argon2id.csv: succeeded: 1 imported, 0 skipped, 0 failed (All done.)\n" in ended.out
    disabled = [json.loads(body)["Username"] for asked, body in service.bodies if asked == "AdminDisableUser"]
    assert disabled == [user_id for user_id, found in here(data).items() if found[2] == "zoe"]


@pytest.mark.parametrize(("status", "failed"), [("Failed", 0), ("Stopped", 0), ("Expired", 0), ("Succeeded", 2)])
async def test_an_import_that_did_not_bring_everybody_says_so(
    data: Path, tmp_path: Path, service: Service, status: str, failed: int
) -> None:
    take_in(data, person("bert"))
    importing = Importing(service)
    importing.status, importing.failed, importing.waits = status, failed, 0
    ended = await run(service, data, tmp_path / "out")
    assert ended.status == 1
    assert f"bcrypt.csv: {status.lower()}: 1 imported, 0 skipped, {failed} failed" in ended.out
    assert "CloudWatch Logs" in ended.out


async def test_a_column_the_pool_does_not_name_is_asked_for(data: Path, tmp_path: Path, service: Service) -> None:
    take_in(data, person("bert"))
    Importing(service, HEADER)
    ended = await run(service, data, tmp_path / "out")
    assert ended.lines == ["noughts: The pool does not say in which column hashes stand: name it with --hash-column."]
    assert not (tmp_path / "out").exists()
    assert (await run(service, data, tmp_path / "out", "--hash-column", "a:hash")).status == 0
    assert tuple(rows(tmp_path / "out" / "bcrypt.csv")[0]) == (*HEADER, "a:hash")


async def test_columns_of_a_pools_own_are_in_the_file(data: Path, tmp_path: Path, service: Service) -> None:
    take_in(data, person("bert"))
    Importing(service, ("custom:team", *HEADER, "cognito:password"))
    assert (await run(service, data, tmp_path / "out")).status == 0
    assert tuple(rows(tmp_path / "out" / "bcrypt.csv")[0]) == ("custom:team", *HEADER, "cognito:password")


async def test_a_file_that_cannot_be_sent_is_one_line_that_tells_no_address(
    data: Path, tmp_path: Path, service: Service
) -> None:
    take_in(data, person("bert"))
    importing = Importing(service)
    service.answers = lambda asked: Answer(403, b"") if asked.startswith("sheet") else importing.answer(asked)
    ended = await run(service, data, tmp_path / "out")
    assert ended.lines == ["noughts: bcrypt.csv could not be sent to Amazon: HTTPStatusError."]
    assert "StartUserImportJob" not in service.asked
    assert (tmp_path / "out" / "bcrypt.csv").exists()


async def test_a_job_the_pool_refuses_is_told_with_its_reason(data: Path, tmp_path: Path, service: Service) -> None:
    take_in(data, person("bert"))
    importing = Importing(service)
    why = "Role cannot be assumed"
    service.answers = lambda asked: (
        error("InvalidParameterException", why) if asked == "CreateUserImportJob" else importing.answer(asked)
    )
    ended = await run(service, data, tmp_path / "out")
    assert ended.status == 1
    assert why in ended.err


@pytest.mark.parametrize(
    ("words", "missing"), [(("to-cognito", "out", "--run"), "--role-arn"), (("from-cognito",), "NOUGHTS_COGNITO_POOL")]
)
def test_what_is_missing_is_one_line(data: Path, tmp_path: Path, words: tuple[str, ...], missing: str) -> None:
    take_in(data, person("bert"))
    ended = noughts("users", *words, "--data", str(data))
    assert (ended.status, len(ended.lines)) == (1, 1)
    assert missing in ended.lines[0]


# Out.


def settle(cognito: RunningPool, name: str, **attributes: str) -> None:
    """Let somebody live in the pool."""
    listed = [{"Name": attribute, "Value": value} for attribute, value in attributes.items()]
    cognito.admin.admin_create_user(
        UserPoolId=cognito.pool, Username=name, MessageAction="SUPPRESS", UserAttributes=listed
    )


def take_out(cognito: RunningPool, data: Path, *words: str) -> Ended:
    """Add the people of the pool."""
    settings = {name: value for name, value in cognito.settings.items() if name != "identity"}
    return noughts("users", "from-cognito", *words, "--data", str(data), **settings)


@pytest.fixture
def own(cognito: RunningPool, monkeypatch: pytest.MonkeyPatch) -> RunningPool:
    """The emulator with a pool of the test's own."""
    cognito.__dict__.pop("client", None)
    cognito.__dict__.pop("pool", None)
    return cognito


everywhere = pytest.mark.parametrize("cognito", EMULATORS, indirect=True)


@everywhere
def test_people_of_a_pool_come_with_their_ids_once_however_often(own: RunningPool, data: Path) -> None:
    people = [ids.new() for _ in range(65)]
    for number, user_id in enumerate(people):
        settle(own, user_id, email=f"person{number}@example.com", email_verified="true")
    own.admin.admin_disable_user(UserPoolId=own.pool, Username=people[0])
    rehearsed = take_out(own, data, "--dry-run")
    assert (rehearsed.status, rehearsed.out) == (0, "65 would be added; 0 are here already.\n")
    assert here(data) == {}
    first, again = (take_out(own, data) for _ in range(2))
    assert (first.status, first.out) == (0, "65 added; 0 are here already.\n")
    assert (again.status, again.out) == (0, "0 added; 65 are here already.\n")
    found = here(data)
    assert found.keys() == set(people)
    assert [found[user_id][1] for user_id in people[:2]] == ["disabled", "active"]
    assert all(name.startswith("player-") and "person" not in name for _, _, name, _ in found.values())


@everywhere
def test_whoever_is_here_stays_as_they_are(own: RunningPool, data: Path) -> None:
    user_id = ids.new()
    take_in(data, person("ada", id=user_id))
    settle(own, user_id, email="another@example.com", email_verified="true", preferred_username="adelaide")
    ended = take_out(own, data)
    assert (ended.status, ended.out) == (0, "0 added; 1 are here already.\n")
    assert here(data)[user_id][2:] == ["ada", "ada@example.com"]


@everywhere
def test_who_cannot_come_is_named_and_holds_back_nobody(own: RunningPool, data: Path) -> None:
    take_in(data, person("ada"))
    right, nowhere, taken, namesake = (ids.new() for _ in range(4))
    settle(own, right, email="right@example.com", email_verified="true", preferred_username="rita")
    settle(own, nowhere)
    settle(own, taken, email="ADA@example.com")
    settle(own, namesake, email="namesake@example.com", email_verified="true", preferred_username="Ada")
    ended = take_out(own, data)
    assert ended.status == 1
    assert ended.out == "2 added; 0 are here already.\n"
    assert sorted(ended.lines) == sorted(
        [
            f"{nowhere}: email: Without an address and without a password nobody could ever sign in.",
            f"{taken}: email: That email address is taken.",
        ]
    )
    found = here(data)
    assert found[right][2] == "rita"
    assert found[namesake][2].startswith("player-")
    assert taken not in found


@everywhere
def test_a_name_that_is_no_id_stays_a_name(own: RunningPool, data: Path) -> None:
    settle(own, "william", email="william@example.com", email_verified="true")
    ended = take_out(own, data)
    assert ended.status == 0
    assert "1 have another id here than in the pool" in ended.out
    [(user_id, found)] = here(data).items()
    assert user_id != "william"
    assert found[2] == "william"
    assert take_out(own, data).out.startswith("0 added; 1 are here already.\n")


@everywhere
def test_who_never_confirmed_an_address_stays_in_the_pool_and_takes_it_from_nobody(
    own: RunningPool, data: Path
) -> None:
    left, real = ids.new(), ids.new()
    address = [{"Name": "email", "Value": "ada@example.com"}]
    sign_up = {"ClientId": own.client["ClientId"], "Username": left, "Password": "correct-horse-battery"}
    if proof := own.client.get("ClientSecret"):
        given = hmac.digest(proof.encode(), (left + own.client["ClientId"]).encode(), "sha256")
        sign_up["SecretHash"] = base64.b64encode(given).decode()
    own.admin.sign_up(**sign_up, UserAttributes=address)
    settle(own, real, email="ada@example.com", email_verified="true")
    ended = take_out(own, data)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == "1 added; 0 are here already.\n1 never confirmed an address, and were passed over.\n"
    assert here(data).keys() == {real}


def test_who_is_imported_while_a_pool_keeps_the_passwords_is_said_to_be_in_no_pool(data: Path) -> None:
    settings = {"identity": "cognito", "cognito_pool": "eu-central-1_Example", "cognito_client": "client"}
    line = json.dumps(person("ada"))
    ended = noughts("users", "import", "-", "--data", str(data), given=line, **settings)
    assert ended.status == 0
    assert "1 added" in ended.out
    assert "cannot sign in until they are in the user pool" in ended.out


async def test_a_pool_that_throttles_is_asked_again(data: Path, service: Service) -> None:
    answers = [error("TooManyRequestsException"), told({"Users": []})]
    service.answers = lambda _: answers.pop(0)
    settings = {"cognito_pool": "eu-central-1_Example", "cognito_endpoint": service.url}
    ended = await asyncio.to_thread(noughts, "users", "from-cognito", "--data", str(data), **settings)
    assert (ended.status, ended.out) == (0, "0 added; 0 are here already.\n")
    assert service.asked == ["ListUsers"] * 2
