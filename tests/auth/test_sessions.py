"""Where somebody is signed in: seen and ended by them and by administrators, on both databases."""

import msgspec
import pytest
from tests.fakes import caller
from tests.services import HERE, PASSWORD, Services

from noughts.kit import ids
from noughts.kit.audit import Origin
from noughts.kit.errors import InvalidToken, NotFound
from noughts.kit.tokens import Principal, SessionId
from noughts.users.model.wishes import Wish

PHONE = Origin("2001:db8::7", "fedcba9876543210", "a\0 phone" + "!" * 300)


@pytest.fixture
async def alice(house: Services) -> Principal:
    """A member who has just signed in."""
    await house.member()
    return await house.sign_in()


async def listed(house: Services, by: Principal) -> list[SessionId]:
    """Return the ids of the sessions somebody sees of their own."""
    page = await house.auth.sessions.living(by.user_id, by, None, 100)
    return [session.id for session in page.sessions]


async def ended(house: Services, by: Principal) -> bool:
    """Return whether somebody's access tokens are refused."""
    try:
        house.revocations.check(by)
    except InvalidToken:
        return True
    return False


async def events(house: Services, of: Principal) -> list[tuple[str, str | None, str | None]]:
    """Return what happened to an account, the newest first: the event, by whom, and to which session."""
    found = await house.fittings.audit.page(of.user_id, None, 10)
    return [(row.event, row.actor_id, row.session_id) for row in found]


async def test_a_session_tells_of_device_address_and_time(house: Services, alice: Principal) -> None:
    grant = await house.auth.sign_in.login("alice", PASSWORD, PHONE)
    signed_in = house.clock()
    used = house.clock.forward(hours=1)
    await house.auth.refresh(grant.refresh_token, msgspec.structs.replace(PHONE, address="192.0.2.9"))
    newest = (await house.auth.sessions.living(alice.user_id, alice, None, 1)).sessions[0]
    assert (newest.device, newest.address) == (("a phone" + "!" * 300)[:200], "192.0.2.9")
    assert (newest.auth_time, newest.last_used_at) == (signed_in, used)


async def test_sessions_are_listed_page_by_page_the_newest_first(house: Services, alice: Principal) -> None:
    opened = [alice.session_id, *[(await house.sign_in()).session_id for _ in range(4)]]
    found, after = [], None
    while True:
        page = await house.auth.sessions.living(alice.user_id, alice, after, 2)
        found += [session.id for session in page.sessions]
        if (after := page.last) is None:
            break
    assert found == opened[::-1]


async def test_sessions_nobody_could_go_on_with_are_not_listed(house: Services, alice: Principal) -> None:
    house.clock.forward(days=31)
    asking = await house.sign_in()
    other = await house.sign_in()
    assert await listed(house, asking) == [other.session_id, asking.session_id]
    await house.change(alice.user_id, Wish(password="another secret", current_password=PASSWORD), asking)
    assert await listed(house, asking) == [asking.session_id]


async def test_one_ends_one_session_of_ones_own(house: Services, alice: Principal) -> None:
    other = await house.sign_in()
    await house.auth.sessions.end(alice.user_id, other.session_id, alice, HERE)
    assert await listed(house, alice) == [alice.session_id]
    assert [await ended(house, other), await ended(house, alice)] == [True, False]
    assert (await events(house, alice))[0] == ("session-ended", alice.user_id, other.session_id)


async def test_a_session_that_is_not_there_cannot_be_ended(house: Services, alice: Principal) -> None:
    for unknown in (SessionId(ids.new()), house.verifier.verify((await house.guest()).access_token).session_id):
        with pytest.raises(NotFound):
            await house.auth.sessions.end(alice.user_id, unknown, alice, HERE)


async def test_one_ends_all_of_ones_sessions_but_this_one(house: Services, alice: Principal) -> None:
    others = [await house.sign_in() for _ in range(3)]
    await house.auth.sessions.end_all(alice.user_id, alice, HERE)
    assert [await ended(house, other) for other in others] == [True] * 3
    assert await listed(house, alice) == [alice.session_id]
    assert (await events(house, alice))[0] == ("sessions-ended", alice.user_id, alice.session_id)


async def test_signing_out_everywhere_ends_this_session_too(house: Services, alice: Principal) -> None:
    other = await house.login()
    await house.logout(alice, None, everywhere=True)
    assert await ended(house, alice)
    with pytest.raises(InvalidToken):
        house.verifier.verify(other.access_token)


async def test_signing_out_ends_the_session_a_browser_keeps_besides(house: Services, alice: Principal) -> None:
    kept = await house.login()
    await house.logout(alice, kept.refresh_token)
    assert await listed(house, caller(alice.user_id)) == []


async def test_other_peoples_sessions_are_hidden(house: Services, alice: Principal) -> None:
    mallory = caller()
    for attempt in (
        house.auth.sessions.living(alice.user_id, mallory, None, 20),
        house.auth.sessions.end(alice.user_id, alice.session_id, mallory, HERE),
        house.auth.sessions.end_all(alice.user_id, mallory, HERE),
        house.auth.sessions.end(mallory.user_id, alice.session_id, mallory, HERE),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await listed(house, alice) == [alice.session_id]


async def test_an_administrator_sees_and_ends_anybodys_sessions(house: Services, alice: Principal) -> None:
    root, other = caller(role="admin"), await house.sign_in()
    assert len((await house.auth.sessions.living(alice.user_id, root, None, 20)).sessions) == 2
    await house.auth.sessions.end(alice.user_id, other.session_id, root, HERE)
    assert [await ended(house, other), await ended(house, alice)] == [True, False]
    await house.auth.sessions.end_all(alice.user_id, root, HERE)
    assert await ended(house, alice)
    told = [("sessions-ended", root.user_id, root.session_id), ("session-ended", root.user_id, other.session_id)]
    assert (await events(house, alice))[:2] == told


async def test_nobody_has_no_sessions_to_see(house: Services, alice: Principal) -> None:
    with pytest.raises(NotFound):
        await house.auth.sessions.living(caller().user_id, caller(role="admin"), None, 20)
