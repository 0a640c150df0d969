"""Where the mails of tests arrive: a letter box in the house, a real mail server, the folder of files; and what they say."""

import asyncio
import email
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from noughts.kit.mail import Delayed, Refused
from noughts.kit.workers import Work
from tests.servers import free_port

_LINK = re.compile(r"^https?://\S+$", re.MULTILINE)
_CODE = re.compile(r"^\d{6,}$", re.MULTILINE)
_PATIENCE_S = 20.0


class Mail:
    """A mail as it arrived."""

    def __init__(self, raw: bytes) -> None:
        message = email.message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text is not None
        assert html is not None
        self.head = message
        self.to, self.subject, self.id = str(message["To"]), str(message["Subject"]), str(message["Message-ID"])
        self.text = text.get_content().replace("\r\n", "\n")
        self.html: str = html.get_content()

    @property
    def link(self) -> str:
        """The address of its button."""
        found = _LINK.search(self.text)
        assert found, self.text
        return found[0]

    @property
    def secret(self) -> str:
        """What stands behind the last `=` or `#` of its link: the token."""
        return re.split("[=#]", self.link)[-1]

    @property
    def code(self) -> str:
        """The code it carries."""
        found = _CODE.search(self.text)
        assert found, self.text
        return found[0]


class Box:
    """A letter box in the house itself, as a third way out.

    `trouble` is what it says to whoever brings a mail; mails to those in `hanging` it never answers.
    """

    place = "in a letter box"

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.hanging: set[str] = set()
        self.trouble: Callable[[EmailMessage], Delayed | Refused | None] = lambda _: None

    async def send(self, mail: EmailMessage) -> None:
        """Take a mail in."""
        if mail["To"] in self.hanging:
            await asyncio.Event().wait()
        if trouble := self.trouble(mail):
            raise trouble
        self.mails.append(Mail(mail.as_bytes()))

    def workers(self) -> list[Work]:
        """Return nothing: there is nothing to be done again."""
        return []

    def to(self, address: str) -> list[Mail]:
        """Return the mails to an address, the oldest first."""
        return [mail for mail in self.mails if mail.to == address]


class PostOffice:
    """A real mail server on loopback; it keeps its mails while it is closed, and can be opened again.

    It says what `refused` holds to recipients named there; while `silent` it never answers who brings a mail.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        security: str = "starttls",
        credentials: tuple[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.mails: list[Mail] = []
        self.envelopes: list[list[str]] = []
        self.refused: dict[str, str] = {}
        self.silent, self.brought = False, 0
        self._tls, self._credentials = tls, credentials
        self._security = security if tls else "none"
        self._server: Controller | None = None

    def settings(self, **different: str) -> dict[str, str]:
        """Return what a Noughts that sends through it has to be told."""
        chosen = {"smtp_host": "localhost" if self._tls else "127.0.0.1", "smtp_port": str(self.port)}
        chosen |= {"mail_from": "Noughts <noughts@play.example>", "smtp_security": self._security}
        if self._credentials:
            chosen |= dict(zip(("smtp_username", "smtp_password"), self._credentials, strict=True))
        return chosen | different

    def open(self) -> None:
        """Take mails in from now on."""
        demands: dict[str, Any] = {}
        if self._security == "starttls":
            demands |= {"tls_context": self._tls, "require_starttls": True}
        if self._security == "tls":
            demands |= {"ssl_context": self._tls}
        if self._credentials:
            demands |= {"auth_required": True, "authenticator": self._authenticate}
        host = "localhost" if self._tls else "127.0.0.1"
        self._server = Controller(self, hostname=host, port=self.port, enable_SMTPUTF8=True, **demands)
        self._server.start()

    def close(self) -> None:
        """Be gone."""
        if self._server is not None:
            self._server.stop(no_assert=True)
            self._server = None

    def to(self, address: str) -> list[Mail]:
        """Return the mails to an address, in the order they came."""
        return [mail for mail in self.mails if mail.to == address]

    def wait(self, address: str, count: int = 1) -> list[Mail]:
        """Return the mails to an address once there are that many."""
        return _until(lambda: self.to(address), count)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or say why not."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail in."""
        self.brought += 1
        if self.silent:
            await asyncio.Event().wait()
        assert isinstance(envelope.content, bytes)
        self.envelopes.append([str(recipient) for recipient in envelope.rcpt_tos])
        self.mails.append(Mail(envelope.content))
        return "250 OK"

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        fits = isinstance(given, LoginPassword) and (given.login.decode(), given.password.decode()) == self._credentials
        return AuthResult(success=fits, handled=False)


@contextmanager
def post_office(**demands: Any) -> Iterator[PostOffice]:
    """Run a mail server for the length of a block."""
    office = PostOffice(**demands)
    office.open()
    try:
        yield office
    finally:
        office.close()


def files(data: Path) -> list[Mail]:
    """Return the mails among the files of a Noughts without a mail server, the oldest first."""
    return [Mail(file.read_bytes()) for file in sorted((data / "mails").glob("*.eml"))]


def filed(data: Path, address: str, count: int = 1, *, subject: str = "") -> list[Mail]:
    """Return the mails to an address, about a subject if one is named, once there are that many."""
    return _until(lambda: [mail for mail in files(data) if mail.to == address and subject in mail.subject], count)


def _until(look: Callable[[], list[Mail]], count: int) -> list[Mail]:
    deadline = time.monotonic() + _PATIENCE_S
    while len(found := look()) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} mails after {_PATIENCE_S} s"
        time.sleep(0.05)
    return found


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return a self-made certificate of localhost, and what a server needs to show it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, private = folder / "certificate.pem", folder / "key.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*form))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, private)
    return file, context
