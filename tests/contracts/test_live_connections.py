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
from noughts.games.service.pace import MOVES_PER_S, Pace
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


async def test_a_challenge_is_told_though_it_could_not_be_read_at_first(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await people(house, 2)
    beside = await Services(house.database, house.clock, house.passwords).ready()
    game = await beside.games.seats.create(Wish(seat="invite", opponent=other.user_id), one.user_id)
    heard = Heard()
    with monkeypatch.context() as broken:

        async def unreadable(*_: object) -> None:
            raise Unavailable("The store does not answer.")

        broken.setattr(house.database, "scan", unreadable)
        live = house.games.lives.open(other, heard, lambda: None)
        await live.tell_challenges()
        assert not heard.told
    await asyncio.wait_for(asyncio.gather(*live._doing), 5)
    assert [(told["t"], told["game"]) for told in heard.told] == [("challenge", game.id)]
    house.games.lives.close(live)


# What is done at once.


class Wakes:
    """A live connection as a socket speaks to it: asked first whether it does a thing at once."""

    def __init__(self, house: Services, by: Principal, heard: Heard, pace: Pace | None = None) -> None:
        asked = watching(house, house.games.shown)
        self.live = Live(asked if pace is None else asked._replace(pace=pace), by, heard)
        self._heard = heard

    def moves(self, game: Game, ply: int, cell: int, n: int) -> bool:
        """Return whether a move is under way at once."""
        return self.live.hear_at_once(said({"t": "move", "game": game.id, "ply": ply, "cell": cell, "n": n}))

    async def answered(self, n: int) -> dict[str, Any]:
        """Return what is answered to that number, once it is."""
        async with asyncio.timeout(5):
            while not (found := [told for told in self._heard.told if told.get("n") == n]):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.001)
        assert len(found) == 1
        return found[0]


def said(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode()


async def test_a_move_in_a_game_that_is_remembered_wakes_nobody(house: Services, couple: Couple) -> None:
    game, one, other = couple
    heard, theirs = Heard(), Heard()
    mine, opponent = Wakes(house, one, heard), Wakes(house, other, theirs)
    for each in (mine, opponent):
        await each.live.watch(game.id, None)
    assert mine.moves(game, 0, 4, 1)
    assert heard.kinds() == ["snapshot", "presence", "presence"]  # not stored yet
    assert (await mine.answered(1))["seq"] == game.seq + 1
    assert heard.kinds()[-2:] == ["move", "done"]
    assert theirs.kinds()[-1] == "move"
    assert not mine.live._doing
    assert heard.board() == theirs.board() == await stored(house, game, one)
    assert heard.board()["ply"] == 1


async def test_what_is_said_next_is_done_next(house: Services, couple: Couple) -> None:
    game, one, _ = couple
    heard = Heard()
    mine = Wakes(house, one, heard)
    await mine.live.watch(game.id, None)
    assert mine.moves(game, 0, 4, 1)
    await mine.live.hear(said({"t": "unsub", "game": game.id}))
    assert heard.kinds()[-2:] == ["move", "done"]


@pytest.mark.parametrize(
    ("move", "problem"), [((1, 0), "not-your-turn"), ((0, 9), "illegal-move"), ((3, 0), "ply-conflict")]
)
async def test_what_may_have_to_be_refused_is_left_to_who_may_wait(
    house: Services, couple: Couple, move: tuple[int, int], problem: str
) -> None:
    game, one, other = couple
    heard = Heard()
    mine = Wakes(house, other if problem == "not-your-turn" else one, heard)
    await mine.live.watch(game.id, None)
    if problem == "not-your-turn":
        move = (0, 0)
    assert not mine.moves(game, *move, 1)
    await mine.live.hear(said({"t": "move", "game": game.id, "ply": move[0], "cell": move[1], "n": 1}))
    assert (await mine.answered(1))["problem"]["type"].endswith(problem)


async def test_the_move_that_ends_a_game_brings_more_with_it(house: Services, couple: Couple) -> None:
    game, one, other = couple
    for ply, cell in enumerate((0, 3, 1, 4)):
        await house.games.play(game.id, Attempt(ply, cell), other if ply % 2 else one)
    heard = Heard()
    mine = Wakes(house, one, heard)
    await mine.live.watch(game.id, None)
    assert not mine.moves(game, 4, 2, 1)


async def test_a_move_that_was_overtaken_is_decided_again(house: Services, couple: Couple) -> None:
    game, one, _ = couple
    beside = await Services(house.database, house.clock, house.passwords).ready()
    heard = Heard()
    mine = Wakes(house, one, heard)
    await mine.live.watch(game.id, None)
    await beside.games.play(game.id, Attempt(0, 0), one)
    assert mine.moves(game, 0, 4, 1)  # as far as this process knows
    await mine.live.hear(said({"t": "move", "game": game.id, "ply": 0, "cell": 0, "n": 2}))
    assert (await mine.answered(1))["problem"]["type"].endswith("ply-conflict")
    assert (await mine.answered(2))["t"] == "done"  # it was there before
    await asyncio.gather(*mine.live._doing)
    assert heard.board() == await stored(house, game, one)


async def test_a_move_that_cannot_be_stored_is_refused(
    house: Services, couple: Couple, monkeypatch: pytest.MonkeyPatch
) -> None:
    game, one, _ = couple
    heard = Heard()
    mine = Wakes(house, one, heard)
    await mine.live.watch(game.id, None)
    with monkeypatch.context() as broken:

        async def write(*_: object) -> None:
            raise Unavailable("The disk is full.")

        broken.setattr(house.database, "write", write)
        broken.setattr(house.database, "submit", lambda then, *_: then(Unavailable("The disk is full.")))
        assert mine.moves(game, 0, 4, 1)
        assert (await mine.answered(1))["problem"]["type"].endswith("unavailable")
    assert mine.moves(game, 0, 4, 2)
    assert (await mine.answered(2))["t"] == "done"
    assert heard.board() == await stored(house, game, one)


async def test_a_move_is_done_and_told_though_who_made_it_is_gone(
    house: Services, couple: Couple, monkeypatch: pytest.MonkeyPatch
) -> None:
    game, one, other = couple
    heard, theirs = Heard(), Heard()
    mine, opponent = Wakes(house, one, heard), Wakes(house, other, theirs)
    for each in (mine, opponent):
        await each.live.watch(game.id, None)
    monkeypatch.setattr(house.database, "submit", lambda then, *_: then(Unavailable("Just now.")))
    assert mine.moves(game, 0, 4, 1)
    await asyncio.sleep(0)
    mine.live.close()
    async with asyncio.timeout(5):
        while theirs.kinds()[-1] != "move":  # noqa: ASYNC110 - it is told to a list
            await asyncio.sleep(0.001)
    assert theirs.board() == await stored(house, game, other)


async def test_one_connection_moves_in_many_games_at_once(house: Services) -> None:
    one, *others = await people(house, 13)
    games = []
    for other in others:
        wish = Wish(seat="invite", opponent=other.user_id, mark="X")
        game = await house.games.seats.create(wish, one.user_id)
        games.append(await house.games.seats.join(game.id, None, other.user_id))
    heard = Heard()
    mine = Wakes(house, one, heard)
    for game in games:
        await mine.live.watch(game.id, None)
    commits = house.database.gauges().get("noughts_database_commits_total", ("", lambda: 0))[1]
    before = commits()
    assert all(mine.moves(game, 0, 4, n) for n, game in enumerate(games))
    for n in range(len(games)):
        assert (await mine.answered(n))["t"] == "done"
    assert commits() - before <= 1  # PostgreSQL counts none
    for game in games:
        assert (await stored(house, game, one))["ply"] == 1


async def test_nobody_moves_faster_than_they_may(house: Services) -> None:
    one, *others = await people(house, MOVES_PER_S + 3)
    heard = Heard()
    mine = Wakes(house, one, heard, Pace(limited=True))
    games = []
    for other in others:
        wish = Wish(seat="invite", opponent=other.user_id, mark="X")
        game = await house.games.seats.create(wish, one.user_id)
        games.append(await house.games.seats.join(game.id, None, other.user_id))
        await mine.live.watch(game.id, None)
    at_once = [mine.moves(game, 0, 4, n) for n, game in enumerate(games)]
    assert at_once == [True] * MOVES_PER_S + [False] * 2
    await mine.live.hear(said({"t": "move", "game": games[-1].id, "ply": 0, "cell": 4, "n": 99}))
    assert (await mine.answered(99))["problem"]["type"].endswith("too-many-requests")
