"""What people are told by mail about their sign-ins."""

from datetime import datetime

from noughts.auth.model.second_factor import TRIES
from noughts.auth.model.sessions import Session
from noughts.kit.outbox import Letter
from noughts.ports.users import User


def ended_by_replay(to: str, username: str, session: Session, origin: str) -> Letter:
    """Return the letter to somebody one of whose sign-ins turned up in two places and was ended."""
    device = f", with a program that calls itself “{session.device}”" if session.device else ""
    return Letter(
        kind="session-ended",
        to=to,
        subject="We ended one of your sign-ins, to be safe",
        paragraphs=(
            f"Hello {username},",
            "One of your sign-ins was used in two places, as if somebody had copied it. We ended it in both of them.",
            f"It began on {_words(session.auth_time)}{device}.",
            "Sign in again to play on. If you cannot explain this, choose a new password: that ends all your other"
            " sign-ins too.",
        ),
        link=("See where you are signed in", f"{origin}/settings"),
    )


def totp_enabled(user: User) -> Letter:
    """Return what goes with a second factor that was confirmed."""
    return _letter(
        user,
        "totp-enabled",
        "A second factor protects your account",
        "From now on, signing in takes a code of your authenticator besides your password. You were signed out everywhere"
        " but where you set it up. Keep the recovery codes where you find them without your phone.",
        "If this was not you, write to the people who run this site: they can remove it.",
    )


def totp_disabled(user: User, *, by_another: bool) -> Letter:
    """Return what goes with a second factor that was removed."""
    who = "An administrator has removed the second factor of your account." if by_another else ""
    return _letter(
        user,
        "totp-disabled",
        "The second factor of your account was removed",
        f"{who} From now on, signing in takes your password alone. Other sessions have ended.".strip(),
        "If you did not want this, change your password and set up a second factor again.",
    )


def recovery_code_used(user: User, left: int) -> Letter:
    """Return what goes with a sign-in by a recovery code."""
    return _letter(
        user,
        "recovery-code-used",
        "A recovery code of your account was used",
        f"Somebody signed in with your password and one of your recovery codes. Codes left: {left}. Before they run out,"
        " remove the second factor in your settings and set it up again: you are given ten new ones.",
        "If this was not you, sign in, change your password, and set up the second factor again.",
    )


def codes_wrong(user: User) -> Letter:
    """Return what goes with a sign-in that knew the password and not the code."""
    return _letter(
        user,
        "codes-wrong",
        "Somebody has your password, but not your second factor",
        f"Somebody gave the right password of your account, and then {TRIES} wrong codes. They are not signed in.",
        "If this was not you, somebody knows your password: change it now.",
    )


def _letter(user: User, kind: str, subject: str, *paragraphs: str) -> Letter:
    return Letter(kind, user.email or "", subject, (f"Hello {user.username},", *paragraphs))


def _words(moment: datetime) -> str:
    return f"{moment:%d %B %Y, %H:%M} UTC"
