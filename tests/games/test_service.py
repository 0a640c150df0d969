"""The use cases of games on a real database: starting, meeting, moving, and the computer's side."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

import pytest
from msgspec import UNSET
from tests.fakes import CHEAP

from noughts.games.model.games import Wish
from noughts.games.model.moves import Attempt, IllegalMove, NotYourTurn
from noughts.games.model.snapshots import Snapshot
from noughts.games.rules import Mark
from noughts.games.service import GameService, GameSettings, Invites
from noughts.games.service.cards import Cards
from noughts.games.store import GamesStore, Shelf
from noughts.kit import clock, ids
from noughts.kit.broadcast import USERS, AccountChanged, Memory
from noughts.kit.database import Database
from noughts.kit.errors import IdempotencyKeyReused, NotFound
from noughts.kit.fittings import Fittings
from noughts.kit.passwords import Passwords
from noughts.kit.proof import HashCheck
from noughts.kit.tokens import Principal, SessionId, UserId
from noughts.ports.users import Card, Identified, User
from noughts.users.model import accounts
from noughts.users.store import AccountStore

NOW = timedelta(0)
CHANCE = random.Random(6)
INVITE = Wish(seat="invite", mark="X")
ANYONE = Wish(seat="anyone")


class Registry:
    """The part of the User Service that games ask, over a store or, without one, over whoever is asked for."""

    def __init__(self, store: AccountStore | None = None) -> None:
        self.store = store
        self.asked: list[Sequence[UserId]] = []

    async def create_guest(self) -> User:
        raise NotImplementedError

    async def user(self, user_id: UserId) -> User:
        raise NotImplementedError

    async def identify(self, identifier: str) -> Identified:
        raise NotImplementedError

    async def cards(self, user_ids: Sequence[UserId]) -> dict[UserId, Card]:
        self.asked.append(user_ids)
        await asyncio.sleep(0)
        if self.store is None:
            return {user_id: Card(id=user_id, username=user_id, kind="guest") for user_id in user_ids}
        return {
            row.id: Card(id=row.id, username=row.username, kind=row.kind) for row in await self.store.cards(user_ids)
        }


Open = Callable[[], GameService]


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[Open]:
    """Make game services on one database, as several processes would."""
    services: list[GameService] = []

    def service() -> GameService:
        passwords = Passwords(CHEAP)
        fittings = Fittings.on(
            database,
            b"s" * 32,
            origin="https://noughts.example",
            now=clock.now,
            passwords=passwords,
            check=HashCheck(passwords),
            broadcast=Memory(),
            limited=True,
        )
        invites = Invites(b"key", "https://noughts.example")
        services.append(
            GameService(
                GamesStore(database),
                Registry(AccountStore(database)),
                invites,
                fittings,
                CHANCE,
                GameSettings(computer_pause="off"),
            )
        )
        return services[-1]

    yield service
    for made in services:
        await made.close()


@pytest.fixture
def games(opened: Open) -> GameService:
    return opened()


@pytest.fixture
async def people(database: Database) -> list[Principal]:
    """Twenty people who exist."""
    found = [accounts.guest(UserId(ids.new()), CHANCE.randbytes(8), clock.now()) for _ in range(20)]
    await asyncio.gather(*(AccountStore(database).add(account) for account in found))
    return [Principal(account.id, SessionId(ids.new()), "player", 1, 0, 0, 2**33) for account in found]


async def joined(games: GameService, people: list[Principal]) -> Snapshot:
    """Return a game of the first of them as X, joined by the second."""
    made = await games.create(INVITE, people[0])
    return await games.join(made.id, secret(made), people[1])


def secret(shown: Snapshot) -> str:
    return str(shown.invite_url).partition("#invite=")[2]


async def test_only_its_creator_sees_the_invitation_and_only_while_it_is_of_use(
    games: GameService, people: list[Principal]
) -> None:
    made = await games.create(INVITE, people[0])
    assert made.invite_url == (await games.game(made.id, people[0])).invite_url
    taken = await games.join(made.id, secret(made), people[1])
    assert taken.invite_url is UNSET
    assert (await games.game(made.id, people[0])).invite_url is UNSET


async def test_the_same_key_and_wish_give_the_same_game_and_invitation(
    games: GameService, people: list[Principal]
) -> None:
    made = await games.create(INVITE, people[0], "key")
    assert await games.create(INVITE, people[0], "key") == made
    with pytest.raises(IdempotencyKeyReused):
        await games.create(ANYONE, people[0], "key")
    assert (await games.create(INVITE, people[1], "key")).id != made.id


async def test_one_key_used_in_many_processes_at_once_makes_one_game(opened: Open, people: list[Principal]) -> None:
    made = await asyncio.gather(*(opened().create(INVITE, people[0], "key") for _ in range(5)))
    assert len({shown.id for shown in made}) == 1


async def test_without_the_secret_a_private_game_is_not_there(games: GameService, people: list[Principal]) -> None:
    made = await games.create(INVITE, people[0])
    for invite in (None, "", "é", secret(made)[:-1]):
        with pytest.raises(NotFound):
            await games.join(made.id, invite, people[1])


async def test_people_who_want_to_play_anyone_meet_two_by_two(games: GameService, people: list[Principal]) -> None:
    made = await asyncio.gather(*(games.create(ANYONE, person) for person in people))
    assert set(Counter(shown.id for shown in made).values()) == {2}


async def test_people_meet_only_where_their_marks_fit(games: GameService, people: list[Principal]) -> None:
    marks: tuple[Mark, ...] = ("X", "X", "O")
    wishes = [Wish(seat="anyone", mark=mark) for mark in marks]
    first, second, third = [await games.create(wish, by) for wish, by in zip(wishes, people, strict=False)]
    assert first.id == third.id != second.id
    assert third.players.O is not None
    assert third.players.O.id == people[2].user_id


async def test_a_move_sent_at_once_by_every_retry_is_played_once(opened: Open, people: list[Principal]) -> None:
    services = [opened(), opened()]
    game = await joined(services[0], people)
    shown = await asyncio.gather(*(services[n % 2].play(game.id, Attempt(0, 4), people[0]) for n in range(10)))
    assert Counter(one.replayed is True for one in shown) == {True: 9, False: 1}
    assert {one.moves for one in shown} == {(4,)}


async def test_what_a_process_remembers_of_a_game_never_decides_against_a_move(
    opened: Open, people: list[Principal]
) -> None:
    here, there = opened(), opened()
    game = await joined(here, people)
    for ply, cell in enumerate((4, 0, 1, 7)):
        await (here, there, there, here)[ply].play(game.id, Attempt(ply, cell), people[ply % 2])
    await there.resign(game.id, people[1])
    assert (await here.play(game.id, Attempt(2, 1), people[0])).result == "X"


async def test_a_refused_move_carries_the_game_as_it_stands(games: GameService, people: list[Principal]) -> None:
    game = await joined(games, people)
    with pytest.raises(NotYourTurn) as refused:
        await games.play(game.id, Attempt(0, 4), people[1])
    assert refused.value.members["game"] == await games.game(game.id, people[1])
    with pytest.raises(IllegalMove):
        await games.play(game.id, Attempt(0, 9), people[0])


async def test_the_computer_replies_after_the_answer_to_the_person(games: GameService, people: list[Principal]) -> None:
    made = await games.create(Wish(seat="computer", level=6, mark="X"), people[0])
    shown = await games.play(made.id, Attempt(0, 4), people[0])
    assert (shown.ply, shown.turn) == (1, "O")
    await games.close()
    assert (await games.game(made.id, people[0])).ply == 2


async def test_a_reply_lost_in_a_crash_is_made_up_for_once(
    opened: Open, people: list[Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing, *others = [opened() for _ in range(3)]
    monkeypatch.setattr(crashing._computer, "reply_soon", lambda _: None)
    made = [await crashing.create(Wish(seat="computer", level=1, mark="O"), person) for person in people]
    await asyncio.gather(*(other.answer_pending(NOW) for other in others))
    assert {(await crashing.game(game.id, by)).ply for game, by in zip(made, people, strict=True)} == {1}


async def test_a_shelf_is_read_page_by_page(games: GameService, people: list[Principal]) -> None:
    made = {(await games.create(INVITE, people[0])).id for _ in range(5)}
    first = await games.shelf(Shelf(player=people[0].user_id, viewer=people[0].user_id, limit=3))
    rest = await games.shelf(Shelf(player=people[0].user_id, viewer=people[0].user_id, after=first.last, limit=3))
    assert {shown.id for page in (first, rest) for shown in page.games} == made
    assert (len(first.games), rest.last) == (3, None)


async def test_deleting_a_person_resigns_what_runs_and_calls_off_what_waits(
    games: GameService, people: list[Principal]
) -> None:
    running, waiting = await joined(games, people), await games.create(INVITE, people[0])
    for _ in range(2):
        await games.close_deleted(people[0].user_id)
    over = await games.game(running.id, people[1])
    assert (over.result, over.reason) == ("O", "resigned")
    assert (await games.game(waiting.id, people[0])).status == "aborted"


async def test_cards_are_asked_for_at_once_and_then_known() -> None:
    registry, everyone = Registry(), [UserId(f"user-{n}") for n in range(200)]
    cards = Cards(registry, Memory(), clock.now)
    assert await cards.of([*everyone, None]) == await cards.of(everyone)
    assert [len(asked) for asked in registry.asked] == [128, 72]


async def test_a_card_is_asked_for_again_after_a_minute_or_a_change() -> None:
    registry, broadcast, time = Registry(), Memory(), [clock.now()]
    anna, ben = UserId("anna"), UserId("ben")

    def now() -> datetime:
        return time[0]

    cards = Cards(registry, broadcast, now)
    await cards.of([anna, ben])
    broadcast.publish(USERS, AccountChanged(anna))
    await cards.of([anna, ben])
    time[0] += timedelta(seconds=61)
    await cards.of([anna, ben])
    assert registry.asked == [[anna, ben], [anna], [anna, ben]]


async def test_every_card_is_asked_for_again_after_news_was_missed() -> None:
    registry, broadcast, anna = Registry(), Memory(), UserId("anna")
    cards = Cards(registry, broadcast, clock.now)
    await cards.of([anna])
    broadcast._listeners.missed()
    await cards.of([anna])
    assert registry.asked == [[anna], [anna]]


async def test_a_card_that_changes_while_it_is_asked_for_is_not_kept() -> None:
    registry, broadcast, anna = Registry(), Memory(), UserId("anna")
    cards = Cards(registry, broadcast, clock.now)
    asking = asyncio.create_task(cards.of([anna]))
    await asyncio.sleep(0)
    broadcast.publish(USERS, AccountChanged(anna))
    await asking
    await cards.of([anna])
    assert len(registry.asked) == 2
