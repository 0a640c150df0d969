"""Everything that is kept about a person: handed out to them, and gone with them."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.fakes import caller
from tests.services import HERE, Services
from tests.users.test_administration import administrator

from noughts.games.model import lives
from noughts.games.model.games import GameId
from noughts.games.model.games import Wish as GameWish
from noughts.games.store import GameStore
from noughts.kit import ids
from noughts.kit.database import Database, Query
from noughts.kit.database.sqlite import Sqlite
from noughts.kit.errors import Forbidden, InsufficientUserAuthentication, NotFound
from noughts.kit.tokens import Principal, UserId
from noughts.ports.games import HELD_AT_ONCE
from noughts.users.http.records import _document
from noughts.users.model.wishes import Wish

SPARED = {"revocations", "alembic_version"}
"""Revocations name an id for eleven minutes, so that the tokens of somebody erased are refused."""


class Text(msgspec.Struct, array_like=True):
    """One row as text."""

    text: str


async def exported(house: Services, user_id: UserId, by: Principal) -> dict[str, Any]:
    """Return the document somebody is handed."""
    _, parts = await house.users.exports.export(user_id, by, HERE)
    found: dict[str, Any] = json.loads(b"".join([piece async for piece in _document(parts)]))
    return found


async def everything(database: Database) -> dict[str, str]:
    """Return all that stands in the database, table by table."""
    if isinstance(database, Sqlite):
        read = database._reads.execute
        tables = [name for (name,) in read("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: repr(read(f"SELECT * FROM {table}").fetchall()) for table in tables}
    named = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    tables = [row.text for row in await database.scan(Query(named, Text))]
    found = {table: await database.scan(Query(f"SELECT t::text FROM {table} t", Text)) for table in tables}
    return {table: repr(rows) for table, rows in found.items()}


async def busy(house: Services) -> Principal:
    """Return a member of whom there is something in every table."""
    await house.verified()
    await house.login()
    by = await house.sign_in()
    await house.games.create(GameWish(seat="computer", level=1), by, "another key")
    await house.change(by.user_id, Wish(email="alice@example.org"), by)
    await house.users.recovery.ask("alice@example.com", HERE)
    await house.auth.second_factor.start(by.user_id, None, by, HERE)
    return by


async def test_people_get_everything_kept_about_them(house: Services) -> None:
    by = await busy(house)
    found = await exported(house, by.user_id, by)
    assert list(found) == ["account", "sign_in", "links", "mails", "sessions", "audit", "games"]
    assert (found["account"]["username"], found["account"]["email"]) == ("alice", "alice@example.com")
    assert {link["email"] for link in found["links"]} == {"alice@example.com", "alice@example.org"}
    assert {mail["to"] for mail in found["mails"]} <= {"alice@example.com", "alice@example.org"}
    assert found["mails"]
    assert [session["address"] for session in found["sessions"]] == [HERE.address] * 2
    assert found["audit"][0]["event"] == "data-exported"
    assert found["audit"][-1]["event"] == "user-registered"
    assert [game["variant"] for game in found["games"]] == ["classic"]
    assert found["sign_in"]["second_factor"] is False
    assert len(found["sign_in"]["known_addresses"]) == 1


async def test_no_secret_is_among_it_nor_the_digest_of_one(house: Services) -> None:
    by = await busy(house)
    text = json.dumps(await exported(house, by.user_id, by))
    stored = await house.stored(by.user_id)
    assert stored.password is not None
    assert stored.password not in text
    for word in ('password"', "hash", "digest", "sealed", "epoch", "code_mac", "secret", "successor", '_key"'):
        assert word not in text


async def test_long_lists_are_handed_out_whole_page_by_page(house: Services) -> None:
    alice = await house.member()
    by, store = await house.sign_in(), GameStore(house.database)
    for number in range(HELD_AT_ONCE + 3):
        wish = GameWish(seat="invite")
        await store.add(
            lives.begun(GameId(ids.new()), wish, by=alice.id, mark="X", invite=f"digest {number}", at=house.clock())
        )
    found = await exported(house, alice.id, by)
    assert len({game["id"] for game in found["games"]}) == HELD_AT_ONCE + 3


async def test_a_game_is_told_from_ones_own_side(house: Services) -> None:
    alice, bert = await house.member(), await house.member("bert")
    by, other = await house.sign_in(), await house.sign_in("bert")
    await house.games.create(GameWish(seat="anyone", mark="X"), by)
    await house.games.create(GameWish(seat="anyone"), other)
    own, theirs = [
        (await exported(house, who, who_by))["games"][0] for who, who_by in ((alice.id, by), (bert.id, other))
    ]
    assert (own["mark"], own["opponent"]) == ("X", bert.id)
    assert (theirs["mark"], theirs["opponent"]) == ("O", alice.id)


async def test_a_guest_has_little_and_gets_it_without_ado(house: Services) -> None:
    by = house.verifier.verify((await house.guest()).access_token)
    old = msgspec.structs.replace(by, auth_time=by.auth_time - 3_600)
    found = await exported(house, by.user_id, old)
    assert (found["account"]["kind"], found["games"], found["mails"]) == ("guest", [], [])


async def test_it_takes_a_young_sign_in_and_the_owner_or_an_administrator(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    old = caller(alice.id, at=house.clock() - timedelta(minutes=16))
    with pytest.raises(InsufficientUserAuthentication):
        await house.users.exports.export(alice.id, old, HERE)
    with pytest.raises(Forbidden):
        await house.users.exports.export(alice.id, caller(), HERE)
    with pytest.raises(NotFound):
        await house.users.exports.export(UserId(ids.new()), edith, HERE)
    assert (await exported(house, alice.id, edith))["account"]["id"] == alice.id


async def test_it_is_written_down_who_took_it(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    await exported(house, alice.id, edith)
    newest = (await house.fittings.audit.page(alice.id, None, 1))[0]
    assert (newest.event, newest.actor_id) == ("data-exported", edith.user_id)


async def test_nothing_is_left_of_somebody_who_was_erased(house: Services) -> None:
    by, edith = await busy(house), await administrator(house)
    opponent = await house.sign_in("edith")
    await house.games.create(GameWish(seat="anyone", mark="X"), by)
    played = await house.games.create(GameWish(seat="anyone"), opponent)
    await house.users.administration.set_status(by.user_id, "disabled", edith, HERE)
    await house.users.administration.set_status(by.user_id, "active", edith, HERE)
    by = await house.sign_in()
    before = await everything(house.database)
    assert {table for table, rows in before.items() if by.user_id in rows} > {
        "users",
        "sessions",
        "audit",
        "games",
        "outbox",
    }

    await house.users.recovery.answer()
    await house.delete(by.user_id, by)
    house.clock.forward(seconds=3)
    await house.erasure.sweep()
    after = await everything(house.database)
    for word in (by.user_id, "alice", by.session_id):
        assert {table for table, rows in after.items() if word in rows} - SPARED == set()
    assert played.id in after["games"]

    house.clock.forward(minutes=12)
    await house.revocations.purge()
    assert by.user_id not in (await everything(house.database))["revocations"]
