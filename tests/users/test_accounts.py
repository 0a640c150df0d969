"""An account and its life: guest, member, deleted."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from tests.fakes import NOON, caller

from noughts.kit import ids
from noughts.kit.conditions import EntityTags
from noughts.kit.errors import (
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
)
from noughts.kit.tokens import SessionId, UserId
from noughts.users.model import accounts
from noughts.users.model.accounts import Account, Change, Named
from noughts.users.model.one_time import TokenInvalid
from noughts.users.model.secrets import PasswordContextual
from noughts.users.model.wishes import Registration, Wish, checked

LATER = NOON + timedelta(hours=1)
ME = SessionId(ids.new())
GUEST = accounts.guest(UserId(ids.new()), b"12345678", NOON)
ALICE = accounts.member(UserId(ids.new()), Change(Named.check("alice"), "alice@example.com", "$hash"), NOON)
VERIFIED = msgspec.structs.replace(ALICE, email_verified_at=NOON)
WAITING = msgspec.structs.replace(VERIFIED, pending_email="ally@example.com")
GONE = msgspec.structs.replace(ALICE, status="deleting")
COMPUTER = msgspec.structs.replace(GUEST, kind="computer")
CHANGES = st.builds(
    Change,
    st.none() | st.sampled_from(["alice", "Alice", "bobby", "carol"]).map(Named.check),
    st.none() | st.sampled_from(["alice@example.com", "ally@example.com", "ALLY@example.com"]),
    st.sampled_from([UNSET, None, "$hash", "$other"]),
)


def changed(before: Account, change: Change) -> Account:
    return accounts.changed(before, change, session_id=ME, at=LATER)


def test_a_guest_has_a_reserved_name_no_address_and_no_password() -> None:
    assert GUEST.username.startswith("guest-")
    assert (GUEST.email, GUEST.password, GUEST.kind, GUEST.role, GUEST.status) == (
        None,
        None,
        "guest",
        "player",
        "active",
    )


def test_a_guest_with_all_three_becomes_a_member_of_the_same_id() -> None:
    member = changed(GUEST, Change(Named.check("alice"), "alice@example.com", "$hash"))
    assert (member.id, member.kind, member.username, member.version) == (GUEST.id, "member", "alice", 2)
    assert (member.created_at, member.updated_at, member.epoch) == (NOON, LATER, GUEST.epoch)


@pytest.mark.parametrize(
    "change",
    [
        Change(),
        Change(Named.check("alice")),
        Change(None, "alice@example.com"),
        Change(None, None, "$hash"),
        Change(Named.check("alice"), "alice@example.com"),
        Change(Named.check("alice"), None, "$hash"),
        Change(None, "alice@example.com", "$hash"),
    ],
)
def test_a_guest_with_only_some_of_the_three_stays_a_guest(change: Change) -> None:
    with pytest.raises(Invalid):
        changed(GUEST, change)


def test_a_new_member_begins_at_version_one_and_unverified() -> None:
    assert (ALICE.version, ALICE.email_verified_at, ALICE.role, ALICE.epoch) == (1, None, "player", 1)


@given(CHANGES)
def test_a_change_raises_the_version_by_one_or_changes_nothing(change: Change) -> None:
    after = changed(ALICE, change)
    assert after is ALICE or (after.version == ALICE.version + 1 and after.updated_at == LATER)


@given(CHANGES)
def test_no_change_touches_what_people_may_not_set(change: Change) -> None:
    after = changed(ALICE, change)
    kept = ("id", "kind", "role", "status", "created_at", "pending_email")
    assert [getattr(after, name) for name in kept] == [getattr(ALICE, name) for name in kept]


@given(CHANGES)
def test_what_is_absent_stays(change: Change) -> None:
    after = changed(ALICE, change)
    assert (after.username == ALICE.username) or change.name is not None
    assert (after.email == ALICE.email) or change.email is not None
    assert (after.password == ALICE.password) or change.password_hash is not UNSET


@given(CHANGES)
def test_only_a_new_password_ends_the_other_sessions(change: Change) -> None:
    after = changed(ALICE, change)
    assert (after.epoch > ALICE.epoch) is (change.password_hash is not UNSET)
    assert after.spared_session_id == (ME if change.password_hash is not UNSET else None)


def test_an_address_never_verified_is_replaced_at_once() -> None:
    after = changed(ALICE, Change(email="ally@example.com"))
    assert (after.email, after.email_key, after.pending_email) == ("ally@example.com", "ally@example.com", None)
    assert after.email_verified_at is None


def test_an_address_is_claimed_only_where_that_is_wished() -> None:
    after = changed(ALICE, Change(email="ally@example.com", claims=False))
    assert (after.email, after.email_key) == ("ally@example.com", None)


def test_a_verified_address_stays_while_the_new_one_waits() -> None:
    after = changed(VERIFIED, Change(email="ally@example.com"))
    assert (after.email, after.email_key, after.email_verified_at) == (ALICE.email, ALICE.email_key, NOON)
    assert after.pending_email == after.unverified_email == "ally@example.com"
    assert changed(VERIFIED, Change(email=ALICE.email)) is VERIFIED


def test_a_change_of_address_can_be_called_off() -> None:
    assert changed(WAITING, Change(drops_pending_email=True)).pending_email is None
    assert changed(VERIFIED, Change(drops_pending_email=True)) is VERIFIED


def test_a_verified_address_is_the_owners() -> None:
    after = accounts.verified(ALICE, "alice@example.com", LATER)
    assert (after.email_verified_at, after.version, after.unverified_email) == (LATER, 2, None)


def test_a_verified_new_address_takes_the_place_of_the_old() -> None:
    after = accounts.verified(WAITING, "ally@example.com", LATER)
    assert (after.email, after.email_key, after.pending_email) == ("ally@example.com", "ally@example.com", None)
    assert after.email_verified_at == LATER


@pytest.mark.parametrize("before", [GUEST, COMPUTER, VERIFIED, WAITING, GONE], ids=lambda account: account.status)
def test_what_was_sent_elsewhere_verifies_nothing(before: Account) -> None:
    with pytest.raises(TokenInvalid):
        accounts.verified(before, "alice@example.com", LATER)


def test_a_change_of_address_is_called_off_by_whoever_reads_the_old_one() -> None:
    after = accounts.undone(WAITING, "alice@example.com", LATER)
    assert (after.email, after.pending_email, after.epoch) == (ALICE.email, None, ALICE.epoch)


def test_a_confirmed_change_of_address_is_taken_back_and_ends_every_session() -> None:
    taken = accounts.verified(WAITING, "ally@example.com", LATER)
    after = accounts.undone(taken, "alice@example.com", LATER)
    assert (after.email, after.email_key, after.email_verified_at) == ("alice@example.com", ALICE.email_key, LATER)
    assert (after.epoch, after.spared_session_id) == (ALICE.epoch + 1, None)
    with pytest.raises(TokenInvalid):
        accounts.undone(GONE, "alice@example.com", LATER)


def test_who_recovers_a_password_is_alone_in_the_account_and_reads_its_mailbox() -> None:
    after = accounts.recovered(WAITING, "alice@example.com", "$new", LATER)
    assert (after.password, after.epoch, after.spared_session_id) == ("$new", ALICE.epoch + 1, None)
    assert (after.pending_email, after.email_verified_at) == (None, NOON)
    assert accounts.recovered(ALICE, "alice@example.com", "$new", LATER).email_verified_at == LATER


@pytest.mark.parametrize("status", ["disabled", "deleting"])
def test_only_an_active_account_is_recovered_and_only_by_its_own_address(status: str) -> None:
    for account, key in ((msgspec.structs.replace(ALICE, status=status), ALICE.email_key), (ALICE, "ally@example.com")):
        with pytest.raises(TokenInvalid):
            accounts.recovered(account, key or "", "$new", LATER)


def test_a_deleted_account_ends_every_token_and_spares_none() -> None:
    gone = accounts.deleting(changed(ALICE, Change(password_hash="$new")), LATER)
    assert (gone.status, gone.epoch, gone.spared_session_id) == ("deleting", 3, None)


def test_a_new_administrator_gets_new_tokens() -> None:
    admin = accounts.with_role(ALICE, "admin", LATER)
    assert (admin.role, admin.epoch, admin.version) == ("admin", 2, 2)
    assert accounts.with_role(admin, "admin", LATER) is admin


def test_a_guest_is_no_administrator() -> None:
    with pytest.raises(Invalid):
        accounts.with_role(GUEST, "admin", LATER)


def test_the_computer_stays_as_it_is() -> None:
    with pytest.raises(Forbidden):
        changed(COMPUTER, Change(Named.check("alice")))
    with pytest.raises(Forbidden):
        accounts.deleting(COMPUTER, LATER)


def test_one_sees_no_account_that_is_gone() -> None:
    assert accounts.require_visible(ALICE) is ALICE
    for gone in (None, accounts.deleting(ALICE, LATER)):
        with pytest.raises(NotFound):
            accounts.require_visible(gone)


def test_one_controls_ones_own_account_and_an_administrator_every_one() -> None:
    accounts.require_control(caller(ALICE.id), ALICE.id)
    accounts.require_control(caller(role="admin"), ALICE.id)
    with pytest.raises(Forbidden):
        accounts.require_control(caller(), ALICE.id)


def test_a_condition_holds_for_the_version_it_names() -> None:
    accounts.require_match(ALICE, None)
    for header in ('"1-full"', "*", '"0-full", "1-full"'):
        accounts.require_match(ALICE, EntityTags.parse(header))
    for header in ('"2-full"', '"1-public"', 'W/"1-full"'):
        with pytest.raises(PreconditionFailed):
            accounts.require_match(ALICE, EntityTags.parse(header))


def test_everything_wrong_with_a_wish_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        checked(Registration("a", "nowhere", "short"), shortest=8, breached=())
    assert [error.pointer for error in refused.value.errors] == ["#/username", "#/email", "#/password"]


def test_a_password_that_repeats_the_name_is_a_problem_of_its_own() -> None:
    with pytest.raises(PasswordContextual):
        checked(Registration("alice-in-w", "a@example.com", "Alice-In-W"), shortest=8, breached=())


def test_a_new_password_is_compared_with_the_names_one_has_already() -> None:
    with pytest.raises(Invalid) as refused:
        checked(Wish(password="alice@example.com"), shortest=8, breached=(), before=ALICE)
    assert [error.code for error in refused.value.errors] == ["contextual"]


def test_nothing_wished_is_nothing_checked() -> None:
    found = checked(Wish(), shortest=8, breached=(), before=ALICE)
    assert (found.name, found.email, found.password) == (None, None, None)
