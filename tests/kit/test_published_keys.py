"""When the keys of access tokens are asked for."""

from collections.abc import Sequence

import pytest

from noughts.kit.errors import Unavailable
from noughts.kit.published_keys import READ_EVERY_S, PublishedKeys
from noughts.kit.tokens import PublicKey


class Maker:
    """A service that makes keys, which may not be there yet."""

    def __init__(self) -> None:
        self.is_there = True
        self.asked = 0
        self.at = 100.0
        self.keys = PublishedKeys(self._published, lambda: self.at)

    async def _published(self) -> Sequence[PublicKey]:
        self.asked += 1
        if not self.is_there:
            raise Unavailable("It begins.")
        return []


async def test_until_they_are_known_they_are_asked_for_each_time() -> None:
    maker = Maker()
    maker.is_there = False
    for _ in range(2):
        with pytest.raises(Unavailable):
            await maker.keys.follow()
    maker.is_there = True
    await maker.keys.follow()
    assert (maker.asked, maker.keys.are_known) == (3, True)


async def test_once_they_are_known_they_are_asked_for_every_five_seconds() -> None:
    maker = Maker()
    for _ in range(10):
        await maker.keys.follow()
    assert maker.asked == 1
    maker.at += READ_EVERY_S
    await maker.keys.follow()
    assert maker.asked == 2
