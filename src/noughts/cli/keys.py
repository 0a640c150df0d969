"""`noughts keys`."""

from cyclopts import App

from noughts import compose
from noughts.cli.installation import Data, with_house
from noughts.kit.times import rfc3339

app = App(name="keys", help="Look after the keys that sign access tokens. They are changed on schedule, too.")


@app.command
def rotate(*, now: bool = False, data: Data = None) -> None:
    """Let the next key sign from tomorrow on; nobody is signed out.

    Parameters
    ----------
    now
        In half a minute instead, by a key made now: for when the one that signs may be known to others.
    """

    async def work(house: compose.House) -> None:
        key = await house.auth.keys.rotate(hurry=now)
        print(f"{key.id} signs from {rfc3339(key.signs_from)} on.")

    with_house(work, data)


@app.command(name="list")
def list_keys(*, data: Data = None) -> None:
    """List the keys, the newest first, one a line: id, algorithm, next/active/retired, from when and until when it signs."""

    async def work(house: compose.House) -> None:
        for key in await house.auth.keys.all():
            until = "-" if key.retires_at is None else rfc3339(key.retires_at)
            print(key.id, key.algorithm, key.state, rfc3339(key.signs_from), until, sep="\t")

    with_house(work, data)
