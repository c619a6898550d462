"""Sites and their labels."""

from dataclasses import replace

import pytest

from tests.twin.store.builder import NOW, SITE
from tests.twin.store.conftest import POLICY
from twin.auth import LabelPolicy
from twin.errors import Invalid, SiteTaken, SiteUnknown
from twin.store import Store


def test_a_site_comes_back_with_its_labels(store: Store) -> None:
    assert store.get_site("PS") == SITE
    assert store.label_policy("PS") == POLICY


def test_the_same_site_again_changes_nothing(store: Store) -> None:
    assert store.add_site(SITE, now=NOW, policy=POLICY) is False
    assert store.list_sites() == [SITE]


@pytest.mark.parametrize("change", [{"lon": 119.3}, {"name": "b"}, {"geoid_separation_m": None}, {"division": "350102"}])
def test_another_site_under_the_same_code_is_refused(store: Store, change: dict[str, object]) -> None:
    with pytest.raises(SiteTaken, match=next(iter(change))):
        store.add_site(replace(SITE, **change), now=NOW, policy=POLICY)  # type: ignore[arg-type]
    with pytest.raises(SiteTaken, match="labels"):
        store.add_site(SITE, now=NOW, policy=LabelPolicy())
    assert store.get_site("PS") == SITE


def test_sites_are_listed_by_code(store: Store) -> None:
    store.add_site(replace(SITE, code="A1"), now=NOW)
    assert [site.code for site in store.list_sites()] == ["A1", "PS"]
    assert store.label_policy("A1") == LabelPolicy()


@pytest.mark.parametrize("code", ["", "a/b", "..", "a b", "屏山"])
def test_a_code_that_cannot_stand_in_an_address_is_refused(store: Store, code: str) -> None:
    with pytest.raises(Invalid):
        store.add_site(replace(SITE, code=code), now=NOW)


def test_an_unknown_site_is_said_to_be_unknown(store: Store) -> None:
    for ask in (store.get_site, store.list_models, store.scene_revision, store.label_policy):
        with pytest.raises(SiteUnknown) as error:
            ask("nowhere")
        assert (error.value.code, error.value.path) == ("SITE_UNKNOWN", "nowhere")
    with pytest.raises(SiteUnknown):
        list(store.features("nowhere", None))
