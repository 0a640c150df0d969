"""Refresh tokens: each known for ever, few kept, and a replay told to whose session it ends, on both databases."""

import asyncio
import base64
from itertools import pairwise

import msgspec
import pytest
from tests.fakes import NOON
from tests.post import Mail
from tests.services import HERE, PASSWORD, SECRET, Services

from noughts.auth.model.sessions import InvalidRefreshToken
from noughts.auth.service import Grant
from noughts.auth.service.refresh_tokens import RefreshTokens
from noughts.kit import ids, sealing
from noughts.kit.database import Query
from noughts.kit.errors import InvalidToken, Unavailable
from noughts.kit.tokens import SessionId


class Count(msgspec.Struct, frozen=True, array_like=True):
    """A number of rows."""

    rows: int


KEPT = Query("SELECT count(*) FROM refresh_tokens", Count)
WAITING = Query("SELECT count(*) FROM outbox", Count)
ANOTHER = SessionId(ids.new())


@pytest.fixture
async def grant(house: Services) -> Grant:
    """What a member was given who has just signed in."""
    await house.member()
    return await house.login("alice", PASSWORD)


@pytest.fixture
def tokens() -> RefreshTokens:
    """What makes the house's tokens."""
    return RefreshTokens(SECRET)


async def ended(house: Services, grant: Grant) -> bool:
    """Return whether a session's access token is refused."""
    try:
        house.verifier.verify(grant.access_token)
    except InvalidToken:
        return True
    return False


async def use(house: Services, grant: Grant, *, times: int) -> Grant:
    """Return what a session is given that is refreshed every nine minutes."""
    for _ in range(times):
        house.clock.forward(minutes=9)
        grant = await house.refresh(grant.refresh_token)
    return grant


async def told(house: Services) -> list[Mail]:
    """Return the mails to alice about sign-ins that ended."""
    return [mail for mail in await house.mails("alice@example.com") if "ended one of your sign-ins" in mail.subject]


async def events(house: Services, grant: Grant) -> list[str]:
    """Return what happened to an account, the newest first."""
    return [row.event for row in await house.fittings.audit.page(grant.user.id, None, 10)]


async def test_a_session_keeps_few_rows_however_often_it_is_refreshed(house: Services, grant: Grant) -> None:
    await use(house, grant, times=30)
    assert await house.database.fetch(KEPT) == Count(2)


async def test_a_token_of_long_ago_still_ends_the_session(house: Services, grant: Grant) -> None:
    newest = await use(house, grant, times=30)
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(grant.refresh_token)
    assert await ended(house, newest)
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(newest.refresh_token)


async def test_whose_session_a_replay_ended_is_told_by_mail_once(house: Services, grant: Grant) -> None:
    await use(house, grant, times=2)
    for _ in range(3):
        with pytest.raises(InvalidRefreshToken):
            await house.refresh(grant.refresh_token)
    (mail,) = await told(house)
    for fact in ("alice", HERE.device or "", f"{NOON:%d %B %Y, %H:%M} UTC"):
        assert fact in " ".join(mail.text.split())
    assert mail.link == "http://localhost:8000/settings"
    assert (await events(house, grant))[0] == "refresh-token-replayed"


async def test_of_ten_replays_at_once_one_is_told(house: Services, grant: Grant) -> None:
    await use(house, grant, times=2)
    replays = [house.refresh(grant.refresh_token) for _ in range(10)]
    assert {type(found) for found in await asyncio.gather(*replays, return_exceptions=True)} == {InvalidRefreshToken}
    assert len(await told(house)) == 1
    assert (await events(house, grant)).count("refresh-token-replayed") == 1


async def test_a_guest_without_an_address_gets_no_mail(house: Services) -> None:
    grant = await house.guest()
    await use(house, grant, times=2)
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(grant.refresh_token)
    assert await house.database.fetch(WAITING) == Count(0)
    assert await events(house, grant) == ["refresh-token-replayed"]


async def test_a_replay_ends_the_session_even_when_nobody_can_say_whose_address_it_is(
    house: Services, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = await use(house, grant, times=2)

    async def down(_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(house.users.directory, "user", down)
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(grant.refresh_token)
    assert await ended(house, newest)


async def test_signing_out_while_refreshing_is_no_replay(house: Services, grant: Grant) -> None:
    by = house.verifier.verify(grant.access_token)
    refreshes = [house.refresh(grant.refresh_token) for _ in range(5)]
    await asyncio.gather(*refreshes, house.logout(by), return_exceptions=True)
    assert "refresh-token-replayed" not in await events(house, grant)
    assert not await told(house)


@pytest.mark.parametrize("status", ["disabled", "deleting"])
async def test_an_account_that_is_not_active_is_refreshed_no_more(house: Services, grant: Grant, status: str) -> None:
    before = await house.stored(grant.user.id)
    await house.user_store.accounts.replace(before, msgspec.structs.replace(before, status=status, version=2))
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(grant.refresh_token)
    assert await ended(house, grant)
    assert not await told(house)


async def test_what_only_looks_like_a_token_of_a_session_ends_nothing(
    house: Services, grant: Grant, tokens: RefreshTokens
) -> None:
    session_id = house.verifier.verify(grant.access_token).session_id
    real = grant.refresh_token
    forged = [
        RefreshTokens(b"x" * 32).new(session_id),
        tokens.new(ANOTHER),
        real + "=",
        real + "A",
        real[:-1],
        " " + real,
    ]
    forged += [real[:at] + ("A" if real[at] != "A" else "B") + real[at + 1 :] for at in (0, 30, 60, len(real) - 1)]
    for token in forged:
        with pytest.raises(InvalidRefreshToken):
            await house.refresh(token)
    assert not await ended(house, grant)
    assert await house.refresh(real)


async def test_an_expired_session_is_no_replay(house: Services, grant: Grant) -> None:
    await use(house, grant, times=2)
    house.clock.forward(days=31)
    await house.auth.sessions.purge()
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(grant.refresh_token)
    assert not await told(house)


def test_a_token_names_its_session_to_whoever_has_the_secret(tokens: RefreshTokens) -> None:
    assert tokens.session_of(tokens.new(ANOTHER)) == ANOTHER
    assert RefreshTokens(b"x" * 32).session_of(tokens.new(ANOTHER)) is None


@pytest.mark.parametrize("token", ["", "a", "=" * 86, "\0", "é" * 86, "a" * 86, "a" * 5_000, "a b"])
def test_anything_else_names_none(tokens: RefreshTokens, token: str) -> None:
    assert tokens.session_of(token) is None


def test_tokens_hold_256_random_bits(tokens: RefreshTokens) -> None:
    sample = [tokens.new(ANOTHER) for _ in range(20_000)]
    assert len(set(sample)) == len(sample)
    chance = [int.from_bytes(_decoded(token)[16:48], "big") for token in sample]
    flips = sum((one ^ other).bit_count() for one, other in pairwise(chance)) / (len(chance) - 1)
    assert 127 < flips < 129
    ones = [sum(value >> bit & 1 for value in chance) / len(chance) for bit in range(256)]
    assert min(ones) > 0.45
    assert max(ones) < 0.55


async def test_of_a_token_only_its_digest_is_stored(house: Services, grant: Grant) -> None:
    stored = await house.auth_store.sessions.token(sealing.digest(grant.refresh_token))
    assert stored is not None
    assert stored.digest == sealing.digest(grant.refresh_token)
    assert len(stored.digest) == 64


def _decoded(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "==")
