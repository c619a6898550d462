"""The office, on SQLite and PostgreSQL."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.twin.queries.planner.office import Office
from twin.store import Store


@pytest.fixture
def office(opened: Callable[..., Store], tmp_path: Path) -> Office:
    """Three units, eleven rooms, eleven people."""
    return Office(opened(), tmp_path)
