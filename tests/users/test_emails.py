"""Addresses: verified by letters, changed with the knowledge of the old one, taken back; on both databases."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from tests.fakes import caller
from tests.services import PASSWORD, Services, by_code, by_link, services

from noughts.kit.database import Database
from noughts.kit.errors import Forbidden, Invalid, InvalidToken
from noughts.kit.throttling import TooManyAttempts
from noughts.kit.tokens import UserId
from noughts.users.model.accounts import Account
from noughts.users.model.addresses import EmailTaken
from noughts.users.model.one_time import ByCode, ByLink, TokenInvalid
from noughts.users.model.wishes import Registration, Wish
from noughts.users.service.emails import NothingToVerify

OLD, NEW = "alice@example.com", "ally@example.com"


async def wished(house: Services, account: Account, **wish: object) -> Account:
    """Change an account as its owner, just signed in."""
    return await house.change(account.id, Wish(**wish), caller(account.id, at=house.clock()))  # type: ignore[arg-type]


async def moved(house: Services) -> Account:
    """Return a member who changed a verified address and confirmed it."""
    alice = await house.verified()
    await wished(house, alice, email=NEW)
    await house.verify(by_link((await house.mails(NEW))[-1]))
    return await house.stored(alice.id)


async def test_a_new_member_is_asked_whether_the_mailbox_is_theirs(house: Services) -> None:
    alice = await house.member()
    (mail,) = await house.mails(OLD)
    assert mail.subject == "Please confirm your email address"
    assert mail.link.startswith("http://localhost:8000/verify#token=")
    assert alice.email_verified_at is None


@pytest.mark.parametrize("way", [by_link, by_code])
async def test_link_and_code_verify_the_address_once(house: Services, way: type) -> None:
    alice = await house.member()
    proof = way((await house.mails(OLD))[0])
    await house.verify(proof)
    assert (await house.stored(alice.id)).email_verified_at == house.clock()
    assert await house.happened(alice.id) == ["user-registered", "email-verified"]
    with pytest.raises(TokenInvalid):
        await house.verify(proof)


@pytest.mark.parametrize(("way", "works_for"), [(by_link, timedelta(hours=24)), (by_code, timedelta(minutes=10))])
async def test_what_has_expired_verifies_nothing(house: Services, way: type, works_for: timedelta) -> None:
    await house.member()
    proof = way((await house.mails(OLD))[0])
    house.clock.at += works_for
    with pytest.raises(TokenInvalid):
        await house.verify(proof)


async def test_only_the_newest_letter_counts(house: Services) -> None:
    alice = await house.member()
    await house.users.emails.send_again(alice.id, caller(alice.id))
    first, second = await house.mails(OLD)
    for stale in (by_link(first), by_code(first)):
        with pytest.raises(TokenInvalid):
            await house.verify(stale)
    await house.verify(by_code(second))


async def test_after_five_wrong_codes_the_right_one_is_none_either_but_the_link_is(house: Services) -> None:
    await house.member()
    (mail,) = await house.mails(OLD)
    for wrong in range(5):
        with pytest.raises(TokenInvalid):
            await house.verify(ByCode(OLD, f"x{wrong}"))
    with pytest.raises(TokenInvalid):
        await house.verify(by_code(mail))
    await house.verify(by_link(mail))


async def test_of_many_codes_tried_at_once_no_more_are_heard_than_one_after_the_other(house: Services) -> None:
    alice = await house.member()
    guesses = [house.verify(ByCode(OLD, f"{n:08}")) for n in range(30)]
    assert all(isinstance(one, TokenInvalid) for one in await asyncio.gather(*guesses, return_exceptions=True))
    (token,) = await house.user_store.one_time.sent_to(OLD, "verify")
    assert 1 <= token.tries <= 5
    assert (await house.happened(alice.id)).count("verification-refused") == 30


async def test_of_twenty_uses_at_once_one_counts(house: Services) -> None:
    await house.member()
    (mail,) = await house.mails(OLD)
    outcomes = await asyncio.gather(*[house.verify(by_link(mail)) for _ in range(20)], return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] + ["TokenInvalid"] * 19


async def test_a_change_of_something_else_meanwhile_does_no_harm(house: Services) -> None:
    alice = await house.member()
    (mail,) = await house.mails(OLD)
    others = [wished(house, alice, username=f"ally{n}") for n in range(3)]
    verified, *_ = await asyncio.gather(house.verify(by_link(mail)), *others, return_exceptions=True)
    assert verified is None
    assert (await house.stored(alice.id)).email_verified_at is not None


@pytest.mark.parametrize("code", ["", "00000000", "1" * 5_000, "\0", "é"])
async def test_a_code_nobody_was_sent_is_as_wrong_as_any(house: Services, code: str) -> None:
    with pytest.raises(TokenInvalid):
        await house.verify(ByCode("nobody@example.com", code))


async def test_a_code_may_be_typed_with_spaces_and_the_address_in_any_case(house: Services) -> None:
    await house.member()
    code = (await house.mails(OLD))[0].code
    await house.verify(ByCode("ALICE@Example.com", f" {code[:4]} {code[4:]} "))


async def test_an_address_replaced_before_it_was_verified_cannot_be_verified_any_more(house: Services) -> None:
    alice = await house.member()
    await wished(house, alice, email=NEW)
    with pytest.raises(TokenInvalid):
        await house.verify(by_link((await house.mails(OLD))[0]))
    await house.verify(by_link((await house.mails(NEW))[0]))
    assert (await house.stored(alice.id)).email == NEW


async def test_a_verified_address_stays_until_the_new_one_is_confirmed_and_is_told(house: Services) -> None:
    alice = await house.verified()
    after = await wished(house, alice, email=NEW)
    assert (after.email, after.pending_email) == (OLD, NEW)
    assert (await house.mails(OLD))[-1].subject == "Your email address is about to change"
    assert (await house.login(OLD)).user.email == OLD
    await house.verify(by_code((await house.mails(NEW))[-1]))
    after = await house.stored(alice.id)
    assert (after.email, after.email_key, after.pending_email) == (NEW, NEW, None)
    assert (await house.mails(OLD))[-1].subject == "Your email address was changed"
    assert {"email-change-requested", "email-changed"} <= set(await house.happened(alice.id))


async def test_a_change_of_address_can_be_called_off_by_its_owner(house: Services) -> None:
    alice = await house.verified()
    await wished(house, alice, email=NEW)
    after = await wished(house, alice, drops_pending_email=True)
    assert (after.email, after.pending_email) == (OLD, None)
    assert (await house.mails(OLD))[-1].subject == "Your email address stays as it is"
    assert (await house.happened(alice.id))[-1] == "email-change-cancelled"
    with pytest.raises(TokenInvalid):
        await house.verify(by_link((await house.mails(NEW))[-1]))


async def test_the_old_address_calls_a_change_off(house: Services) -> None:
    alice = await house.verified()
    await wished(house, alice, email=NEW)
    signed_in = await house.sign_in()
    await house.verify(by_link((await house.mails(OLD))[-1]))
    assert (await house.stored(alice.id)).pending_email is None
    house.revocations.check(signed_in)
    with pytest.raises(TokenInvalid):
        await house.verify(by_link((await house.mails(NEW))[-1]))


async def test_the_old_address_takes_a_confirmed_change_back_and_ends_every_session(house: Services) -> None:
    alice = await moved(house)
    thief = await house.sign_in()
    house.clock.forward(days=6)
    undo = next(mail for mail in await house.mails(OLD) if "about to change" in mail.subject)
    await house.verify(by_link(undo))
    after = await house.stored(alice.id)
    assert (after.email, after.email_key, after.email_verified_at) == (OLD, OLD, house.clock())
    assert (await house.happened(alice.id))[-1] == "email-change-undone"
    assert (await house.mails(OLD))[-1].subject == "Your email address is back"
    with pytest.raises(InvalidToken):
        house.revocations.check(thief)


async def test_after_seven_days_a_change_stands(house: Services) -> None:
    await moved(house)
    house.clock.forward(days=7)
    undo = next(mail for mail in await house.mails(OLD) if "about to change" in mail.subject)
    with pytest.raises(TokenInvalid):
        await house.verify(by_link(undo))


async def test_whoever_changes_the_address_again_closes_no_way_back_but_opens_none_for_themselves(
    house: Services,
) -> None:
    alice = await moved(house)
    await wished(house, alice, email="third@example.com")
    back, thiefs = (await house.mails(OLD))[1], (await house.mails(NEW))[-1]
    await house.verify(by_link(back))
    assert (await house.stored(alice.id)).email == OLD
    with pytest.raises(TokenInvalid):
        await house.verify(by_link(thiefs))


async def test_nobody_keeps_an_address_from_its_owner_by_registering_it(house: Services) -> None:
    alice = await moved(house)
    squatter = await house.register(Registration("mallory", OLD, PASSWORD))
    await house.verify(by_link((await house.mails(OLD))[1]))
    assert (await house.stored(alice.id)).email == OLD
    assert (await house.stored(squatter.id)).email is None


async def test_whoever_verified_an_address_keeps_it(house: Services) -> None:
    await moved(house)
    await house.register(Registration("mallory", OLD, PASSWORD))
    mails = await house.mails(OLD)
    await house.verify(by_link(mails[-1]))
    with pytest.raises(EmailTaken):
        await house.verify(by_link(mails[1]))


async def test_an_address_somebody_else_took_meanwhile_is_not_confirmed(house: Services) -> None:
    alice = await house.verified()
    await wished(house, alice, email=NEW)
    await house.register(Registration("bobby", NEW, PASSWORD))
    with pytest.raises(EmailTaken):
        await house.verify(by_link((await house.mails(NEW))[0]))
    assert (await house.stored(alice.id)).email == OLD


async def test_an_address_somebody_has_cannot_be_asked_for(house: Services) -> None:
    alice, _ = await house.verified(), await house.verified("bobby")
    with pytest.raises(EmailTaken):
        await wished(house, alice, email="bobby@example.com")
    assert (await house.stored(alice.id)).pending_email is None


async def test_a_letter_is_sent_again_only_to_whom_it_is_for_and_while_there_is_something_to_verify(
    house: Services,
) -> None:
    alice = await house.verified()
    for stranger in (caller(), caller(role="admin")):
        with pytest.raises(Forbidden):
            await house.users.emails.send_again(alice.id, stranger)
    with pytest.raises(NothingToVerify):
        await house.users.emails.send_again(alice.id, caller(alice.id))
    await wished(house, alice, email=NEW)
    await house.users.emails.send_again(alice.id, caller(alice.id))
    assert len(await house.mails(NEW)) == 2


async def test_a_guest_who_becomes_a_member_is_asked_too(house: Services) -> None:
    guest = house.verifier.verify((await house.guest()).access_token)
    await house.change(guest.user_id, Wish(username="alice", email=OLD, password=PASSWORD), guest)
    await house.verify(by_link((await house.mails(OLD))[0]))
    assert (await house.stored(guest.user_id)).email_verified_at is not None


async def test_links_that_nobody_was_sent_are_refused_alike(house: Services) -> None:
    for token in ("", "x", "\0", "x" * 10_000):
        with pytest.raises(TokenInvalid):
            await house.verify(ByLink(token))


async def test_nothing_that_was_sent_is_stored_as_it_is(house: Services, database: Database) -> None:
    await house.member()
    (mail,) = await house.mails(OLD)
    (token,) = await house.user_store.one_time.sent_to(OLD, "verify")
    assert mail.secret not in str(token)
    assert mail.code not in str(token)


async def test_what_has_expired_is_forgotten(house: Services) -> None:
    await house.member()
    house.clock.forward(hours=24)
    await house.users._tokens.purge()
    assert await house.user_store.one_time.sent_to(OLD, "verify") == []


async def test_where_addresses_are_concealed_a_known_one_is_registered_like_any_and_its_owner_told(
    database: Database,
) -> None:
    async with services(database, NOUGHTS_DUPLICATE_EMAIL="conceal") as house:
        alice = await house.verified()
        again = await house.register(Registration("mallory", OLD, PASSWORD))
        assert (again.email, again.email_verified_at) == (OLD, None)
        told = (await house.mails(OLD))[-1]
        assert told.subject == "You already have an account"
        assert "mallory" not in told.text
        assert (await house.login(OLD)).user.id == alice.id


async def test_where_addresses_are_concealed_the_first_who_verifies_has_it(database: Database) -> None:
    async with services(database, NOUGHTS_DUPLICATE_EMAIL="conceal") as house:
        mallory = await house.register(Registration("mallory", OLD, PASSWORD))
        alice = await house.member()
        assert (await house.users.directory.identify(OLD)).user_id is None
        first, second = await house.mails(OLD)
        await house.verify(by_code(second))
        assert (await house.users.directory.identify(OLD)).user_id == alice.id
        with pytest.raises(EmailTaken):
            await house.verify(by_link(first))
        assert (await house.stored(mallory.id)).email_verified_at is None


async def test_where_addresses_are_concealed_a_change_to_a_known_one_looks_like_any(database: Database) -> None:
    async with services(database, NOUGHTS_DUPLICATE_EMAIL="conceal") as house:
        alice, _ = await house.verified(), await house.verified("bobby")
        after = await wished(house, alice, email="bobby@example.com")
        assert after.pending_email == "bobby@example.com"
        await house.users.emails.send_again(alice.id, caller(alice.id))
        subjects = [mail.subject for mail in await house.mails("bobby@example.com")]
        assert subjects[1:] == ["You already have an account"] * 2


async def test_once_addresses_are_concealed_nobody_keeps_one_they_never_verified(database: Database) -> None:
    async with services(database) as before:
        await before.register(Registration("mallory", OLD, PASSWORD))
        bob = await before.verified("bobby")
    async with services(database, NOUGHTS_DUPLICATE_EMAIL="conceal") as house:
        await house.user_store.accounts.release()
        alice = await house.member()
        await house.verify(by_link((await house.mails(OLD))[-1]))
        assert (await house.users.directory.identify(OLD)).user_id == alice.id
        assert (await house.users.directory.identify("bobby@example.com")).user_id == bob.id


async def test_half_of_a_proof_is_none() -> None:
    from noughts.users.model.one_time import proof

    for given in ((None, None, None), ("a", "b", "c"), ("a", "b", None), (None, "b", None), (None, None, "c")):
        with pytest.raises(Invalid):
            proof(*given)


async def test_with_a_person_goes_all_that_was_sent_to_them(house: Services) -> None:
    alice = await house.member()
    await house.delete(alice.id, caller(alice.id))
    (mail,) = await house.mails(OLD)
    with pytest.raises(TokenInvalid):
        await house.verify(by_link(mail))
    house.clock.forward(seconds=3)
    await house.erasure.sweep()
    assert await house.user_store.one_time.sent_to(OLD, "verify") == []
    assert await house.user_store.accounts.get(UserId(alice.id)) is None


async def test_a_stranger_gets_five_letters_an_hour_whoever_names_them(house: Services) -> None:
    for n in range(5):
        member = await house.member(f"member{n}")
        await wished(house, member, email="stranger@example.com")
        await wished(house, member, email=f"{n}@example.com")
    alice = await house.member()
    with pytest.raises(TooManyAttempts):
        await wished(house, alice, email="Stranger@example.com")
    house.clock.forward(hours=1)
    await wished(house, alice, email="Stranger@example.com")


async def test_a_member_names_five_new_addresses_an_hour(house: Services) -> None:
    alice = await house.member()
    for n in range(5):
        await wished(house, alice, email=f"{n}@example.com")
    with pytest.raises(TooManyAttempts):
        await wished(house, alice, email=NEW)


async def test_a_password_is_changed_five_times_an_hour(house: Services) -> None:
    alice = await house.member()
    passwords = [PASSWORD, *(f"another secret {n}" for n in range(6))]
    for old, new in pairwise(passwords[:6]):
        await wished(house, alice, password=new, current_password=old)
    with pytest.raises(TooManyAttempts):
        await wished(house, alice, password=passwords[6], current_password=passwords[5])


async def test_where_addresses_are_concealed_one_is_registered_five_times_an_hour(database: Database) -> None:
    async with services(database, NOUGHTS_DUPLICATE_EMAIL="conceal") as house:
        for n in range(5):
            await house.register(Registration(f"member{n}", OLD, PASSWORD))
        with pytest.raises(TooManyAttempts):
            await house.register(Registration("member5", OLD.upper(), PASSWORD))
