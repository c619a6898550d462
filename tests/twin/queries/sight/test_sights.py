"""Sites as lines of sight see them: nothing is built for who draws nothing, and what is newer is told."""

from collections.abc import Callable

from tests.twin.store.builder import NOW, SITE, record, tower
from twin.queries.sight.sights import Sights
from twin.settings import Settings
from twin.store import Store


def test_a_site_without_models_is_not_built_and_one_that_gets_some_is_stale(opened: Callable[..., Store]) -> None:
    store = opened()
    sights = Sights(store, Settings(), rebuild=False)
    sights.warm()
    assert not sights.stale() and not sights.draws()
    store.add_site(SITE, now=NOW)
    assert not sights.stale(), "an empty site needs no triangles"
    record(store, tower())
    assert sights.stale() and sights.draws()
