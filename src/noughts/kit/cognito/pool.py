"""Asking a user pool: each method is one call of Cognito, two where it says so.

Every method raises Unavailable where the pool cannot be asked within three seconds, has too much to do, or is set up wrong; the log
says which, and no password, code, token or address.
"""

from noughts.kit.cognito.answers import CodeWanted, Person, SignedIn
from noughts.kit.cognito.settings import CognitoSettings
from noughts.kit.metrics import Gauges


class Pool:
    """A user pool and one of its app clients. `user_id`s are ours, and the pool's `Username`s."""

    def __init__(self, chosen: CognitoSettings) -> None:
        """Take the settings; raises Refusal where they are incomplete, or the extra `cognito` is not installed."""
        raise NotImplementedError

    async def sign_up(self, user_id: str, email: str, password: str) -> None:
        """Register somebody, to whom the pool then sends a code; raises UserExists, PasswordUnfit.

        Not to be repeated blindly: where nothing came back, `person` tells whether it was done. The pool takes an address twice
        until it is confirmed.
        """
        raise NotImplementedError

    async def confirm(self, user_id: str, code: str) -> None:
        """Confirm the address of somebody who registered; raises CodeRefused, AlreadyConfirmed, AddressTaken, NoSuchUser."""
        raise NotImplementedError

    async def resend(self, user_id: str) -> None:
        """Have the pool send another code to confirm; raises AlreadyConfirmed, NoSuchUser."""
        raise NotImplementedError

    async def sign_in(self, user_id: str, password: str) -> SignedIn | CodeWanted:
        """Return that the password is right, or that a code is wanted besides; raises Refused, NotConfirmed, ResetRequired."""
        raise NotImplementedError

    async def answer(self, user_id: str, session: str, code: str) -> SignedIn:
        """Return that the code of the second factor is right, too; raises CodeRefused. `session` is of `sign_in`."""
        raise NotImplementedError

    async def fits(self, user_id: str, password: str) -> bool:
        """Return whether this is the password of somebody, confirmed or not, with a second factor or without.

        Of somebody the pool wants a new password of, none fits.
        """
        raise NotImplementedError

    async def forgot(self, user_id: str) -> None:
        """Have the pool send a code to recover by; raises NoSuchUser, Refused where the account is disabled.

        NotConfirmed: the pool knows no confirmed address to send it to; `resend` helps whoever never confirmed one.
        """
        raise NotImplementedError

    async def confirm_forgot(self, user_id: str, code: str, password: str) -> None:
        """Set a new password by the code of `forgot`; raises CodeRefused, PasswordUnfit. Unknown people: CodeRefused."""
        raise NotImplementedError

    async def set_password(self, user_id: str, password: str) -> None:
        """Set a password for good; raises PasswordUnfit, NoSuchUser. May be repeated. Who was not confirmed is then."""
        raise NotImplementedError

    async def set_email(self, user_id: str, email: str, *, verified: bool) -> None:
        """Set the address; raises AddressTaken where somebody else confirmed it, NoSuchUser. May be repeated."""
        raise NotImplementedError

    async def person(self, user_id: str) -> Person | None:
        """Return what the pool holds about somebody; None: nobody of that id."""
        raise NotImplementedError

    async def enable(self, user_id: str) -> None:
        """Let somebody sign in again. May be repeated; nobody of that id is fine."""
        raise NotImplementedError

    async def disable(self, user_id: str) -> None:
        """Let somebody sign in no more. May be repeated; nobody of that id is fine."""
        raise NotImplementedError

    async def sign_out(self, user_id: str) -> None:
        """End every session of somebody in the pool. May be repeated; nobody of that id is fine."""
        raise NotImplementedError

    async def delete(self, user_id: str) -> None:
        """Remove somebody from the pool. May be repeated; nobody of that id is fine."""
        raise NotImplementedError

    async def start_totp(self, access_token: str) -> str:
        """Return a new secret (Base32) for an authenticator; raises Refused where the token is over. Nothing counts yet."""
        raise NotImplementedError

    async def confirm_totp(self, access_token: str, user_id: str, code: str) -> None:
        """Take the new secret in use by its first code, and want a code at each sign-in from now on.

        Raises CodeRefused; Refused where the token is over. Two calls.
        """
        raise NotImplementedError

    async def remove_totp(self, user_id: str) -> None:
        """Want no code any more; raises NoSuchUser. May be repeated."""
        raise NotImplementedError

    async def ready(self) -> None:
        """Load what speaks to AWS (a third of a second), so that no request waits for it. May be left out, and repeated."""
        raise NotImplementedError

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of the connections. May be repeated."""
        raise NotImplementedError
