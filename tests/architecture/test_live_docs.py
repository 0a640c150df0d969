"""What docs/live.md and docs/bots.md say of the live vocabulary is what the program speaks."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from tests.architecture.test_contract import every_kind

from noughts.games.http import history, live
from noughts.games.http import stream as streams
from noughts.games.model.snapshots import Exported, Snapshot
from noughts.games.service import pace, stream
from noughts.games.service.live import MOST
from noughts.kit.edge import sockets
from noughts.kit.edge.feeds import HEARTBEAT_S
from noughts.ports import messages

DOCS = Path(__file__).parents[2] / "docs"
LIVE, BOTS = (DOCS / "live.md").read_text(), (DOCS / "bots.md").read_text()
SERVER, CLIENT = "## What the server says", "## What you say"


def examples(heading: str) -> dict[str, str]:
    """Return the example of each message described under a heading, by the message's name."""
    section = LIVE.partition(heading)[2].partition("\n## ")[0]
    return dict(re.findall(r"### `(\w+)`\n.*?```json\n(.*?)```", section, re.DOTALL))


def tag(message: type[msgspec.Struct]) -> str:
    return str(message.__struct_config__.tag)


def cases(heading: str, vocabulary: Any) -> list[Any]:
    return [pytest.param(heading, message, id=f"{message.__name__}") for message in get_args(vocabulary)]


@pytest.mark.parametrize(("heading", "vocabulary"), [(SERVER, messages.Told), (CLIENT, messages.Said)])
def test_every_message_is_described_and_no_other(heading: str, vocabulary: Any) -> None:
    assert set(examples(heading)) == {tag(message) for message in get_args(vocabulary)}


@pytest.mark.parametrize(("heading", "message"), cases(SERVER, messages.Told) + cases(CLIENT, messages.Said))
def test_every_example_is_such_a_message_with_all_it_may_hold(heading: str, message: type[msgspec.Struct]) -> None:
    example = examples(heading)[tag(message)]
    msgspec.json.decode(example, type=message)
    assert set(json.loads(example)) == {"t", *message.__struct_fields__}


@pytest.mark.parametrize(("text", "shown"), [(examples(SERVER)["snapshot"], Snapshot), (BOTS, Exported)])
def test_a_game_in_an_example_is_shown_as_games_are(text: str, shown: type[msgspec.Struct]) -> None:
    example = text if shown is Snapshot else re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0]
    game = json.loads(example).get("snapshot") or json.loads(example)
    decoded = msgspec.convert(game, shown)
    assert json.loads(msgspec.json.encode(decoded)) == game


def test_the_problem_in_an_example_is_one_there_is() -> None:
    problem = json.loads(examples(SERVER)["refused"])["problem"]
    known = {kind.slug(): (kind.title(), kind.status) for kind in every_kind()}
    assert known[problem["type"].removeprefix("/problems/")] == (problem["title"], problem["status"])


def test_every_way_a_connection_is_closed_is_described() -> None:
    codes = {live.OVER, live.TOO_MUCH} | {
        value
        for name, value in vars(sockets).items()
        if name.isupper() and isinstance(value, int) and 1000 <= value < 1100
    }
    described = LIVE.partition("## How a connection ends")[2].partition("\n## ")[0]
    assert {str(code) for code in codes} <= set(re.findall(r"\b\d{4}\b", described))


def test_the_limits_are_those_that_hold() -> None:
    limits = LIVE.partition("## Limits")[2]
    assert f"| tickets | {live.TICKETS.calls} in a second" in limits
    assert f"| {pace.PER_PERSON}, and {pace.PER_ADDRESS} |" in limits
    assert f"| games one WebSocket looks at | {MOST} |" in limits
    assert (
        f"| texts said | {pace.WORDS_PER_S} in a second for a person, of at most {sockets.TEXT_LIMIT // 1024} KiB each |"
        in limits
    )
    assert f"| moves | {pace.MOVES_PER_S} in a second" in limits
    assert f"| unread by you | {sockets.UNSENT_LIMIT // 1024} KiB |" in limits
    assert f"At most {stream.MOST} games" in LIVE
    assert f"every {HEARTBEAT_S:.0f} seconds of silence" in LIVE
    assert f"{history.EXPORTS.calls} exports in a minute" in BOTS
    assert history.EXPORTS.window_s == 60


def test_what_a_stream_may_say_is_part_of_the_vocabulary() -> None:
    assert set(streams.TOLD) == set(get_args(messages.Told)) - {messages.Pong, messages.Refused, messages.Done}
