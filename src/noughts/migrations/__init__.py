"""The schema: one history of changes."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from noughts.kit.errors import Refusal

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent


async def upgrade(address: str) -> list[str]:
    """Bring the schema of a `sqlite:///` or `postgresql://` address up to date; return what was done, a line for each step.

    On PostgreSQL the services' roles get their rights in the same transaction. Raises Refusal. May be repeated and raced.
    """
    return await asyncio.to_thread(_upgrade, address)


def newest() -> list[str]:
    """Return the newest revisions of the history: one, if it has no branches."""
    from alembic.script import ScriptDirectory

    return list(ScriptDirectory.from_config(_config()).get_heads())


def _upgrade(address: str) -> list[str]:
    from alembic import command
    from alembic.util import CommandError
    from asyncpg import InterfaceError, InternalClientError, PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    config = _config()
    config.attributes |= {"address": address, "done": []}
    try:
        command.upgrade(config, "head")
    except (CommandError, SQLAlchemyError, OSError, PostgresError, InterfaceError, InternalClientError) as error:
        raise Refusal(f"The schema cannot be brought up to date: {str(error).splitlines()[0]}.") from None
    done: list[str] = config.attributes["done"]
    return done


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    return config
