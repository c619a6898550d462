"""The rows of `world` on either database, put there once for all tests: ask them, never write."""

from collections.abc import Iterator

import pytest

from tests.postgres import Cluster
from tests.twin.queries.cql2.world import ROWS, World
from twin.store.database import open_database


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """150 rows with nulls and hazards."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('cql2') / 'things.sqlite'}"
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.create()
    database = open_database(url, lock_timeout_s=20)
    world = World(database)
    world.put(ROWS)
    yield world
    database.close()
