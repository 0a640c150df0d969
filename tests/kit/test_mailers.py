"""The ways out of the house: a real mail server, also with STARTTLS and a password, and files."""

import asyncio
import gc
import os
import stat
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest
from tests.kit.test_mail import LETTER, arrived, mail
from tests.post import Mail, PostOffice, certificate, post_office

from noughts.kit.logging import log
from noughts.kit.mail import Delayed, Mailer, MailSettings, Refused, mailer
from noughts.kit.mail.mailers import KEPT, Files

ADA = "ada@example.com"
CREDENTIALS = ("noughts", "a password for mail")


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server that trusts its neighbours."""
    with post_office() as found:
        yield found


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    """A mail server that asks for STARTTLS and a password, whose certificate this machine trusts."""
    file, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with post_office(tls=context, credentials=CREDENTIALS) as found:
        yield found


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """The folder of a Noughts without a mail server."""
    return Files(tmp_path / "mails")


def through(office: PostOffice, **different: str) -> Mailer:
    """Return the way through a mail server, its settings different in what is given."""
    return mailer(msgspec.convert(office.settings(**different), MailSettings, strict=False), Path())


async def fails(way: Mailer, wanted: type[Delayed | Refused], one: EmailMessage | None = None) -> str:
    """Return why a mail did not leave."""
    with pytest.raises(wanted) as failed:
        await way.send(one or mail())
    return str(failed.value)


@pytest.fixture(autouse=True)
async def parted() -> AsyncIterator[None]:
    """Let TLS take its leave, which it does after the mail was sent: a loop that ends before leaves a socket open."""
    yield
    await asyncio.sleep(0.1)


async def test_a_mail_arrives_as_text_and_as_html(office: PostOffice) -> None:
    await through(office).send(mail())
    (found,) = office.to(ADA)
    assert (found.text, found.html) == (arrived().text, arrived().html)
    assert office.envelopes == [[ADA]]


async def test_a_mail_arrives_through_starttls_with_a_password(guarded: PostOffice) -> None:
    await through(guarded).send(mail())
    assert [found.id for found in guarded.to(ADA)] == [mail()["Message-ID"]]


async def test_a_mail_arrives_through_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with post_office(tls=context, security="tls") as office:
        await through(office).send(mail())
        assert [found.id for found in office.to(ADA)] == [mail()["Message-ID"]]
        await asyncio.sleep(
            0.1
        )  # TLS takes its leave after the mail is sent; a loop that ends before leaves a socket open


async def test_a_wrong_password_delays_a_mail(guarded: PostOffice) -> None:
    reason = await fails(through(guarded, smtp_password="another"), Delayed)
    assert "535" in reason
    assert "another" not in reason


async def test_a_server_nobody_vouches_for_gets_neither_mail_nor_password(
    guarded: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ResourceWarning
        )  # asyncio leaves the transport of a failed handshake to the collector
        told = await fails(through(guarded), Delayed)
        await asyncio.sleep(0.05)
        gc.collect()
    assert "certificate" in told.lower()
    assert guarded.mails == []


async def test_a_server_that_offers_no_encryption_gets_no_mail_unless_that_was_said(office: PostOffice) -> None:
    await fails(through(office, smtp_security="starttls"), Delayed)
    await fails(through(office, smtp_security="tls"), Delayed)
    assert office.mails == []


async def test_a_server_that_is_gone_delays_a_mail(office: PostOffice) -> None:
    office.close()
    await fails(through(office), Delayed)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [("550 no ada@example.com here", Refused), ("451 ask again, ada@example.com", Delayed), ("421 bye", Delayed)],
)
async def test_what_the_server_says_of_a_recipient_counts_and_is_not_repeated(
    office: PostOffice, answer: str, meaning: type[Delayed | Refused]
) -> None:
    office.refused[ADA] = answer
    reason = await fails(through(office), meaning)
    assert answer[:3] in reason
    assert "ada" not in reason


async def test_an_address_of_another_script_is_reached(office: PostOffice) -> None:
    await through(office).send(mail(msgspec.structs.replace(LETTER, to="ädä@bücher.example")))
    assert office.envelopes == [["ädä@xn--bcher-kva.example"]]


async def test_without_a_server_a_mail_is_a_file_its_owner_alone_may_read(files: Files, tmp_path: Path) -> None:
    await files.send(mail())
    (file,) = (tmp_path / "mails").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert Mail(file.read_bytes()).text == arrived().text


async def test_a_mail_that_comes_twice_is_one_file(files: Files, tmp_path: Path) -> None:
    await files.send(mail())
    await files.send(mail())
    assert len(list((tmp_path / "mails").iterdir())) == 1


async def test_the_log_names_the_file_and_nothing_that_stands_in_it(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(log, "info", lambda event, **facts: told.append(f"{event} {facts}"))
    await files.send(mail())
    (line,) = told
    assert line.startswith("mail_written {'file': ")
    assert not any(secret in line for secret in (ADA, "12345678", "abc"))


async def test_files_go_after_seven_days_and_not_before(files: Files, tmp_path: Path) -> None:
    await files.send(mail())
    (file,) = (tmp_path / "mails").iterdir()
    for age, kept in ((KEPT.total_seconds() - 60, True), (KEPT.total_seconds() + 1, False)):
        set_age(file, age)
        await files.purge()
        assert file.exists() is kept


async def test_nothing_to_remove_is_no_trouble(files: Files) -> None:
    await files.purge()


async def test_a_folder_that_cannot_be_written_delays_a_mail(tmp_path: Path) -> None:
    (tmp_path / "mails").write_text("a file stands here")
    await fails(Files(tmp_path / "mails"), Delayed)


def set_age(file: Path, seconds: float) -> None:
    """Make a file as old as that."""
    at = time.time() - seconds
    os.utime(file, (at, at))
