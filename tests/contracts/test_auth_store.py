"""What the store of sessions promises, on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from noughts.auth.model import sessions as model
from noughts.auth.model.keys import StoredKey
from noughts.auth.model.sessions import Credentials, LoginFailed, Session
from noughts.auth.store import SessionStore
from noughts.kit import ids
from noughts.kit.database import Query
from noughts.kit.errors import Unauthenticated
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import SessionId, UserId
from noughts.users.model import accounts
from tests.fakes import NOON
from tests.services import HERE, Services


class Found(msgspec.Struct, frozen=True, array_like=True):
    """What is left of a session in the tables."""

    sessions: int
    tokens: int
    revocations: int


LEFT = Query(
    "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM refresh_tokens), (SELECT count(*) FROM revocations)",
    Found,
)


@pytest.fixture
def store(house: Services) -> SessionStore:
    """The store of sessions."""
    return house.auth_store.sessions


@pytest.fixture
async def credentials(house: Services) -> Credentials:
    """The credentials of a member."""
    found = await house.auth_store.sessions.credentials((await house.member()).id)
    assert found is not None
    return found


@pytest.fixture
async def session(store: SessionStore, credentials: Credentials) -> Session:
    """A session whose refresh token has the digest `first`."""
    opened = model.opened(SessionId(ids.new()), credentials, HERE, NOON)
    await store.open(opened, "first")
    return opened


async def test_credentials_are_those_of_the_account(house: Services, credentials: Credentials) -> None:
    account = await house.stored(credentials.id)
    assert credentials == Credentials(account.id, account.password, "member", "player", "active", 1, None)


async def test_a_session_is_read_with_its_token_as_it_was_stored(store: SessionStore, session: Session) -> None:
    token = await store.token("first")
    assert token is not None
    assert token.session == session
    assert (token.created_at, token.used_at, token.successor) == (NOON, None, None)


async def test_an_unknown_token_is_nothing(store: SessionStore) -> None:
    assert await store.token("unknown") is None


async def test_no_session_opens_for_an_account_that_changed_meanwhile(
    store: SessionStore, credentials: Credentials
) -> None:
    late = msgspec.structs.replace(model.opened(SessionId(ids.new()), credentials, HERE, NOON), epoch=0)
    with pytest.raises(LoginFailed):
        await store.open(late, "late")
    assert await store.token("late") is None


async def test_no_session_opens_for_an_account_that_is_being_deleted(house: Services, credentials: Credentials) -> None:
    before = await house.stored(credentials.id)
    gone = msgspec.structs.replace(accounts.deleting(before, NOON), epoch=before.epoch)
    await house.user_store.accounts.replace(before, gone)
    with pytest.raises(LoginFailed):
        await house.auth_store.sessions.open(model.opened(SessionId(ids.new()), credentials, HERE, NOON), "late")


async def test_a_rotation_keeps_the_sealed_successor_and_touches_the_session(
    store: SessionStore, session: Session
) -> None:
    token, later = await store.token("first"), NOON + timedelta(minutes=5)
    assert token is not None
    assert await store.rotate(token, "second", b"sealed", epoch=3, address="192.0.2.1", at=later)
    used, fresh = await store.token("first"), await store.token("second")
    assert used is not None
    assert fresh is not None
    assert (used.used_at, used.successor) == (later, b"sealed")
    assert (fresh.used_at, fresh.created_at, fresh.last_used_at, fresh.epoch) == (None, later, later, 3)
    assert (fresh.device, fresh.address) == (HERE.device, "192.0.2.1")


async def test_of_fifty_who_rotate_one_token_exactly_one_wins(store: SessionStore, session: Session) -> None:
    token = await store.token("first")
    assert token is not None
    rotations = [store.rotate(token, f"next-{n}", str(n).encode(), epoch=1, address="", at=NOON) for n in range(50)]
    outcomes = await asyncio.gather(*rotations)
    assert outcomes.count(True) == 1
    used = await store.token("first")
    assert used is not None
    assert used.successor == str(outcomes.index(True)).encode()
    stored = [await store.token(f"next-{n}") is not None for n in range(50)]
    assert stored == outcomes


async def test_the_end_of_a_session_takes_its_tokens_and_leaves_a_revocation(house: Services, session: Session) -> None:
    assert await house.auth_store.sessions.end(session.user_id, session.id, NOON)
    assert await house.database.fetch(LEFT) == Found(0, 0, 1)


async def test_of_ten_who_end_a_session_at_once_one_does_and_one_revocation_is_left(
    house: Services, session: Session
) -> None:
    ends = await asyncio.gather(*(house.auth_store.sessions.end(session.user_id, session.id, NOON) for _ in range(10)))
    assert ends.count(True) == 1
    assert await house.database.fetch(LEFT) == Found(0, 0, 1)


async def test_nobody_ends_a_session_in_another_persons_name(house: Services, session: Session) -> None:
    assert not await house.auth_store.sessions.end(UserId(ids.new()), session.id, NOON)
    assert await house.database.fetch(LEFT) == Found(1, 1, 0)


async def test_all_sessions_end_but_the_one_spared_and_other_peoples(
    house: Services, credentials: Credentials, session: Session
) -> None:
    spared = model.opened(SessionId(ids.new()), credentials, HERE, NOON)
    await house.auth_store.sessions.open(spared, "spared")
    await house.guest()
    await house.auth_store.sessions.end_all(credentials.id, spared.id, NOON)
    await house.auth_store.sessions.end_all(credentials.id, spared.id, NOON)
    assert await house.database.fetch(LEFT) == Found(2, 2, 1)
    assert await house.auth_store.sessions.token("spared") is not None


async def test_refreshes_and_ends_at_once_leave_neither_a_deadlock_nor_a_token(house: Services) -> None:
    for _ in range(10):
        grant = await house.guest()
        by = house.verifier.verify(grant.access_token)
        refreshes = [house.refresh(grant.refresh_token) for _ in range(4)]
        found = await asyncio.gather(*refreshes, house.logout(by), return_exceptions=True)
        assert not [
            error for error in found if isinstance(error, BaseException) and not isinstance(error, Unauthenticated)
        ]
    assert await house.database.fetch(LEFT) == Found(0, 0, 10)


async def test_only_sessions_nobody_can_use_are_purged(house: Services, session: Session) -> None:
    await house.auth_store.sessions.purge(session.expires_at, session.last_used_at)
    assert await house.database.fetch(LEFT) == Found(1, 1, 0)
    await house.auth_store.sessions.purge(session.expires_at, session.last_used_at + timedelta(seconds=1))
    assert await house.database.fetch(LEFT) == Found(0, 0, 0)


async def test_erasing_a_person_takes_their_sessions(house: Services, session: Session) -> None:
    before = await house.stored(session.user_id)
    await house.user_store.accounts.replace(before, accounts.deleting(before, NOON))
    await house.user_store.accounts.erase(session.user_id)
    assert await house.database.fetch(LEFT) == Found(0, 0, 0)


async def test_a_hash_is_renewed_unless_the_password_changed_meanwhile(
    house: Services, credentials: Credentials
) -> None:
    await house.auth_store.sessions.rehash(credentials, "$newer")
    await house.auth_store.sessions.rehash(credentials, "$too late")
    assert (await house.stored(credentials.id)).password == "$newer"


def key(generation: int, **different: Any) -> StoredKey:
    """Return a key that signs from as many days from noon on, different in what is given."""
    at = NOON + timedelta(days=generation)
    return msgspec.structs.replace(StoredKey(ids.new(), "ES256", b"\0sealed\xff", generation, at, NOON), **different)


async def test_signing_keys_come_back_sealed_as_they_were_and_the_latest_last(house: Services) -> None:
    later, sooner = key(1, algorithm="RS256"), key(2, signs_from=NOON + timedelta(hours=1))
    assert await house.auth_store.keys.add(later)
    assert await house.auth_store.keys.add(sooner)
    assert (await house.auth_store.keys.all())[-2:] == [sooner, later]


async def test_of_ten_who_make_a_key_at_once_one_does(house: Services) -> None:
    made = await asyncio.gather(*(house.auth_store.keys.add(key(2)) for _ in range(10)))
    assert made.count(True) == 1
    assert len(await house.auth_store.keys.all()) == 2


async def test_a_new_key_takes_the_place_of_those_that_would_sign_later(house: Services) -> None:
    waiting, others = key(2), key(1, algorithm="RS256")
    sooner = key(3, signs_from=NOON + timedelta(minutes=1))
    for one in (waiting, others, sooner):
        assert await house.auth_store.keys.add(one)
    assert (await house.auth_store.keys.all())[1:] == [sooner, others]


async def test_keys_are_removed_by_their_id_and_may_be_gone(house: Services) -> None:
    await house.auth_store.keys.add(key(2))
    for _ in range(2):
        await house.auth_store.keys.remove((await house.auth_store.keys.all())[1:])
    assert len(await house.auth_store.keys.all()) == 1


async def test_a_revocation_reaches_a_process_that_did_not_make_it(house: Services, session: Session) -> None:
    principal = await house.sign_in()
    await house.database.write(Revocation.of_session(principal.user_id, principal.session_id, house.clock()).row())
    house.revocations.check(principal)
    await house.revocations.follow()
    with pytest.raises(Exception, match="over"):
        house.revocations.check(principal)
