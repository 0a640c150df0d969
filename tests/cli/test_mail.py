"""Trying out mail from the command line."""

from pathlib import Path

import pytest

from tests.faults.harm import noughts, refused
from tests.post import files, post_office

ADA = "ada@example.com"


def test_a_mail_is_sent_at_once_and_where_to_is_said() -> None:
    with post_office() as office:
        ended = noughts("mail", ADA, **office.settings())
        assert (ended.status, [mail.to for mail in office.mails]) == (0, [ADA])
    assert f"sent through 127.0.0.1:{office.port}" in ended.out


def test_without_a_mail_server_it_is_a_file(tmp_path: Path) -> None:
    ended = noughts("mail", ADA, "--data", str(tmp_path / "data"))
    assert ended.status == 0, ended
    assert [mail.to for mail in files(tmp_path / "data")] == [ADA]


def test_what_stands_in_the_way_is_told_in_one_line() -> None:
    with post_office() as office:
        office.refused[ADA] = "550 no such mailbox"
        assert refused(unknown := noughts("mail", ADA, **office.settings()))
        assert refused(noughts("mail", ADA, **office.settings(smtp_security="starttls")))
    assert refused(gone := noughts("mail", ADA, **office.settings()))
    assert "550" in unknown.err
    assert "connect" in gone.err.lower()


@pytest.mark.parametrize(
    "address", ["", "ada", "@", "ada@", "ada@example.com\nBcc: eve@example.com", "\udcff@example.com"]
)
def test_what_is_no_address_is_refused(tmp_path: Path, address: str) -> None:
    assert refused(noughts("mail", "--data", str(tmp_path / "data"), "--", address))
