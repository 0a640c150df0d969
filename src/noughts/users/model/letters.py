"""What we write to people: what happened, and what to do if it was not them."""

from typing import Final

from noughts.kit.outbox import Letter
from noughts.users.model.one_time import Way

_IGNORE: Final = "If you did not ask for this, you need not do anything: without the link or the code nothing happens."
_SUSPECT: Final = "choose a new password: somebody else may know yours."


def verification(to: str, username: str, way: Way) -> Letter:
    """Return the letter that asks whether this mailbox is theirs."""
    return Letter(
        kind="verify-email",
        to=to,
        subject="Please confirm your email address",
        paragraphs=(
            f"Hello {username},",
            "This address was given for your account. If you confirm that it is yours, it brings you back in should you forget your password.",
        ),
        link=("Confirm this address", way.link),
        code=way.code,
        until=way.until,
        closing=("The link works once, within 24 hours; the code within 10 minutes.", _IGNORE),
    )


def already_known(to: str) -> Letter:
    """Return the letter to the owner of an account whose address somebody gave as theirs; it names nobody."""
    return Letter(
        kind="address-already-known",
        to=to,
        subject="You already have an account",
        paragraphs=(
            "Hello,",
            "Somebody, perhaps you, has just given this email address for an account. You already have one with it: nothing has changed there.",
            "If it was you, sign in as usual. If you forgot your password, ask for a new one on the sign-in page.",
        ),
        closing=("If it was not you, you need not do anything: nobody was told that you have an account.",),
    )


def change_requested(to: str, username: str, way: Way) -> Letter:
    """Return the letter to the old address while the new one is not confirmed."""
    return Letter(
        kind="email-change-requested",
        to=to,
        subject="Your email address is about to change",
        paragraphs=(
            f"Hello {username},",
            "A new email address was given for your account. It takes the place of this one as soon as it is confirmed.",
            "If that was you, there is nothing to do. If it was not, you can keep this address: for 7 days, even after the new one was confirmed.",
        ),
        link=("Keep this address", way.link),
        until=way.until,
        closing=(f"Then {_SUSPECT}",),
    )


def change_cancelled(to: str, username: str) -> Letter:
    """Return the letter that says the address stays."""
    return Letter(
        kind="email-change-cancelled",
        to=to,
        subject="Your email address stays as it is",
        paragraphs=(
            f"Hello {username},",
            "The change of your email address was called off. This one stays yours.",
            f"If you did not ask for a change, {_SUSPECT}",
        ),
    )


def email_changed(to: str, username: str) -> Letter:
    """Return the letter to the old address once the new one is confirmed."""
    return Letter(
        kind="email-changed",
        to=to,
        subject="Your email address was changed",
        paragraphs=(
            f"Hello {username},",
            "The new email address of your account was confirmed. From now on we write there.",
            "If that was not you, open our earlier mail “Your email address is about to change”: its link brings this one back.",
        ),
    )


def change_undone(to: str, username: str) -> Letter:
    """Return the letter to whoever got their address back."""
    return Letter(
        kind="email-change-undone",
        to=to,
        subject="Your email address is back",
        paragraphs=(
            f"Hello {username},",
            "This is the email address of your account again. You are signed out everywhere, and so is whoever changed it.",
            "Please choose a new password now, by “Forgot your password?” on the sign-in page: somebody else may know yours.",
        ),
    )


def recovery(to: str, username: str, way: Way) -> Letter:
    """Return the letter to somebody who forgot their password."""
    return Letter(
        kind="recover-password",
        to=to,
        subject="Choose a new password",
        paragraphs=(
            f"Hello {username},",
            "Somebody, hopefully you, asked for a new password for your account.",
        ),
        link=("Choose a new password", way.link),
        code=way.code,
        until=way.until,
        closing=("The link works once, within 30 minutes; the code within 10.", _IGNORE),
    )


def password_changed(to: str, username: str) -> Letter:
    """Return the letter about a new password."""
    return Letter(
        kind="password-changed",
        to=to,
        subject="Your password was changed",
        paragraphs=(
            f"Hello {username},",
            "The password of your account was changed, and you are signed out everywhere else.",
            "If that was not you, choose a new one at once, by “Forgot your password?” on the sign-in page.",
        ),
    )
