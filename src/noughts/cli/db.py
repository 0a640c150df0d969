"""`noughts db`."""

import asyncio

from cyclopts import App

from noughts import migrations
from noughts.cli.installation import Data, chosen
from noughts.kit import directory
from noughts.kit.database import schema

app = App(name="db", help="Look after the database.")


@app.command
def migrate(*, data: Data = None) -> None:
    """Bring the schema up to date (NOUGHTS_DATABASE, or the file in the data directory)."""
    found = chosen(data=data)
    if not found.server.database:
        directory.prepare(found.server.directory)
    asyncio.run(migrations.upgrade(found.server.database_address))
    print(f"The schema is at {schema.HEAD}.")
