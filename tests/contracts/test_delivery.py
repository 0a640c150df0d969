"""How letters leave the outbox, on both databases: each once, however many send, and none held up by another."""

import asyncio
from datetime import timedelta
from email.message import EmailMessage
from itertools import pairwise

import msgspec
import pytest

from noughts.kit import sealing
from noughts.kit.delivery import CLAIMED, GIVEN_UP
from noughts.kit.logging import log
from noughts.kit.mail import Delayed, Refused
from noughts.kit.outbox import Letter, Outbox
from tests.fakes import NOON
from tests.services import Services, services

LETTER = Letter("verify-email", "ada@example.com", "Confirm your address", ("Hello.",))


def letter(number: int) -> Letter:
    """Return a letter to somebody of their own."""
    return msgspec.structs.replace(LETTER, to=f"p{number}@example.com")


async def post(house: Services, *letters: Letter) -> None:
    """Put letters into the outbox."""
    for one in letters:
        await house.database.write(house.fittings.outbox.row(one))


async def send(house: Services) -> list[str]:
    """Send what is due, and return whom mails have come to so far."""
    await house.delivery.round()
    await house.delivery.settled()
    return [mail.to for mail in house.box.mails]


async def die(house: Services) -> None:
    """Let whatever a process is sending be cut short."""
    for task in house.delivery._sending:
        task.cancel()
    await house.delivery.settled()


async def waiting(house: Services) -> int:
    """Return how many letters are in the outbox."""
    await house.delivery.measure()
    return int(house.delivery.gauges()["noughts_mails_waiting"][1]())


async def test_a_letter_is_sent_once_and_gone(house: Services) -> None:
    await post(house, LETTER)
    assert await send(house) == ["ada@example.com"]
    house.clock.forward(days=1)
    assert await send(house) == ["ada@example.com"]
    assert await waiting(house) == 0


async def test_more_letters_than_hands_are_all_sent(house: Services) -> None:
    await post(house, *map(letter, range(120)))
    assert sorted(await send(house)) == sorted(f"p{number}@example.com" for number in range(120))


async def test_several_processes_send_each_letter_once(house: Services) -> None:
    async with services(house.database) as second, services(house.database) as third:
        await post(house, *map(letter, range(60)))
        found = await asyncio.gather(send(house), send(second), send(third))
    everyone = [to for sent in found for to in sent]
    assert sorted(everyone) == sorted(f"p{number}@example.com" for number in range(60))


async def test_a_mail_that_is_delayed_comes_later_and_as_the_same_mail(house: Services) -> None:
    seen: list[str] = []

    def trouble(mail: EmailMessage) -> Delayed | None:
        seen.append(mail["Message-ID"])
        return Delayed("not now") if len(seen) < 3 else None

    house.box.trouble = trouble
    await post(house, LETTER)
    for _ in range(3):
        await send(house)
        house.clock.forward(minutes=2)
    assert len(house.box.mails) == 1
    assert len(set(seen)) == 1


async def test_the_pauses_between_tries_grow_to_an_hour(house: Services) -> None:
    tried = []
    house.box.trouble = lambda _: Delayed(str(tried.append(house.clock())))
    await post(house, LETTER)
    while house.clock() < NOON + timedelta(hours=12):
        await send(house)
        house.clock.forward(seconds=5)
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(tried)]
    assert pauses[0] <= 10
    assert 1_800 <= min(pauses[-5:]) <= max(pauses) <= 3_605
    assert len(set(pauses[-5:])) > 1


async def test_a_mail_nobody_takes_for_three_days_is_given_up_loudly(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(log, "error", lambda event, **_: told.append(event))
    house.box.trouble = lambda _: Delayed("not now")
    await post(house, LETTER)
    house.clock.forward(seconds=GIVEN_UP.total_seconds() - 1)
    await send(house)
    assert (await waiting(house), told) == (1, [])
    house.clock.forward(hours=1)
    await send(house)
    assert (await waiting(house), told) == (0, ["mail_given_up"])


async def test_a_mail_that_is_refused_is_not_tried_again(house: Services) -> None:
    house.box.trouble = lambda _: Refused("no such mailbox")
    await post(house, LETTER)
    await send(house)
    assert await waiting(house) == 0


async def test_who_watches_sees_how_many_mails_wait_and_for_how_long(house: Services) -> None:
    house.box.trouble = lambda _: Delayed("not now")
    await post(house, *map(letter, range(3)))
    house.clock.forward(minutes=5)
    await send(house)
    await house.delivery.measure()
    page = house.requests.exposition().decode()
    assert "noughts_mails_waiting 3.0" in page
    assert "noughts_oldest_mail_seconds 300.0" in page


async def test_a_letter_whose_link_has_expired_is_not_sent(house: Services) -> None:
    await post(house, msgspec.structs.replace(LETTER, until=NOON + timedelta(minutes=30)))
    house.clock.forward(minutes=30)
    assert await send(house) == []
    assert await waiting(house) == 0


async def test_a_letter_nobody_can_read_holds_up_no_other(house: Services) -> None:
    stranger = Outbox(sealing.derive(b"another secret", "outbox"), house.clock)
    await house.database.write(stranger.row(letter(0)))
    await post(house, *map(letter, range(1, 4)))
    assert await send(house) == ["p1@example.com", "p2@example.com", "p3@example.com"]
    assert await waiting(house) == 1


async def test_a_mail_that_hangs_holds_up_no_other(house: Services) -> None:
    house.box.hanging = {"p0@example.com"}
    await post(house, *map(letter, range(20)))
    await house.delivery.round()
    await post(house, letter(20))
    await house.delivery.round()
    while len(house.delivery._sending) > 1:
        await asyncio.wait(house.delivery._sending, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert len(house.box.mails) == 20
    await die(house)


async def test_what_a_dead_process_had_claimed_is_sent_when_its_claim_ends(house: Services) -> None:
    await post(house, LETTER)
    async with services(house.database) as dead:
        dead.box.hanging = {"ada@example.com"}
        await dead.delivery.round()
        await die(dead)
    assert await send(house) == []
    house.clock.forward(seconds=CLAIMED.total_seconds())
    assert await send(house) == ["ada@example.com"]


async def test_with_a_person_go_the_mails_that_wait_for_them(house: Services) -> None:
    alice = await house.member()
    await house.database.write(house.fittings.outbox.row(LETTER, alice.id))
    await house.delete(alice.id, await house.sign_in())
    house.clock.forward(minutes=1)
    await house.erasure.sweep()
    assert LETTER.to not in await send(house)


async def test_a_letter_is_sealed_as_long_as_it_waits(house: Services) -> None:
    row = house.fittings.outbox.row(msgspec.structs.replace(LETTER, code="12345678"))
    sealed = row.args[2]
    assert isinstance(sealed, bytes)
    assert not any(secret in sealed for secret in (b"12345678", b"ada@example.com"))
