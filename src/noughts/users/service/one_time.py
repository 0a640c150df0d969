"""Links and codes: how they are made, how somebody shows one, and how it is used up."""

import contextlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final

import msgspec

from noughts.kit import ids, sealing
from noughts.kit.audit import Event, Origin
from noughts.kit.database import Write
from noughts.kit.errors import PreconditionFailed
from noughts.kit.fittings import Fittings
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import UserId
from noughts.users.model import addresses
from noughts.users.model.accounts import Account
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.one_time import (
    CODE_DIGITS,
    CODE_ELSEWHERE_LIVES,
    CODE_LIVES,
    LINK_LIVES,
    ByLink,
    OneTimeToken,
    Proof,
    Purpose,
    TokenInvalid,
    Way,
)
from noughts.users.providers import Provider
from noughts.users.store import UserStore

_PAGES: Final[dict[Purpose, str]] = {"verify": "verify", "undo": "verify", "recover": "recover"}


class Issued(msgspec.Struct, frozen=True):
    """What goes into a letter, and the writes that make it work."""

    way: Way
    rows: tuple[Write, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What a link or code leads to: the account afterwards, what else is written, and which tokens are over."""

    after: Account
    rows: tuple[Write, ...]
    ended: Revocation | None = None


class OneTimeTokens:
    """Makes, checks and uses up links and codes. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, store: UserStore, provider: Provider, fittings: Fittings) -> None:
        self._store = store.one_time
        self._accounts = store.accounts
        self._provider = provider
        self._fittings = fittings
        self._key = sealing.derive(fittings.secret, "one-time codes")
        self._now = fittings.now

    def sent_elsewhere(self, user_id: UserId, email: str) -> tuple[Write, ...]:
        """Return the writes that remember a code for a new password which the provider sent to an address.

        Nobody can show it to us; but the provider's code counts only for as long as this stands, which it does not once the
        address or the password is another.
        """
        at = self._now()
        return self._store.added(
            OneTimeToken(
                id=ids.new(),
                user_id=user_id,
                purpose="recover",
                email=addresses.key(email),
                digest=sealing.digest(sealing.new_token()),
                code_mac=None,
                code_expires_at=None,
                tries=0,
                expires_at=at + CODE_ELSEWHERE_LIVES,
                created_at=at,
            )
        )

    async def was_sent_elsewhere(self, user_id: UserId, email_key: str) -> bool:
        """Return whether a code of the provider's for a new password, sent to this address, may still count."""
        sent, at = await self._store.sent_to(email_key, "recover"), self._now()
        return any(token.user_id == user_id and at < token.expires_at for token in sent)

    def issue(self, user_id: UserId, purpose: Purpose, email: str) -> Issued:
        """Return a new link and code, in place of the last ones for this purpose, and the writes that store them."""
        at, link = self._now(), sealing.new_token()
        code = None if purpose == "undo" else f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        bound_to = email if purpose == "undo" else addresses.key(email)
        token = OneTimeToken(
            id=ids.new(),
            user_id=user_id,
            purpose=purpose,
            email=bound_to,
            digest=sealing.digest(link),
            code_mac=None if code is None else self._mac(user_id, purpose, bound_to, code),
            code_expires_at=None if code is None else at + CODE_LIVES,
            tries=0,
            expires_at=at + LINK_LIVES[purpose],
            created_at=at,
        )
        address = f"{self._fittings.origin}/{_PAGES[purpose]}#token={link}"
        return Issued(Way(address, token.expires_at, code), self._store.added(token))

    async def shown(self, proof: Proof, refused: Event, origin: Origin, *purposes: Purpose) -> OneTimeToken:
        """Return what a link or code stands for; raises TokenInvalid, one and the same for whatever is not right.

        Links serve any of the purposes, codes the first. An address nobody was written to costs the same work.
        """
        if isinstance(proof, ByLink):
            token = await self._store.by_digest(sealing.digest(proof.token))
            if token is None or token.purpose not in purposes or self._now() >= token.expires_at:
                await self._store.note(self._fittings.audit.row(refused, None, origin))
                raise TokenInvalid
            return token
        return await self._typed(addresses.key(addresses.check(proof.email)), proof.code, purposes[0], refused, origin)

    async def _typed(self, email: str, code: str, purpose: Purpose, refused: Event, origin: Origin) -> OneTimeToken:
        """Return what a code stands for: it is counted before anyone learns whether it was right."""
        at, digits = self._now(), code.replace(" ", "")
        sent = await self._store.sent_to(email, purpose)
        open_to_codes = [token for token in sent if token.takes_code(at)]
        fitting = [token for token in open_to_codes if self._fits(token, digits)]
        told = self._fittings.audit.row(refused, sent[0].user_id if sent else None, origin)
        counted = await self._store.tried(open_to_codes, *(() if fitting else (told,)))
        if fitting and counted:
            return fitting[0]
        if not counted:
            await self._store.note(told)
        raise TokenInvalid

    def _fits(self, token: OneTimeToken, code: str) -> bool:
        mac = self._mac(token.user_id, token.purpose, token.email, code)
        return hmac.compare_digest(token.code_mac or "", mac)

    async def use(self, token: OneTimeToken, decide: Callable[[Account], Outcome], *, restore: bool = False) -> None:
        """Change an account as its link or code allows, and use that up; raises TokenInvalid when somebody was faster.

        Decides anew when the account was changed meanwhile. `restore` takes the address back from who claimed it.
        """
        store = self._accounts.restore if restore else self._accounts.replace
        while True:
            before = await self._accounts.get(token.user_id)
            if before is None:
                raise TokenInvalid
            outcome = decide(before)
            await self._provider.readdress(before, outcome.after)
            try:
                await store(before, outcome.after, *self._store.spent(token), *outcome.rows)
            except EmailTaken:
                await self._take_back(outcome.after)
                raise
            except PreconditionFailed:
                if not await self._store.stands(token):
                    await self._take_back(outcome.after)
                    raise TokenInvalid from None
                continue
            await self._fittings.account_changed(before.id, outcome.ended)
            return

    async def _take_back(self, told: Account) -> None:
        """Have the provider know the address that stands, where it was told of one that does not."""
        stands = await self._accounts.get(told.id)
        if stands is not None:
            await self._provider.readdress(told, stands)

    async def settle(self, user_id: UserId, decide: Callable[[Account], Outcome]) -> None:
        """Change an account as its provider found right, anew when it was changed meanwhile; raises TokenInvalid when it is gone."""
        while True:
            before = await self._accounts.get(user_id)
            if before is None:
                raise TokenInvalid
            outcome = decide(before)
            with contextlib.suppress(PreconditionFailed):
                await self._accounts.replace(before, outcome.after, *outcome.rows)
                await self._fittings.account_changed(user_id, outcome.ended)
                return

    async def purge(self) -> None:
        """Forget what has expired."""
        await self._store.purge(self._now())

    def _mac(self, user_id: UserId, purpose: Purpose, email: str, code: str) -> str:
        """Return what is stored of a code: its HMAC, bound to whom and what it is for."""
        return sealing.mac(self._key, "\0".join((purpose, user_id, email, code)))
