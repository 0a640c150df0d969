"""Mail: a letter's form, and the ways out of the house."""

from noughts.kit.mail.mailers import Delayed, Mailer, Refused
from noughts.kit.mail.settings import MailSettings, Sender, mailer, sender

__all__ = ["Delayed", "MailSettings", "Mailer", "Refused", "Sender", "mailer", "sender"]
