"""What people are told by mail about their sign-ins."""

from datetime import datetime

from noughts.auth.model.sessions import Session
from noughts.kit.outbox import Letter


def ended_by_replay(to: str, username: str, session: Session, origin: str) -> Letter:
    """Return the letter to somebody one of whose sign-ins turned up in two places and was ended."""
    device = f", by {session.device}" if session.device else ""
    return Letter(
        kind="session-ended",
        to=to,
        subject="We ended one of your sign-ins, to be safe",
        paragraphs=(
            f"Hello {username},",
            "one of your sign-ins was used in two places, as if somebody had copied it. We ended it in both of them: nobody"
            " goes on with it.",
            f"It began on {_words(session.auth_time)}{device}.",
            "Sign in again to play on. If you cannot explain this, choose a new password: that ends all your other"
            " sign-ins too.",
        ),
        link=("See where you are signed in", f"{origin}/settings"),
    )


def _words(moment: datetime) -> str:
    return f"{moment:%d %B %Y, %H:%M} UTC"
