"""What a letter looks like as a mail, and that nothing in it is ever more than text."""

from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.post import Mail

from noughts.kit.errors import Refusal
from noughts.kit.mail import MailSettings, mailer, sender
from noughts.kit.mail.mailers import Smtp
from noughts.kit.mail.message import written
from noughts.kit.outbox import Letter

LETTER = Letter(
    kind="verify-email",
    to="ada@example.com",
    subject="Confirm your address",
    paragraphs=("Hello Ada,", "one click and you can play under this address."),
    link=("Confirm the address", "https://play.example/verify#token=abc&kind=1"),
    code="12345678",
    closing=("Was that not you? Then do nothing.",),
)
HOME = "https://play.example"
FROM = sender(MailSettings(mail_from="Noughts <noughts@play.example>"), HOME)
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ATTACKS = ("{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", '"><img src=x onerror=y>', "{0}", "%s", "&amp;")


class Markup(HTMLParser):
    """What a reader's program makes of HTML: its elements, the addresses it would fetch, its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def mail(letter: Letter = LETTER) -> EmailMessage:
    """Return a letter as it is sent."""
    return written(letter, FROM, "0190a6c4-0000-7000-8000-000000000001", AT)


def arrived(**different: object) -> Mail:
    """Return a letter as it arrives, different in the fields given."""
    return Mail(mail(msgspec.structs.replace(LETTER, **different)).as_bytes())


def saying(words: str) -> Mail:
    """Return a letter that says the same words wherever it says anything."""
    link = (words, f"https://x.example/{words}")
    return arrived(subject=words, paragraphs=(words,), closing=(words,), code=words, link=link)


def test_it_says_from_whom_to_whom_when_and_that_nobody_typed_it() -> None:
    head = arrived().head
    assert head["From"] == "Noughts <noughts@play.example>"
    assert (head["To"], head["Subject"]) == ("ada@example.com", "Confirm your address")
    assert head["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    assert head["Message-ID"] == "<0190a6c4-0000-7000-8000-000000000001@play.example>"
    assert head["Auto-Submitted"] == "auto-generated"


def test_it_says_the_same_as_text_and_as_html() -> None:
    found = arrived()
    for said in (*LETTER.paragraphs, *LETTER.closing, LETTER.code, LETTER.link[1] if LETTER.link else "", HOME):
        assert said in found.text
        assert said in Markup(found.html).text
    assert (found.link, found.code) == ("https://play.example/verify#token=abc&kind=1", "12345678")


def test_asked_for_twice_it_is_the_same_mail() -> None:
    assert mail().as_bytes() == mail().as_bytes()


def test_nothing_in_it_is_fetched_from_anywhere() -> None:
    found = Markup(arrived().html)
    assert not {"img", "link", "script", "style", "iframe", "object"} & set(found.elements)
    assert [value for name, value in found.attributes if name in ("src", "href", "background")] == [arrived().link]
    assert "url(" not in arrived().html


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_and_templates_in_what_people_choose_are_shown_as_they_are(attack: str) -> None:
    shown, calm = Markup(saying(attack).html), Markup(saying("calm").html)
    assert shown.elements == calm.elements
    assert [name for name, _ in shown.attributes] == [name for name, _ in calm.attributes]
    assert shown.text == calm.text.replace("calm", attack)
    assert saying(attack).subject == attack
    assert saying(attack).text == saying("calm").text.replace("calm", attack)


@given(st.text())
def test_whatever_a_paragraph_says_arrives_and_adds_no_element(words: str) -> None:
    calm = "".join(character for character in words if character.isprintable())
    found = arrived(paragraphs=(calm,))
    assert Markup(found.html).elements == Markup(arrived(paragraphs=("",)).html).elements
    assert calm in Markup(found.html).text


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", "\0", "\u2028", "\x85"])
@pytest.mark.parametrize("field", ["to", "subject"])
def test_no_second_line_stands_in_the_head_of_a_letter(field: str, ending: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        msgspec.structs.replace(LETTER, **{field: f"a@b.example{ending}Bcc: x@y.example"})


def test_a_letter_has_one_recipient_whatever_the_address_is() -> None:
    for address in ("a,b@x.example", "a<b@x.example", '"a"@x.example', "a b@x.example", "a;b:c@x.example"):
        (recipient,) = mail(msgspec.structs.replace(LETTER, to=address))["To"].addresses
        assert recipient.domain == "x.example"


def test_an_address_of_another_script_reaches_its_server() -> None:
    assert arrived(to="ada@bücher.example").to == "ada@xn--bcher-kva.example"
    (recipient,) = mail(msgspec.structs.replace(LETTER, to="ädä@bücher.example"))["To"].addresses
    assert recipient.addr_spec == "ädä@xn--bcher-kva.example"


def test_every_line_of_a_mail_is_short_enough_for_any_server() -> None:
    long = arrived(paragraphs=("word " * 2_000, "x" * 5_000), link=("Go", "https://x.example/#" + "y" * 2_000))
    assert max(map(len, long.head.as_bytes().splitlines())) <= 998
    assert long.head.as_bytes().isascii()
    assert long.link == "https://x.example/#" + "y" * 2_000


@pytest.mark.parametrize(
    "settings",
    [
        {"smtp_host": "mail.example"},
        {"smtp_host": "mail.example", "mail_from": "n@x.example", "smtp_username": "n"},
        {"smtp_host": "mail.example", "mail_from": "n@x.example", "smtp_password": "n"},
        {
            "smtp_host": "m",
            "mail_from": "n@x.example",
            "smtp_username": "n",
            "smtp_password": "n",
            "smtp_security": "none",
        },
    ],
)
def test_half_a_mail_server_is_refused(settings: dict[str, str], tmp_path: object) -> None:
    with pytest.raises(Refusal):
        mailer(msgspec.convert(settings, MailSettings), tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["noughts", "@x.example", "noughts@", "<>"])
def test_a_sender_without_an_address_is_refused(address: str) -> None:
    with pytest.raises(Refusal, match="NOUGHTS_MAIL_FROM"):
        sender(MailSettings(mail_from=address), HOME)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_from_the_security(security: str, port: int, tmp_path: object) -> None:
    settings = {"smtp_host": "mail.example", "mail_from": "n@x.example", "smtp_security": security}
    found = mailer(msgspec.convert(settings, MailSettings), tmp_path)  # type: ignore[arg-type]
    assert isinstance(found, Smtp)
    assert found.place == f"sent through mail.example:{port}"
