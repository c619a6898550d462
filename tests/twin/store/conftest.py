"""A store with one site, on SQLite and, where it is installed, on PostgreSQL."""

from collections.abc import Callable

import pytest

from tests.twin.store.builder import NOW, SITE
from twin.auth import LabelPolicy
from twin.store import Store

POLICY = LabelPolicy(labels=("public", "internal", "restricted"))


@pytest.fixture
def store(opened: Callable[..., Store]) -> Store:
    """A store with one site, PS, that knows three labels."""
    store = opened()
    store.add_site(SITE, now=NOW, policy=POLICY)
    return store
