"""The ways out of the house: a mail server, or files in a folder for whoever has none."""

import asyncio
import contextlib
import os
import ssl
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from noughts.kit.logging import log
from noughts.kit.workers import HOUR, Work, every

if TYPE_CHECKING:
    from email.message import EmailMessage

    import aiosmtplib

KEPT: Final = timedelta(days=7)
_COMMAND_S: Final = 30.0
_DEADLINE_S: Final = 90.0
_PERMANENT: Final = range(500, 600)


class Delayed(Exception):
    """The mail could not be handed over; later it may be. Its text names nobody and tells no secret."""


class Refused(Exception):
    """Nobody will ever take this mail. Its text names nobody and tells no secret."""


class Mailer(Protocol):
    """A way out; `place` says where mails go."""

    place: str

    async def send(self, mail: "EmailMessage") -> None:
        """Return once the mail is in other hands; raises Delayed, Refused. Repeated, the same mail arrives again."""

    def workers(self) -> list[Work]:
        """Return the work that comes round again."""


class Smtp:
    """A mail server, spoken to over a connection for each mail."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Literal["starttls", "tls", "none"],
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        self.place = f"sent through {host}:{port}"
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username, password
        self._trusted: ssl.SSLContext | None = None

    async def send(self, mail: "EmailMessage") -> None:
        import aiosmtplib

        if self._trusted is None and self._security != "none":
            self._trusted = await asyncio.to_thread(
                ssl.create_default_context
            )  # 30 ms of work: once, not for each mail
        server = self._server()
        try:
            async with asyncio.timeout(_DEADLINE_S):
                await server.connect()
                await server.send_message(mail)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _meaning(error) from None  # what a server says may name the recipient
        else:
            log.info("mail_sent", mail=str(mail["Message-ID"]))
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):  # it has the mail: how we part is no matter
                await server.quit(timeout=1)
        finally:
            server.close()

    def workers(self) -> list[Work]:
        return []

    def _server(self) -> "aiosmtplib.SMTP":
        import aiosmtplib

        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            tls_context=self._trusted,
            timeout=_COMMAND_S,
        )


def _meaning(error: Exception) -> Delayed | Refused:
    """Return what a failure means: only what is said of the recipient or of the mail itself is final (RFC 5321, 4.2.1)."""
    import aiosmtplib

    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return Refused(error.message)
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return Delayed(str(error) or type(error).__name__)
    reason = f"{type(error).__name__} {error.code}"
    final = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    return Refused(reason) if final and error.code in _PERMANENT else Delayed(reason)


class Files:
    """A folder that holds each mail of the last seven days as an `.eml` file, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self.place = f"written to {folder.absolute()}"
        self._folder = folder

    async def send(self, mail: "EmailMessage") -> None:
        from email.policy import SMTPUTF8

        name = mail["Message-ID"].strip("<>").partition("@")[0]
        file = self._folder / f"{name}.eml"
        try:
            await asyncio.to_thread(_write, file, mail.as_bytes(policy=SMTPUTF8))
        except OSError as error:
            raise Delayed(error.strerror or str(error)) from None
        log.info("mail_written", file=str(file))

    def workers(self) -> list[Work]:
        return [every(HOUR, self.purge)]

    async def purge(self) -> None:
        """Remove the mails that were written more than seven days ago."""
        await asyncio.to_thread(_forget, self._folder, time.time() - KEPT.total_seconds())


def _write(file: Path, mail: bytes) -> None:
    """Write a file that is there as a whole or not at all."""
    for folder in (file.parent.parent, file.parent):  # a service that runs apart has made no data directory
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        handle.write(mail)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(file)


def _forget(folder: Path, before: float) -> None:
    for file in [*folder.glob("*.eml"), *folder.glob("*.draft")]:
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            if file.stat().st_mtime < before:
                file.unlink()
