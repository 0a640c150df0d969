"""What attackers write into accounts, as it arrives in mailboxes."""

from collections.abc import Iterator

import pytest

from tests import servers
from tests.post import PostOffice, post_office

PASSWORD = "a lighthouse keeps its secret"


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    """A mail server."""
    with post_office() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, office: PostOffice) -> Iterator[servers.Process]:
    """A server that sends its mails through it."""
    data = tmp_path_factory.mktemp("mail") / "data"
    with servers.serving(data, rate_limits="off", base_url="https://play.example", **office.settings()) as process:
        yield process


def register(server: servers.Process, username: str, email: str, **headers: str) -> int:
    """Return the status of a registration."""
    body = {"username": username, "email": email, "password": PASSWORD}
    with server.client() as client:
        return client.post("/users", json=body, headers=headers).status_code


@pytest.mark.parametrize(
    "email",
    [
        "a@b.example\r\nBcc: x@y.example", "a@b.example\nBcc: x@y.example", '"a\nTo:"@b.example', "a@b.example,x@y.example",
        "a@b.example x@y.example", "<a@b.example>", "A <a@b.example>", '"a"@b.example', "a@b.example\0", "a@[127.0.0.1]",
        "a@b.example\u2028Bcc: x@y.example", "a%0d%0aBcc:x@y.example@b.example\r", "a@b.example>\r\nRCPT TO:<x@y.example",
    ],
)  # fmt: skip
def test_an_address_brings_no_second_recipient(server: servers.Process, office: PostOffice, email: str) -> None:
    assert register(server, "mallory", email) == 422
    assert not any("x@y.example" in recipients for recipients in office.envelopes)


@pytest.mark.parametrize("local", ["{{7*7}}", "${jndi}", "a`b", "#{x}", "a'or'b", "a&b", "a%s", "a{0}"])
def test_an_address_that_looks_like_a_template_is_written_as_it_is(
    server: servers.Process, office: PostOffice, local: str
) -> None:
    name = f"n{local.encode().hex()}"[:20]
    assert register(server, name, f"{local}@example.com") == 201
    (found,) = office.wait(f"{local}@example.com")
    assert office.envelopes[office.mails.index(found)] == [f"{local}@example.com"]
    assert f"Hello {name}," in found.text
    assert "49" not in found.text.replace(found.secret, "").replace(found.code, "").replace(name, "")


def test_a_link_leads_home_whatever_host_the_request_named(server: servers.Process, office: PostOffice) -> None:
    register(server, "hosted", "hosted@example.com", **{"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    (found,) = office.wait("hosted@example.com")
    assert found.link.startswith("https://play.example/")
    assert "evil.example" not in found.text + found.html


def test_the_log_names_no_recipient_and_no_secret(server: servers.Process, office: PostOffice) -> None:
    register(server, "quietly", "quietly@example.com")
    (found,) = office.wait("quietly@example.com")
    told = server.log.read_text()
    assert '"event":"mail_sent"' in told
    assert not any(secret in told for secret in (found.to, found.secret, found.code, PASSWORD))
