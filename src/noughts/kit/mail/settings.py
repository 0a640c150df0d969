"""Where mails go, as an operator chooses it."""

from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

from noughts.kit.errors import Refusal
from noughts.kit.mail.mailers import Files, Mailer, Smtp

Security = Literal["starttls", "tls", "none"]
_NOBODY: Final = "Noughts <noughts@localhost>"
_PORTS: Final[dict[Security, int]] = {"starttls": 587, "tls": 465, "none": 25}


class MailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about mail."""

    smtp_host: Annotated[str, Meta(description="Mail server; empty: mails are written to <data>/mails.")] = ""
    smtp_port: Annotated[int, Meta(description="Its port; 0: 587, or 465 with tls, 25 with none.", ge=0, le=65535)] = 0
    smtp_username: Annotated[str, Meta(description="Whom to sign in as there; empty: nobody.")] = ""
    smtp_password: Annotated[str, Meta(description="The password that goes with it.")] = ""
    smtp_security: Annotated[Security, Meta(description="How the connection is encrypted: starttls, tls or none.")] = (
        "starttls"
    )
    mail_from: Annotated[str, Meta(description="Whom mails come from: Noughts <noughts@example.com>.")] = ""


class Sender(NamedTuple):
    """Whom mails come from, and where that is to be found."""

    name: str
    address: str
    home: str

    @property
    def domain(self) -> str:
        """The part of the address that names a host."""
        return self.address.rpartition("@")[2]


def mailer(chosen: MailSettings, folder: Path) -> Mailer:
    """Return the way mails leave by, files in the folder unless there is a mail server; raises Refusal."""
    if not chosen.smtp_host:
        return Files(folder)
    if not chosen.mail_from:
        raise Refusal("NOUGHTS_MAIL_FROM is missing: a mail server must be told whom mails come from.")
    if bool(chosen.smtp_username) != bool(chosen.smtp_password):
        raise Refusal("NOUGHTS_SMTP_USERNAME and NOUGHTS_SMTP_PASSWORD go together.")
    if chosen.smtp_username and chosen.smtp_security == "none":
        raise Refusal("NOUGHTS_SMTP_SECURITY=none would send NOUGHTS_SMTP_PASSWORD in the clear.")
    return Smtp(
        chosen.smtp_host,
        chosen.smtp_port or _PORTS[chosen.smtp_security],
        security=chosen.smtp_security,
        username=chosen.smtp_username or None,
        password=chosen.smtp_password or None,
    )


def sender(chosen: MailSettings, home: str) -> Sender:
    """Return whom mails come from; raises Refusal."""
    found = Sender(*parseaddr(chosen.mail_from or _NOBODY), home)
    at = found.address.find("@")
    if at < 1 or not found.domain or not (found.address.isascii() and found.address.isprintable()):
        raise Refusal("NOUGHTS_MAIL_FROM is no address: it looks like Noughts <noughts@example.com>.")
    return found
