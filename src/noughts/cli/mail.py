"""`noughts mail`."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from noughts.cli.installation import Data, chosen
from noughts.kit import clock, directory, ids, mail
from noughts.kit.errors import Refusal
from noughts.kit.outbox import Letter


def send(address: Annotated[str, Parameter(help="Whom to send it to.")], *, data: Data = None) -> None:
    """Send a mail to an address of yours at once, to see whether mail is set up; say what stands in the way."""
    from noughts.kit.mail.message import written

    found = chosen(data=data)
    if not found.mail.smtp_host:
        directory.prepare(found.server.directory)
    way = mail.mailer(found.mail, found.server.directory / "mails")
    try:
        one = written(_trial(address), mail.sender(found.mail, found.server.origin), ids.new(), clock.now())
    except (ValueError, UnicodeError):
        raise Refusal("This is no address to send mail to.") from None
    try:
        asyncio.run(way.send(one))
    except (mail.Delayed, mail.Refused) as failure:
        raise Refusal(f"The mail could not be {way.place}: {failure}.") from None
    print(f"The mail was {way.place}.")


def _trial(address: str) -> Letter:
    if "@" not in address.strip("@"):
        raise ValueError(address)
    words = "Somebody who runs this site tried out whether its mails arrive. This one did."
    return Letter("trial", address, "Mails from here arrive", ("Hello,", words))
