"""What letters lead to: addresses verified, changes taken back, passwords recovered."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from noughts.kit.edge import Answer, Ask, Limit, NoQuery, Route, Who
from noughts.kit.passwords import HashQueueFull
from noughts.kit.throttling import TooManyAttempts
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.one_time import Proof, TokenInvalid, proof
from noughts.users.model.secrets import PasswordBreached, PasswordContextual
from noughts.users.service import UserService
from noughts.users.service.emails import NothingToVerify

VERIFICATION: Final = Limit("verification", 60, 3_600)
VERIFICATION_MAIL: Final = Limit("verification-mail", 5, 3_600, per_user=True)
RECOVERY: Final = Limit("recovery", 20, 3_600)
RECOVERY_CONFIRM: Final = Limit("recovery-confirm", 20, 3_600)


class ProofBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The token of a link, or an email address and the code sent there."""

    token: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    code: str | UnsetType = UNSET

    def proof(self) -> Proof:
        """Return what shows that a mailbox is theirs; raises Invalid."""
        return proof(self.token or None, self.email or None, self.code or None)


class NewPasswordBody(ProofBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The token of a link, or an email address and the code sent there; and the new password."""

    new_password: str


class RecoveryBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose password is forgotten."""

    email: str


async def verify_email(users: UserService, ask: Ask[ProofBody, NoQuery]) -> Answer:
    await users.emails.verify(ask.body.proof(), ask.origin)
    return Answer(status=204)


async def send_verification(users: UserService, ask: Ask[None, NoQuery]) -> Answer:
    await users.emails.send_again(ask.user_id(), ask.caller)
    return Answer(status=202)


async def ask_for_recovery(users: UserService, ask: Ask[RecoveryBody, NoQuery]) -> Answer:
    await users.recovery.ask(ask.body.email, ask.origin)
    return Answer(status=202)


async def confirm_recovery(users: UserService, ask: Ask[NewPasswordBody, NoQuery]) -> Answer:
    await users.recovery.confirm(ask.body.proof(), ask.body.new_password, ask.origin)
    return Answer(status=204)


_RECOVERY: Final = (TokenInvalid, PasswordContextual, PasswordBreached, HashQueueFull)

ROUTES: Final = (
    Route("POST", "/users/{user_id}/verification", send_verification, "Send the verification mail again.", status=202,
          errors=(NothingToVerify, EmailTaken, TooManyAttempts), limit=VERIFICATION_MAIL),
    Route("POST", "/email/verify", verify_email, "Verify an address, or take a change of it back, as a mail says.",
          who=Who.ANYONE, body=ProofBody, status=204, errors=(TokenInvalid, EmailTaken), limit=VERIFICATION),
    Route("POST", "/recovery", ask_for_recovery, "Ask for a mail with which to set a new password; it comes if there is an account.",
          who=Who.ANYONE, body=RecoveryBody, status=202, errors=(TooManyAttempts,), limit=RECOVERY),
    Route("POST", "/recovery/confirm", confirm_recovery, "Set a new password, as a mail says; every session ends.",
          who=Who.ANYONE, body=NewPasswordBody, status=204, errors=_RECOVERY, limit=RECOVERY_CONFIRM),
)  # fmt: skip
