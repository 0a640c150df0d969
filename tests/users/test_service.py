"""What people may do with accounts, on both databases."""

import asyncio
from datetime import timedelta

import pytest
from tests.fakes import caller
from tests.services import PASSWORD, Services

from noughts.kit import ids
from noughts.kit.broadcast import USERS, AccountChanged
from noughts.kit.conditions import EntityTags
from noughts.kit.errors import (
    Forbidden,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InsufficientUserAuthentication,
    Invalid,
    InvalidToken,
    NotFound,
    PreconditionFailed,
    Problem,
)
from noughts.kit.tokens import UserId
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.names import UsernameTaken
from noughts.users.model.wishes import Registration, Wish

WANTED = Registration("alice", "alice@example.com", PASSWORD)
OLD = timedelta(minutes=16)


async def test_a_registered_member_can_sign_in_and_nothing_of_the_password_is_stored(house: Services) -> None:
    alice = await house.register(WANTED)
    assert alice.kind == "member"
    assert PASSWORD not in str(await house.stored(alice.id))
    assert await house.login("alice", PASSWORD)


async def test_of_fifty_who_register_one_name_exactly_one_does(house: Services) -> None:
    asking = [house.register(Registration("alice", f"a{n}@example.com", PASSWORD)) for n in range(50)]
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, UsernameTaken) for outcome in outcomes) == 49


async def test_a_repeated_registration_gives_the_same_member(house: Services) -> None:
    assert await house.register(WANTED, "key") == await house.register(WANTED, "key")


async def test_without_a_key_a_repeated_registration_is_taken(house: Services) -> None:
    await house.register(WANTED)
    with pytest.raises(UsernameTaken):
        await house.register(WANTED)


async def test_one_key_is_not_for_two_registrations(house: Services) -> None:
    await house.register(WANTED, "key")
    with pytest.raises(IdempotencyKeyReused):
        await house.register(Registration("bobby", "bob@example.com", PASSWORD), "key")


async def test_a_registration_still_running_is_not_begun_again(house: Services) -> None:
    asking = [house.register(WANTED, "key") for _ in range(5)]
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(outcome, IdempotencyInProgress) for outcome in outcomes) == 4


async def test_two_processes_asked_the_same_at_once_give_the_same_member(house: Services) -> None:
    other = Services(house.database, house.clock, house.passwords)
    first, second = await asyncio.gather(house.register(WANTED, "key"), other.register(WANTED, "key"))
    assert first.id == second.id


async def test_a_refused_registration_leaves_its_key_free(house: Services) -> None:
    with pytest.raises(Invalid):
        await house.register(Registration("a", "a", "a"), "key")
    assert await house.register(WANTED, "key")


async def test_a_member_changes_what_is_sent_and_nothing_else(house: Services) -> None:
    alice = await house.member()
    after = await house.change(alice.id, Wish(email="ally@example.com"), caller(alice.id), None)
    assert (after.email, after.username, after.password, after.version) == (
        "ally@example.com",
        "alice",
        alice.password,
        2,
    )
    assert await house.stored(alice.id) == after


async def test_a_change_to_what_is_already_so_changes_nothing(house: Services) -> None:
    alice = await house.member()
    after = await house.change(alice.id, Wish(username="alice"), caller(alice.id), None)
    assert after == alice


async def test_one_wrong_member_changes_nothing(house: Services) -> None:
    alice = await house.member()
    with pytest.raises(Invalid):
        await house.change(alice.id, Wish(username="ally", email="nowhere"), caller(alice.id), None)
    assert await house.stored(alice.id) == alice


@pytest.mark.parametrize(
    ("wish", "error"),
    [(Wish(username="bobby"), UsernameTaken), (Wish(email="bobby@example.com"), EmailTaken)],
)
async def test_what_somebody_has_cannot_be_taken(house: Services, wish: Wish, error: type[Problem]) -> None:
    await house.member("bobby")
    alice = await house.member()
    with pytest.raises(error):
        await house.change(alice.id, wish, caller(alice.id), None)
    assert await house.stored(alice.id) == alice


async def test_nobody_changes_or_deletes_somebody_else(house: Services) -> None:
    alice = await house.member()
    with pytest.raises(Forbidden):
        await house.change(alice.id, Wish(username="mallory"), caller(), None)
    with pytest.raises(Forbidden):
        await house.delete(alice.id, caller(), None)
    assert await house.stored(alice.id) == alice


async def test_an_administrator_changes_a_name_but_never_a_password(house: Services) -> None:
    alice, admin = await house.member(), caller(role="admin")
    await house.change(alice.id, Wish(username="ally"), admin, None)
    with pytest.raises(Forbidden):
        await house.change(alice.id, Wish(password="another secret", current_password=PASSWORD), admin, None)


async def test_an_old_sign_in_may_change_the_name_and_nothing_that_matters(house: Services) -> None:
    alice = await house.member()
    old = caller(alice.id, at=house.clock() - OLD)
    await house.change(alice.id, Wish(username="ally"), old, None)
    for wish in (Wish(email="ally@example.com"),):
        with pytest.raises(InsufficientUserAuthentication):
            await house.change(alice.id, wish, old, None)


async def test_with_the_current_password_an_old_sign_in_will_do(house: Services) -> None:
    alice = await house.member()
    old = caller(alice.id, at=house.clock() - OLD)
    wish = Wish(email="ally@example.com", password="another secret", current_password=PASSWORD)
    assert (await house.change(alice.id, wish, old, None)).email == "ally@example.com"


@pytest.mark.parametrize(("current", "code"), [(None, "required"), ("wrong secret", "wrong"), ("x" * 500, "wrong")])
async def test_a_new_password_needs_the_current_one(house: Services, current: str | None, code: str) -> None:
    alice = await house.member()
    wish = Wish(password="another secret", current_password=current)
    with pytest.raises(Invalid) as refused:
        await house.change(alice.id, wish, caller(alice.id), None)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("#/current_password", code)]
    assert await house.stored(alice.id) == alice


async def test_a_new_password_ends_every_session_but_the_one_that_asked(house: Services) -> None:
    alice = await house.member()
    asking, other = await house.sign_in(), await house.sign_in()
    await house.change(alice.id, Wish(password="another secret", current_password=PASSWORD), asking, None)
    house.revocations.check(asking)
    with pytest.raises(InvalidToken):
        house.revocations.check(other)


async def test_another_process_learns_of_it_within_a_reading(house: Services) -> None:
    alice = await house.member()
    asking, other = await house.sign_in(), await house.sign_in()
    elsewhere = await Services(house.database, house.clock, house.passwords).ready()
    await house.change(alice.id, Wish(password="another secret", current_password=PASSWORD), asking, None)
    await elsewhere.revocations.follow()
    elsewhere.revocations.check(asking)
    with pytest.raises(InvalidToken):
        elsewhere.revocations.check(other)


async def test_a_guest_becomes_a_member_keeps_the_session_and_may_sign_in(house: Services) -> None:
    guest = house.verifier.verify((await house.guest()).access_token)
    wish = Wish(username="alice", email="alice@example.com", password=PASSWORD)
    alice = await house.change(guest.user_id, wish, guest, None)
    house.revocations.check(guest)
    assert (alice.id, alice.kind) == (guest.user_id, "member")
    assert (await house.login("alice@example.com", PASSWORD)).user.id == guest.user_id


async def test_a_stale_condition_changes_nothing(house: Services) -> None:
    alice = await house.member()
    first = EntityTags.parse(alice.etag)
    await house.change(alice.id, Wish(username="ally"), caller(alice.id), first)
    with pytest.raises(PreconditionFailed):
        await house.change(alice.id, Wish(username="alison"), caller(alice.id), first)
    with pytest.raises(PreconditionFailed):
        await house.delete(alice.id, caller(alice.id), first)
    assert (await house.stored(alice.id)).username == "ally"


async def test_of_fifty_changes_under_one_condition_exactly_one_holds(house: Services) -> None:
    alice = await house.member()
    first = EntityTags.parse(alice.etag)
    asking = [house.change(alice.id, Wish(username=f"ally{n}"), caller(alice.id), first) for n in range(50)]
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PreconditionFailed) for outcome in outcomes) == 49


async def test_the_other_rooms_are_told_of_a_change(house: Services) -> None:
    told: list[AccountChanged] = []
    house.fittings.broadcast.subscribe(USERS, told.append)
    alice = await house.member()
    await house.change(alice.id, Wish(username="ally"), caller(alice.id), None)
    assert told == [AccountChanged(alice.id)]


async def test_a_deleted_member_is_gone_for_everyone_at_once(house: Services) -> None:
    alice = await house.member()
    principal = await house.sign_in()
    await house.delete(alice.id, principal, None)
    with pytest.raises(NotFound):
        await house.users.profiles.account(alice.id)
    with pytest.raises(InvalidToken):
        house.revocations.check(principal)
    assert await house.users.directory.cards([alice.id]) == {}


async def test_deleting_needs_a_young_sign_in_except_for_guests(house: Services) -> None:
    alice, guest = await house.member(), await house.users.directory.create_guest(UserId(ids.new()))
    with pytest.raises(InsufficientUserAuthentication):
        await house.delete(alice.id, caller(alice.id, at=house.clock() - OLD), None)
    await house.delete(guest.id, caller(guest.id, at=house.clock() - OLD), None)


async def test_deleting_twice_is_not_found_or_under_a_condition_stale(house: Services) -> None:
    alice = await house.member()
    await house.delete(alice.id, caller(alice.id), None)
    with pytest.raises(NotFound):
        await house.delete(alice.id, caller(alice.id), None)
    with pytest.raises(PreconditionFailed):
        await house.delete(alice.id, caller(alice.id), EntityTags.parse("*"))


async def test_erasing_waits_until_requests_under_way_have_settled(house: Services) -> None:
    alice = await house.member()
    await house.delete(alice.id, caller(alice.id), None)
    await house.erasure.sweep()
    assert await house.user_store.accounts.get(alice.id) is not None
    house.clock.forward(seconds=3)
    await house.erasure.sweep()
    assert await house.user_store.accounts.get(alice.id) is None


async def test_what_an_erased_member_had_is_free_again(house: Services) -> None:
    alice = await house.member()
    await house.delete(alice.id, caller(alice.id), None)
    house.clock.forward(seconds=3)
    await house.erasure.sweep()
    assert (await house.member()).id != alice.id


async def test_a_promoted_member_is_an_administrator_and_old_tokens_are_over(house: Services) -> None:
    await house.member()
    before = await house.sign_in()
    await house.promote("ALICE")
    with pytest.raises(InvalidToken):
        house.revocations.check(before)
    assert (await house.sign_in()).is_admin


@pytest.mark.parametrize("username", ["nobody", "", "\0", "a b"])
async def test_nobody_cannot_be_promoted(house: Services, username: str) -> None:
    with pytest.raises(NotFound):
        await house.promote(username)
