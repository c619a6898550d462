"""The town, on SQLite and PostgreSQL."""

import pytest

from tests.twin.moulds import Cast
from tests.twin.queries.town import Town


@pytest.fixture
def town(cast: Cast) -> Town:
    """Units, rooms and sixty assets."""
    return cast(Town)
