"""Coming back without the password, on both databases."""

import asyncio
from datetime import timedelta

import pytest
from tests.fakes import CHEAP, caller
from tests.post import Mail
from tests.services import HERE, PASSWORD, Services, by_code, by_link, services

from noughts.kit.database import Database, Sql, Write
from noughts.kit.errors import Invalid, InvalidToken
from noughts.kit.throttling import TooManyAttempts
from noughts.users.model.accounts import Account
from noughts.users.model.one_time import ByCode, ByLink, Proof, TokenInvalid
from noughts.users.model.secrets import PasswordContextual
from noughts.users.model.wishes import Registration, Wish

ALICE, NOBODY, NEW = "alice@example.com", "nobody@example.com", "an entirely new secret"


async def asked(house: Services, email: str = ALICE) -> list[Mail]:
    """Ask for a new password, let the worker answer, and return the mails about it."""
    await house.users.recovery.ask(email, HERE)
    await house.users.recovery.answer()
    return [mail for mail in await house.mails(email) if mail.subject == "Choose a new password"]


def _disabled(account: Account) -> Write:
    return Write(Sql("UPDATE users SET status = 'disabled' WHERE id = $1"), (account.id,))


def _spoiled() -> Write:
    return Write(Sql("UPDATE recovery_requests SET sealed = $1"), (b"spoiled",))


async def confirm(house: Services, proof: Proof, password: str = NEW) -> None:
    """Set a new password."""
    await house.users.recovery.confirm(proof, password, HERE)


@pytest.mark.parametrize("way", [by_link, by_code])
async def test_link_and_code_set_a_new_password_once(house: Services, way: type) -> None:
    alice = await house.member()
    (mail,) = await asked(house)
    assert mail.link.startswith("http://localhost:8000/recover#token=")
    await confirm(house, way(mail))
    assert (await house.login(ALICE, NEW)).user.id == alice.id
    assert (await house.mails(ALICE))[-1].subject == "Your password was changed"
    with pytest.raises(TokenInvalid):
        await confirm(house, way(mail))


async def test_whoever_recovers_reads_the_mailbox_and_is_alone_in_the_account(house: Services) -> None:
    alice = await house.verified()
    await house.change(alice.id, Wish(email="thief@example.com"), caller(alice.id, at=house.clock()))
    thief = await house.sign_in()
    await confirm(house, by_link((await asked(house))[0]))
    after = await house.stored(alice.id)
    assert (after.email, after.pending_email, after.email_verified_at) == (ALICE, None, alice.email_verified_at)
    with pytest.raises(InvalidToken):
        house.revocations.check(thief)
    with pytest.raises(TokenInvalid):
        await house.verify(by_link((await house.mails("thief@example.com"))[0]))
    assert (await house.happened(alice.id))[-2:] == ["recovery-requested", "password-recovered"]


async def test_an_address_never_verified_counts_as_verified_then(house: Services) -> None:
    alice = await house.member()
    await confirm(house, by_link((await asked(house))[0]))
    assert (await house.stored(alice.id)).email_verified_at == house.clock()


async def test_nobody_is_written_to_who_has_no_account(house: Services) -> None:
    assert await asked(house, NOBODY) == []


async def test_the_disabled_and_those_being_deleted_are_not_written_to(house: Services) -> None:
    alice, bob = await house.member(), await house.member("bobby")
    await house.database.write(_disabled(alice))
    await house.delete(bob.id, caller(bob.id))
    assert await asked(house) == []
    assert await asked(house, "bobby@example.com") == []


async def test_whoever_asks_one_row_like_any_other_is_all_that_is_written(house: Services) -> None:
    await house.member()
    for email in (ALICE, NOBODY, f"{'x' * 64}@{'y' * 60}.{'z' * 60}.example.com"):
        await house.users.recovery.ask(email, HERE)
    rows = await house.user_store.requests.oldest(10)
    assert len({len(row.sealed) for row in rows}) == 1
    assert len(rows) == 3
    assert not any(b"example" in row.sealed for row in rows)


async def test_what_was_asked_is_forgotten_once_it_is_answered(house: Services) -> None:
    await asked(house)
    assert await house.user_store.requests.oldest(10) == []


async def test_any_number_of_processes_answer_once(house: Services) -> None:
    await house.member()
    await house.users.recovery.ask(ALICE, HERE)
    others = [await Services(house.database, house.clock, house.passwords).ready() for _ in range(4)]
    await asyncio.gather(*[one.users.recovery.answer() for one in (house, *others)])
    assert len([mail for mail in await house.mails(ALICE) if "new password" in mail.subject]) == 1


async def test_a_request_nobody_can_read_any_more_holds_nobody_up(house: Services, database: Database) -> None:
    await house.member()
    await house.users.recovery.ask(ALICE, HERE)
    await database.write(_spoiled())
    assert len(await asked(house)) == 1


async def test_only_the_newest_letter_counts(house: Services) -> None:
    await house.member()
    await asked(house)
    first, second = await asked(house)
    for stale in (by_link(first), by_code(first)):
        with pytest.raises(TokenInvalid):
            await confirm(house, stale)
    await confirm(house, by_link(second))


@pytest.mark.parametrize(("way", "works_for"), [(by_link, timedelta(minutes=30)), (by_code, timedelta(minutes=10))])
async def test_what_has_expired_recovers_nothing(house: Services, way: type, works_for: timedelta) -> None:
    await house.member()
    (mail,) = await asked(house)
    house.clock.at += works_for
    with pytest.raises(TokenInvalid):
        await confirm(house, way(mail))


async def test_a_new_password_or_address_ends_what_was_sent_before(house: Services) -> None:
    alice = await house.member()
    for wish in (Wish(password="another secret", current_password=PASSWORD), Wish(email="ally@example.com")):
        mail = (await asked(house))[-1]
        await house.change(alice.id, wish, caller(alice.id, at=house.clock()))
        with pytest.raises(TokenInvalid):
            await confirm(house, by_link(mail))


async def test_a_confirmed_address_ends_what_was_sent_to_the_old_one(house: Services) -> None:
    alice = await house.verified()
    await house.change(alice.id, Wish(email="ally@example.com"), caller(alice.id, at=house.clock()))
    (mail,) = await asked(house)
    await house.verify(by_link((await house.mails("ally@example.com"))[0]))
    with pytest.raises(TokenInvalid):
        await confirm(house, by_link(mail))


async def test_what_was_sent_for_one_purpose_serves_no_other(house: Services) -> None:
    alice = await house.member()
    verification = (await house.mails(ALICE))[0]
    for way in (by_link, by_code):
        with pytest.raises(TokenInvalid):
            await confirm(house, way(verification))
    await house.verify(by_link(verification))
    await house.change(alice.id, Wish(email="ally@example.com"), caller(alice.id, at=house.clock()))
    with pytest.raises(TokenInvalid):
        await confirm(house, by_link((await house.mails(ALICE))[-1]))
    (recovery,) = await asked(house)
    for way in (by_link, by_code):
        with pytest.raises(TokenInvalid):
            await house.verify(way(recovery))


async def test_after_five_wrong_codes_the_right_one_is_none_either(house: Services) -> None:
    alice = await house.member()
    (mail,) = await asked(house)
    for wrong in range(5):
        with pytest.raises(TokenInvalid):
            await confirm(house, ByCode(ALICE, f"x{wrong}"))
    with pytest.raises(TokenInvalid):
        await confirm(house, by_code(mail))
    assert (await house.happened(alice.id)).count("recovery-refused") == 6
    await confirm(house, by_link(mail))


@pytest.mark.parametrize(
    ("password", "error", "code"),
    [("short", Invalid, "length"), ("x" * 257, Invalid, "length"), ("alice2026", PasswordContextual, "contextual")],
)
async def test_the_rules_for_passwords_hold_and_a_link_survives_them(
    house: Services, password: str, error: type[Invalid], code: str
) -> None:
    await house.member()
    (mail,) = await asked(house)
    with pytest.raises(error) as refused:
        await confirm(house, by_link(mail), password)
    assert [(wrong.pointer, wrong.code) for wrong in refused.value.errors] == [("#/new_password", code)]
    await confirm(house, by_link(mail))


async def test_nothing_is_hashed_for_who_shows_nothing(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(house.passwords, "hash", hashed.append)
    for proof in (ByLink("x"), ByCode(ALICE, "00000000"), ByCode(NOBODY, "00000000")):
        with pytest.raises(TokenInvalid):
            await confirm(house, proof)
    assert hashed == []


async def test_of_many_confirmations_at_once_one_counts(house: Services) -> None:
    await house.member()
    (mail,) = await asked(house)
    outcomes = await asyncio.gather(*[confirm(house, by_link(mail)) for _ in range(10)], return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] + ["TokenInvalid"] * 9


async def test_an_address_is_asked_for_five_times_an_hour_whoevers_it_is(house: Services) -> None:
    await house.member()
    for email in (ALICE, NOBODY):
        for _ in range(5):
            await house.users.recovery.ask(email, HERE)
        for written in (email, email.upper()):
            with pytest.raises(TooManyAttempts) as refused:
                await house.users.recovery.ask(written, HERE)
            assert dict(refused.value.headers)["Retry-After"] == "3600"
    house.clock.forward(hours=1)
    await house.users.recovery.ask(ALICE, HERE)


async def test_where_addresses_are_concealed_only_a_verified_one_recovers(database: Database) -> None:
    async with services(database, CHEAP, NOUGHTS_DUPLICATE_EMAIL="conceal") as house:
        await house.member()
        assert await asked(house) == []
        await house.verify(by_link((await house.mails(ALICE))[0]))
        await house.register(Registration("mallory", ALICE, PASSWORD))
        (mail,) = await asked(house)
        await confirm(house, by_link(mail))
        assert (await house.login(ALICE, NEW)).user.username == "alice"
