"""What the store of accounts promises, on both databases."""

import asyncio

import msgspec
import pytest

from noughts.kit import ids
from noughts.kit.errors import PreconditionFailed
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import UserId
from noughts.users.model import accounts
from noughts.users.model.accounts import Account, Change, Named
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.names import UsernameTaken
from noughts.users.store import AccountStore, KeyUsed
from tests.fakes import NOON
from tests.services import Services


def member(username: str = "alice", email: str = "alice@example.com") -> Account:
    return accounts.member(UserId(ids.new()), Change(Named.check(username), email, "$argon2id$…"), NOON)


def renamed(before: Account, username: str) -> Account:
    return accounts.changed(before, Change(Named.check(username)), session_id=None, at=NOON)


@pytest.fixture
def store(house: Services) -> AccountStore:
    """The store of accounts."""
    return house.user_store.accounts


async def test_an_account_is_read_as_it_was_stored(store: AccountStore) -> None:
    alice = member()
    await store.add(alice)
    assert await store.get(alice.id) == alice


async def test_a_guest_is_read_as_it_was_stored(store: AccountStore) -> None:
    guest = accounts.guest(UserId(ids.new()), b"12345678", NOON)
    await store.add(guest)
    assert await store.get(guest.id) == guest


async def test_somebody_unknown_is_nobody(store: AccountStore) -> None:
    assert await store.get(UserId(ids.new())) is None
    assert await store.by_username_key("nobody") is None
    assert await store.identify(username_key="nobody", email_key=None) is None


async def test_an_account_is_found_by_either_key(store: AccountStore) -> None:
    alice = member()
    await store.add(alice)
    assert await store.by_username_key("alice") == alice
    assert await store.identify(username_key="alice", email_key=None) == alice.id
    assert await store.identify(username_key=None, email_key="alice@example.com") == alice.id


@pytest.mark.parametrize(
    ("second", "error", "code"),
    [
        (("ALICE", "other@example.com"), UsernameTaken, "taken"),
        (("аlice", "other@example.com"), UsernameTaken, "confusable"),
        (("bob", "alice@example.com"), EmailTaken, "taken"),
        (("alice", "alice@example.com"), UsernameTaken, "taken"),
        (("аlice", "alice@example.com"), UsernameTaken, "confusable"),
    ],
)
async def test_what_somebody_has_is_refused_to_others_by_name(
    store: AccountStore, second: tuple[str, str], error: type[UsernameTaken | EmailTaken], code: str
) -> None:
    await store.add(member())
    with pytest.raises(error) as refused:
        await store.add(member(*second))
    assert [wrong.code for wrong in refused.value.errors] == [code]


async def test_a_change_is_stored(store: AccountStore) -> None:
    before = member()
    await store.add(before)
    after = renamed(before, "alicia")
    await store.replace(before, after)
    assert await store.get(before.id) == after


async def test_of_two_changes_to_one_version_the_second_is_refused(store: AccountStore) -> None:
    before = member()
    await store.add(before)
    await store.replace(before, renamed(before, "alicia"))
    with pytest.raises(PreconditionFailed):
        await store.replace(before, renamed(before, "alison"))


async def test_of_fifty_changes_to_one_version_exactly_one_is_stored(store: AccountStore) -> None:
    before = member()
    await store.add(before)
    changes = [store.replace(before, renamed(before, f"alice-{n}")) for n in range(50)]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PreconditionFailed) for outcome in outcomes) == 49


async def test_a_refused_change_leaves_no_revocation(house: Services) -> None:
    before = member()
    await house.user_store.accounts.add(before)
    ended = Revocation.of_user(before.id, 2, NOON)
    stale = msgspec.structs.replace(before, version=7)
    with pytest.raises(PreconditionFailed):
        await house.user_store.accounts.replace(stale, renamed(before, "alicia"), ended)
    await house.revocations.read()
    principal = house.verifier.verify((await house.guest()).access_token)
    house.revocations.check(msgspec.structs.replace(principal, user_id=before.id, epoch=1))


async def test_an_idempotency_key_is_taken_once_and_the_account_with_it(house: Services) -> None:
    alice, bob = member(), member("bobby", "bob@example.com")
    once = house.fittings.idempotency.once("anonymous", "POST /users", "key", alice)
    await house.user_store.accounts.add(alice, *house.fittings.idempotency.rows(once, alice.id, alice.id))
    with pytest.raises(KeyUsed):
        await house.user_store.accounts.add(bob, *house.fittings.idempotency.rows(once, bob.id, bob.id))
    assert await house.user_store.accounts.get(bob.id) is None


@pytest.mark.parametrize("many", [1, 2, 3, 8, 9, 33, 128])
async def test_cards_are_given_for_any_number_of_people_at_once(store: AccountStore, many: int) -> None:
    alice = member()
    await store.add(alice)
    found = await store.cards([alice.id, *(UserId(ids.new()) for _ in range(many - 1))])
    assert [(card.id, card.username, card.kind) for card in found] == [(alice.id, "alice", "member")]


async def test_somebody_who_is_being_deleted_has_no_card_and_waits_for_erasure(store: AccountStore) -> None:
    alice = member()
    await store.add(alice)
    await store.replace(alice, accounts.deleting(alice, NOON))
    assert await store.cards([alice.id]) == []
    assert await store.waiting_for_erasure(NOON, 10) == [alice.id]


async def test_only_who_is_being_deleted_is_erased(store: AccountStore) -> None:
    alice, bob = member(), member("bobby", "bob@example.com")
    await store.add(alice)
    await store.add(bob)
    await store.replace(alice, accounts.deleting(alice, NOON))
    for user_id in (alice.id, bob.id, alice.id):
        await store.erase(user_id)
    assert await store.get(alice.id) is None
    assert await store.get(bob.id) == bob


async def test_pages_go_through_everyone_once(store: AccountStore) -> None:
    everyone = [member(f"user{n}", f"{n}@example.com") for n in range(5)]
    for account in everyone:
        await store.add(account)
    seen: list[Account] = []
    while batch := await store.page(seen[-1].id if seen else None, 3):
        seen += batch
    assert [account for account in seen if account.kind == "member"] == sorted(everyone, key=lambda one: one.id)
