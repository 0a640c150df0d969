"""The services on a migrated database of either kind."""

from collections.abc import AsyncIterator

import pytest

from noughts.kit.database import Database
from tests.services import Services, services


@pytest.fixture
async def house(database: Database) -> AsyncIterator[Services]:
    """The services, their clock standing at noon."""
    async with services(database) as found:
        yield found
