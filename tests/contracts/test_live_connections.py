"""One live connection, on every database: in step whatever happens meanwhile, and never deaf."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest

from noughts.games.model.games import Game, GameId, Wish
from noughts.games.model.moves import Attempt
from noughts.games.model.snapshots import Snapshot
from noughts.games.service.live import Live, Watching
from noughts.games.service.pace import Pace
from noughts.kit.errors import Unavailable
from noughts.kit.tokens import Principal, UserId
from tests.contracts.test_live_games import people
from tests.follower import applied, seen
from tests.services import Services

Couple = tuple[Game, Principal, Principal]


async def nobody_knows(games: Sequence[GameId]) -> dict[GameId, int]:
    """Nothing of how far games have come: none has gone on."""
    return {}


def watching(house: Services, shown: Callable[[Game, UserId], Awaitable[Snapshot]]) -> Watching:
    """What a connection asks, where games are shown like this."""
    games = house.games
    return Watching(
        games.table,
        games._moves,
        games.news,
        shown,
        Pace(limited=False),
        games.seats.wait,
        nobody_knows,
        games.seats.challenges,
    )


class Heard:
    """What a connection sends, in order."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def __call__(self, text: bytes, seq: int | None) -> None:
        told = json.loads(text)
        assert told.get("seq") == seq or told["t"] == "done"
        self.told.append(told)

    def kinds(self) -> list[str]:
        """Of which kind they were."""
        return [told["t"] for told in self.told]

    def board(self) -> dict[str, Any]:
        """What a client shows after all of it."""
        state = None
        for told in self.told:
            if told["t"] in ("move", "offer", "finished", "snapshot"):
                state = applied(state, told)
        assert state is not None
        return seen(state)


@pytest.fixture
async def couple(house: Services) -> Couple:
    """A game of two."""
    one, other = await people(house, 2)
    game = await house.games.seats.create(Wish(seat="invite", opponent=other.user_id, mark="X"), one.user_id)
    return await house.games.seats.join(game.id, None, other.user_id), one, other


async def stored(house: Services, game: Game, by: Principal) -> dict[str, Any]:
    return seen(json.loads(msgspec.json.encode(await house.games.game(game.id, by))))


async def test_what_happens_while_a_game_is_read_is_told_as_well(house: Services, couple: Couple) -> None:
    game, one, other = couple
    reads = 0

    async def shown(found: Game, viewer: UserId) -> Snapshot:
        nonlocal reads
        reads += 1
        if reads <= 2:  # once the row was read, before it is shown
            await house.games.play(game.id, Attempt(reads - 1, reads), one if reads == 1 else other)
        return await house.games.shown(found, viewer)

    heard = Heard()
    live = Live(watching(house, shown), one, heard)
    await live.watch(game.id, None)
    live.close()
    assert heard.board() == await stored(house, game, one)
    assert heard.board()["ply"] == 2


class Reading:
    """How a game is shown to somebody: it may last, between the reading of the row and the answer; or fail once."""

    def __init__(self, house: Services) -> None:
        self._house = house
        self._goes_on = asyncio.Event()
        self._goes_on.set()
        self.fails = False
        self._began = asyncio.Event()

    async def __call__(self, game: Game, viewer: UserId) -> Snapshot:
        self._began.set()
        await self._goes_on.wait()
        if self.fails:
            self.fails = False
            raise Unavailable("The store does not answer.")
        return await self._house.games.shown(game, viewer)

    async def lasts(self) -> asyncio.Event:
        """Let who looks at games read them again; return, once the row is read, what lets that reading go on."""
        before, self._goes_on = self._goes_on, asyncio.Event()
        self._began.clear()
        self._house.games.news._missed()
        await self._began.wait()
        lasting, self._goes_on = self._goes_on, before
        return lasting


async def test_a_move_is_told_before_it_is_done_also_while_one_reads_again(house: Services, couple: Couple) -> None:
    game, one, _ = couple
    heard, reading = Heard(), Reading(house)
    live = Live(watching(house, reading), one, heard)
    await live.watch(game.id, None)
    goes_on = await reading.lasts()
    await live.hear(json.dumps({"t": "move", "game": game.id, "ply": 0, "cell": 4, "n": 7}).encode())
    assert heard.kinds() == ["snapshot", "presence", "move", "done"]
    goes_on.set()
    await asyncio.gather(*live._doing)
    live.close()
    assert len(heard.told) == 4  # what was read before the move is not shown after it
    assert heard.board() == await stored(house, game, one)


async def test_whoever_looks_anew_is_not_shown_what_was_read_before(house: Services, couple: Couple) -> None:
    game, one, other = couple
    beside = await Services(house.database, house.clock, house.passwords).ready()  # whose news do not come through here
    heard, reading = Heard(), Reading(house)
    live = Live(watching(house, reading), one, heard)
    await live.watch(game.id, None)
    await beside.games.play(game.id, Attempt(0, 0), one)
    late = await reading.lasts()
    await beside.games.play(game.id, Attempt(1, 4), other)
    await live.watch(game.id, 1)
    late.set()
    await asyncio.gather(*live._doing)
    live.close()
    assert heard.board() == await stored(house, game, one)


async def test_while_a_game_cannot_be_read_one_reader_tries_again(house: Services, couple: Couple) -> None:
    game, one, _ = couple
    beside = await Services(house.database, house.clock, house.passwords).ready()
    heard, reading = Heard(), Reading(house)
    live = Live(watching(house, reading), one, heard)
    await live.watch(game.id, None)
    await beside.games.play(game.id, Attempt(0, 0), one)
    reading.fails = True
    house.games.news._missed()
    while reading.fails:  # noqa: ASYNC110 - it is read once, and fails
        await asyncio.sleep(0)
    house.games.news._missed()
    readers = [task for task in live._doing if task.get_coro().__name__ == "_show_again"]  # type: ignore[union-attr]
    assert len(readers) == 1  # a second one could show what is older
    await asyncio.gather(*live._doing)
    live.close()
    assert heard.board() == await stored(house, game, one)


async def test_what_nobody_told_of_is_shown_once_it_was_stored_for_a_while(house: Services, couple: Couple) -> None:
    game, one, _ = couple
    beside = await Services(house.database, house.clock, house.passwords).ready()
    heard = Heard()
    live = house.games.lives.open(one, heard, lambda: None)
    await live.watch(game.id, None)
    await beside.games.play(game.id, Attempt(0, 0), one)
    await house.games.lives.catch_up()  # news of it may be under way
    assert not live._doing
    await house.games.lives.catch_up()
    await asyncio.gather(*live._doing)
    assert heard.board() == await stored(house, game, one)
    house.games.lives.close(live)


async def test_a_challenge_is_told_once_though_it_was_read_before_it_was_told(house: Services) -> None:
    one, other = await people(house, 2)
    beside = await Services(house.database, house.clock, house.passwords).ready()
    heard = Heard()
    live = house.games.lives.open(other, heard, lambda: None)
    game = await beside.games.seats.create(Wish(seat="invite", opponent=other.user_id), one.user_id)
    await live.tell_challenges()
    house.games.news.begun(game)  # the news of it comes late
    assert [told["game"] for told in heard.told] == [game.id]
    house.games.lives.close(live)


async def test_a_challenge_is_told_though_the_news_of_it_was_missed(house: Services) -> None:
    one, other = await people(house, 2)
    beside = await Services(house.database, house.clock, house.passwords).ready()
    heard = Heard()
    live = house.games.lives.open(other, heard, lambda: None)
    game = await beside.games.seats.create(Wish(seat="invite", opponent=other.user_id), one.user_id)
    assert not heard.told
    house.games.news._missed()
    await asyncio.gather(*live._doing)
    assert [(told["t"], told["game"], told["status"]) for told in heard.told] == [("challenge", game.id, "open")]
    await house.games.seats.decline(game.id, other.user_id)
    assert [told["status"] for told in heard.told] == ["open", "aborted"]
    house.games.lives.close(live)


async def test_a_move_that_is_asked_for_again_is_told_again(house: Services, couple: Couple) -> None:
    game, one, _ = couple
    dead = await Services(house.database, house.clock, house.passwords).ready()  # before it told anybody
    heard = Heard()
    live = house.games.lives.open(one, heard, lambda: None)
    await live.watch(game.id, None)
    await dead.games.play(game.id, Attempt(0, 0), one)
    assert heard.board()["ply"] == 0
    assert (await house.games.play(game.id, Attempt(0, 0), one)).replayed is True
    await asyncio.gather(*live._doing)
    assert heard.board() == await stored(house, game, one)
    await dead.games.resign(game.id, one)
    await house.games.resign(game.id, one)
    await asyncio.gather(*live._doing)
    assert heard.board() == await stored(house, game, one)
    house.games.lives.close(live)


async def test_news_that_are_lost_are_noticed_by_the_next(house: Services, couple: Couple) -> None:
    game, one, other = couple
    beside = await Services(house.database, house.clock, house.passwords).ready()  # whose news do not come through here
    heard = Heard()
    live = house.games.lives.open(one, heard, lambda: None)
    await live.watch(game.id, None)
    await beside.games.play(game.id, Attempt(0, 0), one)
    assert heard.board()["ply"] == 0
    await house.games.play(game.id, Attempt(1, 4), other)
    await asyncio.gather(*live._doing)
    assert heard.board() == await stored(house, game, one)
    house.games.lives.close(live)


@pytest.mark.parametrize("since", [None, 0, 1, 2, 7, 2**31 - 1])
async def test_whatever_one_says_one_knows_one_is_in_step(house: Services, couple: Couple, since: int | None) -> None:
    game, one, other = couple
    await house.games.play(game.id, Attempt(0, 0), one)
    heard = Heard()
    live = house.games.lives.open(one, heard, lambda: None)
    await live.watch(game.id, since)
    assert heard.kinds() == (["presence"] if since == 2 else ["snapshot", "presence"])
    await house.games.play(game.id, Attempt(1, 4), other)
    await house.games.resign(game.id, one)
    assert [told["seq"] for told in heard.told if told["t"] in ("move", "finished")] == [3, 4]
    house.games.lives.close(live)


NONSENSE = [
    b"", b"{", b"null", b"[]", b'"move"', b"\xff", b'{"t":"sub"}', b'{"t":"sub","game":7}', b'{"t":"fly","game":"x"}',
    b'{"t":"sub","game":"x","t":"sub"}', b'{"t":"sub","game":"\\u0000"}', b'{"t":"move","game":"\\u0000","ply":0,"cell":0}',
    b'{"t":"move","game":"\\ud800","ply":0,"cell":0}', b'{"t":"sub","game":"../../etc"}', b'{"t":"sub","game":"x","since":-1}',
    b'{"t":"move","game":"x","ply":1e400,"cell":0}', b'{"t":"move","game":"x","ply":0,"cell":99999999999}',
    b'{"t":"ping","more":1}', b'{"t":"closed"}', b'{"t":"move","game":"' + b"x" * 3_000 + b'","ply":0,"cell":0}',
    b'{"t":"move","game":"00000000-0000-7000-8000-000000000000","ply":0,"cell":0}',
    b'{"t":"sub","game":"00000000-0000-7000-8000-000000000000"}', b'{"t":"sub","game":"ABCDEF00-0000-7000-8000-000000000000"}',
]  # fmt: skip


async def test_whatever_is_said_is_refused_with_a_reason_and_the_next_thing_is_heard(house: Services) -> None:
    (one,) = await people(house, 1)
    heard = Heard()
    live = house.games.lives.open(one, heard, lambda: None)
    for text in NONSENSE:
        await live.hear(text)
    await live.hear(b'{"t":"ping"}')
    house.games.lives.close(live)
    assert heard.kinds() == ["refused"] * len(NONSENSE) + ["pong"]
    for told in heard.told[:-1]:
        assert told["problem"]["status"] in (400, 404, 422), told
        assert told["problem"]["detail"] or told["problem"]["title"]


async def test_nobody_looks_at_more_than_64_games_over_one_connection(house: Services, couple: Couple) -> None:
    _, one, other = couple
    heard = Heard()
    live = house.games.lives.open(one, heard, lambda: None)
    for _ in range(65):
        game = await house.games.seats.create(Wish(seat="invite", opponent=other.user_id), one.user_id)
        await live.hear(json.dumps({"t": "sub", "game": game.id, "n": 5}).encode())
    assert heard.kinds().count("snapshot") == 64
    assert (heard.told[-1]["n"], heard.told[-1]["problem"]["status"]) == (5, 429)
    await live.hear(json.dumps({"t": "unsub", "game": heard.told[0]["game"]}).encode())
    await live.hear(json.dumps({"t": "sub", "game": game.id}).encode())
    assert heard.told[-1]["t"] == "presence"
    house.games.lives.close(live)


async def test_who_looks_is_told_and_who_was_refused_counts_nobody_out(house: Services, couple: Couple) -> None:
    game, one, other = couple
    first, second = Heard(), Heard()
    looking = house.games.lives.open(one, first, lambda: None)
    await looking.watch(game.id, None)
    assert {name: first.told[-1][name] for name in ("X", "O", "watching")} == {"X": True, "O": False, "watching": 0}
    opponent = house.games.lives.open(other, second, lambda: None)
    await opponent.watch(game.id, None)
    assert (first.told[-1]["O"], second.told[-1]["X"]) == (True, True)

    async def unreadable(found: Game, viewer: UserId) -> Snapshot:
        raise RuntimeError

    broken = Live(watching(house, unreadable), other, Heard())
    await broken.hear(json.dumps({"t": "sub", "game": game.id}).encode())
    broken.close()
    assert house.games.news.is_there(game.id, other.user_id)
    house.games.lives.close(opponent)
    assert not house.games.news.is_there(game.id, other.user_id)
    assert first.told[-1]["O"] is False
    house.games.lives.close(looking)


async def test_of_a_thousand_who_look_players_are_always_known(house: Services, couple: Couple) -> None:
    game, one, _ = couple
    for number in range(1_000):
        house.games.news.come(game.id, UserId(f"somebody-{number:028}"), lambda: None, plays=False)
    house.games.news.come(game.id, one.user_id, lambda: None, plays=True)
    presence = house.games.news.presence(game)
    assert (presence.X, presence.O, presence.watching) == (True, False, 1_000)
