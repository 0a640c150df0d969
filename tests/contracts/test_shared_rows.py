"""The rows every service writes in the transaction of its own change: revocations and idempotency keys."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from noughts.kit import ids
from noughts.kit.errors import IdempotencyInProgress, IdempotencyKeyReused, InvalidToken, Unavailable
from noughts.kit.idempotency import Once
from noughts.kit.revocation import KEPT, STALE_S, Revocation, Revocations
from noughts.kit.tokens import SessionId, UserId
from noughts.users.model import accounts
from noughts.users.model.wishes import Registration
from tests.fakes import NOON, caller
from tests.services import Services

BODY = Registration("alice", "alice@example.com", "a proper secret")


async def kept(house: Services, once: Once, resource_id: str | None = None) -> str:
    """Store a creating call, and return what it is said to have created."""
    owner = accounts.guest(UserId(ids.new()), ids.new().encode()[-8:], house.clock())
    resource = resource_id or ids.new()
    await house.user_store.accounts.add(owner, *house.fittings.idempotency.rows(once, resource, owner.id))
    return resource


async def test_an_ended_session_is_refused_and_others_of_the_same_person_are_not(house: Services) -> None:
    ended, other = caller(), caller()
    await house.database.write(Revocation.of_session(ended.user_id, ended.session_id, NOON).row())
    await house.revocations.read()
    with pytest.raises(InvalidToken):
        house.revocations.check(ended)
    house.revocations.check(msgspec.structs.replace(other, user_id=ended.user_id))


async def test_tokens_of_an_older_epoch_are_refused_and_those_of_the_new_one_stand(house: Services) -> None:
    old = caller(epoch=1)
    await house.database.write(Revocation.of_user(old.user_id, 2, NOON).row())
    await house.revocations.read()
    with pytest.raises(InvalidToken):
        house.revocations.check(old)
    house.revocations.check(msgspec.structs.replace(old, epoch=2))


async def test_the_spared_session_stands(house: Services) -> None:
    asking = caller(epoch=1)
    await house.database.write(Revocation.of_user(asking.user_id, 2, NOON, asking.session_id).row())
    await house.revocations.read()
    house.revocations.check(asking)
    with pytest.raises(InvalidToken):
        house.revocations.check(msgspec.structs.replace(asking, session_id=SessionId(ids.new())))


@pytest.mark.parametrize("order", [(2, 3), (3, 2)])
async def test_the_newest_epoch_counts_in_whatever_order_rows_arrive(house: Services, order: tuple[int, ...]) -> None:
    somebody = caller(epoch=2)
    for epoch in order:
        house.revocations.apply(Revocation.of_user(somebody.user_id, epoch, NOON))
    with pytest.raises(InvalidToken):
        house.revocations.check(somebody)


async def test_a_late_commit_is_still_found_a_minute_back(house: Services) -> None:
    somebody = caller()
    late = house.clock.forward(seconds=59)
    await house.database.write(Revocation.of_session(somebody.user_id, somebody.session_id, NOON).row())
    assert late > NOON
    await house.revocations.follow()
    with pytest.raises(InvalidToken):
        house.revocations.check(somebody)


async def test_after_news_was_missed_the_rows_of_a_minute_are_read_again(house: Services) -> None:
    somebody = caller()
    await house.revocations.follow()
    house.clock.forward(seconds=59)
    await house.database.write(Revocation.of_session(somebody.user_id, somebody.session_id, NOON).row())
    house.revocations.reread()
    await house.revocations.follow()
    with pytest.raises(InvalidToken):
        house.revocations.check(somebody)


async def test_a_process_that_never_read_the_rows_refuses_to_judge(house: Services) -> None:
    with pytest.raises(Unavailable):
        Revocations(house.database, house.clock).check(caller())


async def test_a_feed_older_than_five_seconds_fails_closed(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    house.revocations.check(caller())
    monkeypatch.setattr(house.revocations, "_fresh_at", house.revocations._fresh_at - STALE_S - 1)
    with pytest.raises(Unavailable):
        house.revocations.check(caller())


async def test_what_no_living_token_can_concern_is_forgotten(house: Services) -> None:
    somebody = caller()
    ended = Revocation.of_session(somebody.user_id, somebody.session_id, NOON)
    await house.database.write(ended.row())
    await house.revocations.read()
    house.clock.forward(seconds=KEPT.total_seconds() - 1)
    await house.revocations.forget()
    with pytest.raises(InvalidToken):
        house.revocations.check(somebody)
    house.clock.forward(seconds=2)
    await house.revocations.forget()
    await house.revocations.purge()
    await house.revocations.read(timedelta(days=1))
    house.revocations.check(somebody)


async def test_a_call_that_never_was_has_created_nothing(house: Services) -> None:
    assert (
        await house.fittings.idempotency.earlier(house.fittings.idempotency.once("me", "POST /x", "key", BODY)) is None
    )


async def test_a_repeated_call_is_told_what_it_created(house: Services) -> None:
    once = house.fittings.idempotency.once("me", "POST /x", "key", BODY)
    made = await kept(house, once)
    assert await house.fittings.idempotency.earlier(once) == made


async def test_the_same_key_for_another_body_is_refused(house: Services) -> None:
    await kept(house, house.fittings.idempotency.once("me", "POST /x", "key", BODY))
    other = msgspec.structs.replace(BODY, password="another secret")
    with pytest.raises(IdempotencyKeyReused):
        await house.fittings.idempotency.earlier(house.fittings.idempotency.once("me", "POST /x", "key", other))


@pytest.mark.parametrize("different", [("you", "POST /x", "key"), ("me", "POST /y", "key"), ("me", "POST /x", "other")])
async def test_a_key_belongs_to_one_subject_and_one_route(house: Services, different: tuple[str, str, str]) -> None:
    await kept(house, house.fittings.idempotency.once("me", "POST /x", "key", BODY))
    assert await house.fittings.idempotency.earlier(house.fittings.idempotency.once(*different, BODY)) is None


async def test_a_key_may_be_used_anew_after_a_day(house: Services) -> None:
    once = house.fittings.idempotency.once("me", "POST /x", "key", BODY)
    await kept(house, once)
    house.clock.forward(hours=24, seconds=1)
    assert await house.fittings.idempotency.earlier(once) is None
    made = await kept(house, once)
    assert await house.fittings.idempotency.earlier(once) == made


async def test_keys_are_purged_after_a_day_and_not_before(house: Services) -> None:
    once = house.fittings.idempotency.once("me", "POST /x", "key", BODY)
    made = await kept(house, once)
    house.clock.forward(hours=23)
    await house.fittings.idempotency.purge()
    assert await house.fittings.idempotency.earlier(once) == made
    house.clock.forward(hours=2)
    await house.fittings.idempotency.purge()
    house.clock.at = NOON
    assert await house.fittings.idempotency.earlier(once) is None


async def test_a_key_is_erased_with_its_owner(house: Services) -> None:
    alice = await house.register(BODY, "key")
    await house.user_store.accounts.replace(alice, accounts.deleting(alice, NOON))
    await house.user_store.accounts.erase(alice.id)
    assert (await house.register(BODY, "key")).id != alice.id


async def test_a_call_still_running_is_not_begun_again(house: Services) -> None:
    once = house.fittings.idempotency.once("me", "POST /x", "key", BODY)
    with house.fittings.idempotency.running(once):
        with pytest.raises(IdempotencyInProgress), house.fittings.idempotency.running(once):
            raise AssertionError("it ran twice")
        with house.fittings.idempotency.running(house.fittings.idempotency.once("you", "POST /x", "key", BODY)):
            pass
    with house.fittings.idempotency.running(once):
        await asyncio.sleep(0)


async def test_what_is_kept_of_a_body_cannot_be_told_without_the_key(house: Services) -> None:
    ours = house.fittings.idempotency.once("me", "POST /x", "key", BODY)
    theirs = type(house.fittings.idempotency)(house.database, b"another key", house.clock).once(
        "me", "POST /x", "key", BODY
    )
    assert ours.fingerprint != theirs.fingerprint
    assert "secret" not in ours.fingerprint
