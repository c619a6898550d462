"""The office, on SQLite and PostgreSQL."""

import pytest

from tests.twin.moulds import Cast
from tests.twin.queries.planner.office import Office


@pytest.fixture
def office(cast: Cast) -> Office:
    """Three units, eleven rooms, eleven people."""
    return cast(Office)
