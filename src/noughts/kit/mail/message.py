"""A letter as a mail."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from noughts.kit.mail import forms
from noughts.kit.mail.settings import Sender
from noughts.kit.outbox import Letter

_POLICY: Final = SMTP.clone(cte_type="7bit")  # whatever is not ASCII is encoded: no server has to know 8BITMIME


def written(letter: Letter, sender: Sender, mail_id: str, at: datetime) -> EmailMessage:
    """Return the letter in its final form, the same whenever it is asked for: who gets it twice can tell."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _address(sender.address, sender.name)
    mail["To"] = _address(letter.to)
    mail["Subject"] = letter.subject
    mail["Date"] = at
    mail["Message-ID"] = f"<{mail_id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(forms.text(letter, sender.home))
    mail.add_alternative(forms.html(letter, sender.home), subtype="html")
    mail.set_boundary(f"={mail_id}=")
    return mail


def _address(email: str, name: str = "") -> Address:
    """Return an address with its domain as mail servers know it; a header holds this one and no other."""
    local, _, domain = email.rpartition("@")
    return Address(name, username=local, domain=domain if domain.isascii() else _ascii(domain))


def _ascii(domain: str) -> str:
    import idna

    return idna.encode(domain, uts46=True).decode()
