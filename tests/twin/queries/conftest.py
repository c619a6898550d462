"""The town, on SQLite and PostgreSQL."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.twin.queries.town import Town
from twin.store import Store


@pytest.fixture
def town(opened: Callable[..., Store], tmp_path: Path) -> Town:
    """Units, rooms and sixty assets."""
    return Town(opened(), tmp_path / "columns")
