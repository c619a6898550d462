"""Down and up the tree, against brute force, and with labels."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from spatial.feature import Feature, FeatureId, Kind
from spatial.placed import boxes_with_ancestors
from tests.twin.store.builder import NOW, boxes, feature, new_revision, record, relabelled, tower
from twin.errors import NotFound
from twin.store import Store

PUBLIC = frozenset({"public"})


def ids(rows: Sequence[object]) -> list[str]:
    return [row.feature.id.partition(":")[2] for row in rows]  # type: ignore[attr-defined]


def random_forest(rng: random.Random, size: int) -> list[Feature]:
    """Features under earlier ones, as deep as a chain where the dice say so, in any order."""
    kinds = (Kind.BUILDING, Kind.STOREY, Kind.SPACE, Kind.ELEMENT)
    features = []
    for number in range(size):
        parent = None if number == 0 or rng.random() < 0.05 else f"n{max(0, number - rng.choice((1, 1, 1, 7, 40)))}"
        features.append(feature("tower", f"n{number}", rng.choice(kinds), parent, label=rng.choice(("public", "internal"))))
    rng.shuffle(features)
    return features


def above(features: Sequence[Feature]) -> dict[str, list[str]]:
    """Id → what lies above it, nearest first, by walking."""
    parent = {item.id: item.parent for item in features}
    found: dict[str, list[str]] = {}
    for item in features:
        chain: list[str] = []
        step = item.parent
        while step is not None:
            chain.append(step)
            step = parent[step]
        found[item.id] = chain
    return found


@pytest.mark.parametrize("labels", [None, PUBLIC, frozenset[str]()])
def test_the_closure_equals_brute_force_also_after_the_tree_was_replanted(store: Store, url: str, labels: frozenset[str] | None) -> None:
    rng = random.Random(20261124)
    for revision in range(3):
        features = random_forest(rng, 120)
        record(store, features, new_revision(str(revision)))
        chains = above(features)
        engine = create_engine(url)
        with engine.connect() as connection:
            pairs = connection.execute(
                text(
                    "SELECT a.feature_id, d.feature_id, depth FROM feature_closure c "
                    "JOIN identity a ON a.id = c.ancestor_id JOIN identity d ON d.id = c.descendant_id"
                )
            )
            expected = {(item, item, 0) for item in chains}
            expected |= {(up, item, depth) for item, chain in chains.items() for depth, up in enumerate(chain, start=1)}
            assert {tuple(row) for row in pairs} == expected
        engine.dispose()
        seen = {item.id: item for item in features if labels is None or item.label in labels}
        under: defaultdict[str, Counter[Kind]] = defaultdict(Counter)
        for item in seen.values():
            for up in chains[item.id]:
                under[up][item.kind] += 1
        assert store.counts_under([item.id for item in features], labels) == {name: dict(under[name]) for name in seen}
        for name in list(seen)[:10]:
            assert [row.feature.id for row in store.path(name, labels)] == [up for up in reversed(chains[name]) if up in seen]
            found = {row.feature.id for row in store.descendants(name, labels)}
            assert found == {item for item in seen if name in chains[item]}


def test_children_come_storeys_from_below_and_numbers_as_numbers(store: Store) -> None:
    record(store, tower())
    assert ids(store.children("tower:b", None, limit=10)) == ["s9", "s10"]
    assert ids(store.children("tower:s9", None, limit=10)) == ["r9-1", "r9-9", "r9-10"]
    assert ids(store.roots("PS", None)) == ["site"]
    assert ids(store.roots("PS", None, kinds=[Kind.CITY_OBJECT])) == []


def test_the_union_of_pages_is_all_children_once(store: Store) -> None:
    rng = random.Random(7)
    desks = [feature("tower", f"d{i}", Kind.ELEMENT, "r", name=rng.choice(["桌", "椅 2", "椅 10", None])) for i in range(57)]
    record(store, [feature("tower", "r", Kind.SPACE), *desks, feature("tower", "s", Kind.SPACE, "r")])
    pages: list[str] = []
    after: str | None = None
    while page := store.children("tower:r", None, kind=Kind.ELEMENT, after=after, limit=10):
        pages += ids(page)
        after = page[-1].feature.id
    assert len(pages) == 57
    assert set(pages) == {f"d{i}" for i in range(57)}
    assert pages == ids(store.children("tower:r", None, kind=Kind.ELEMENT, limit=1000))


def test_a_page_goes_on_after_a_feature_that_is_gone_meanwhile(store: Store) -> None:
    record(store, tower(), new_revision("a"))
    record(store, [item for item in tower() if "9-9" not in item.id], new_revision("b"))
    assert ids(store.children("tower:s9", None, after="tower:r9-9", limit=5)) == ["r9-10"]
    with pytest.raises(NotFound):
        store.children("tower:s9", None, after="tower:never", limit=5)


def test_descendants_can_be_asked_for_by_kind(store: Store) -> None:
    record(store, tower())
    assert set(ids(list(store.descendants("tower:s9", None, kinds=[Kind.SPACE])))) == {"r9-1", "r9-9", "r9-10"}
    assert len(list(store.descendants("tower:s9", None, kinds=[Kind.SPACE, Kind.ELEMENT]))) == 9


def test_features_are_counted_and_bounded(store: Store) -> None:
    record(store, tower())
    record(store, tower("hall"), new_revision(model_key="hall"))
    assert store.counts("PS", None, model_key="hall") == {Kind.SITE: 1, Kind.BUILDING: 1, Kind.STOREY: 2, Kind.SPACE: 6, Kind.ELEMENT: 12}
    assert store.counts("PS", None)[Kind.ELEMENT] == 24
    assert store.counts_under(["tower:b", "tower:gone"], None) == {"tower:b": {Kind.STOREY: 2, Kind.SPACE: 6, Kind.ELEMENT: 12}}
    found = store.bounds("PS", None)
    assert found is not None
    stacked = np.stack([*boxes(tower()).values(), *boxes(tower("hall")).values()])
    np.testing.assert_array_equal(found, [stacked[:, 0].min(axis=0), stacked[:, 1].max(axis=0)])
    assert set(store.find_features(["tower:b", "hall:b", "hall:gone"], None)) == {"tower:b", "hall:b"}


def test_many_ids_and_many_kinds_are_asked_for_in_parts(store: Store) -> None:
    desks = [feature("tower", f"d{i}", Kind.ELEMENT, "r") for i in range(2500)]
    record(store, [feature("tower", "r", Kind.SPACE), *desks])
    assert len(store.find_features([item.id for item in desks], PUBLIC)) == 2500
    assert len(list(store.features("PS", PUBLIC))) == 2501


def hidden_room(store: Store) -> None:
    """Room r9-1 and its desks restricted; a wall beside it, public, that names it as its space."""
    labels = {f"tower:{name}": "restricted" for name in ("r9-1", "d9-1-1", "d9-1-2")}
    wall = feature("tower", "wall", Kind.ELEMENT, "s9", name="墙", building="b", storey="s9", space="r9-1")
    far = {"tower:d9-1-1": np.array([[500.0, 0, 0], [501, 1, 1]])}
    features = [*relabelled(tower(), labels), wall]
    store.record_revision(new_revision(), features, boxes(features) | far, [], [], now=NOW)


def test_a_hidden_room_does_not_exist_for_a_reader_who_may_not_know_of_it(store: Store) -> None:
    hidden_room(store)
    for name in ("tower:r9-1", "tower:d9-1-1"):
        for ask in (store.get_feature, store.path, lambda n, labels: list(store.descendants(n, labels))):
            with pytest.raises(NotFound) as missing:
                ask(name, PUBLIC)
            with pytest.raises(NotFound) as never:
                ask("tower:nonsense", PUBLIC)
            assert str(missing.value).replace(name, "") == str(never.value).replace("tower:nonsense", "")
    with pytest.raises(NotFound):
        store.children("tower:r9-1", PUBLIC, limit=5)
    assert ids(store.children("tower:s9", PUBLIC, limit=9)) == ["wall", "r9-9", "r9-10"]
    assert store.counts_under(["tower:s9", "tower:r9-1"], PUBLIC) == {"tower:s9": {Kind.SPACE: 2, Kind.ELEMENT: 5}}
    assert store.counts("PS", PUBLIC)[Kind.SPACE] == 5
    assert "tower:r9-1" not in {row.feature.id for row in store.features("PS", PUBLIC)}
    assert store.find_features(["tower:r9-1"], PUBLIC) == {}
    bounds = store.bounds("PS", PUBLIC)
    assert bounds is not None
    assert bounds[1, 0] < 500


def test_what_is_hidden_reaches_into_no_box_above_it(store: Store) -> None:
    labels = {f"tower:{name}": "restricted" for name in ("r9-1", "d9-1-1", "d9-1-2")}
    features = relabelled(tower(), labels)
    own = boxes(features) | {"tower:d9-1-1": np.array([[500.0, 0, 0], [501, 1, 90]])}
    store.record_revision(new_revision(), features, boxes_with_ancestors(features, own), [], [], now=NOW)
    seen = [own[item.id] for item in features if item.id in own and item.label == "public"]
    around = np.array([np.min(seen, axis=0)[0], np.max(seen, axis=0)[1]])
    for name in ("tower:site", "tower:b"):
        whole, narrow = store.get_feature(name, None).box, store.get_feature(name, PUBLIC).box
        assert whole is not None
        assert whole[1, 0] == 501
        np.testing.assert_array_equal(narrow, around)
        assert store.get_feature(name, PUBLIC).feature.z_range == (around[0, 2], around[1, 2])
    assert store.get_feature("tower:s10", PUBLIC).box is not None
    found = store.bounds("PS", PUBLIC)
    np.testing.assert_array_equal(found, around)
    nothing = relabelled(tower(), {item.id: "restricted" for item in tower() if item.kind in (Kind.SPACE, Kind.ELEMENT)})
    store.record_revision(new_revision("b"), nothing, boxes_with_ancestors(nothing, own), [], [], now=NOW)
    assert store.get_feature("tower:b", PUBLIC).box is None
    assert store.bounds("PS", PUBLIC) is None


def test_a_hidden_room_is_not_named_by_what_bounds_it(store: Store) -> None:
    hidden_room(store)
    assert store.get_feature("tower:wall", PUBLIC).feature.space is None
    assert store.get_feature("tower:wall", PUBLIC).feature.storey == "tower:s9"
    assert store.get_feature("tower:wall", frozenset({"public", "restricted"})).feature.space == "tower:r9-1"
    assert all("r9-1" not in {row.feature.space, row.feature.parent} for row in store.features("PS", PUBLIC))


def test_no_label_sees_nothing_and_every_label_is_said_in_so_many_words(store: Store) -> None:
    hidden_room(store)
    assert list(store.features("PS", frozenset())) == []
    assert store.counts("PS", frozenset()) == {}
    assert store.bounds("PS", frozenset()) is None
    assert store.roots("PS", frozenset()) == []
    with pytest.raises(NotFound):
        store.get_feature("tower:b", frozenset())
    with pytest.raises(TypeError):
        store.features("PS")  # type: ignore[call-arg]
    assert len(list(store.features("PS", None))) == 23


def test_a_feature_that_is_hidden_later_is_hidden_from_then_on(store: Store) -> None:
    record(store, tower(), new_revision("a"))
    record(store, relabelled(tower(), {"tower:b": "internal"}), new_revision("b"))
    assert ids(store.path("tower:s9", PUBLIC)) == ["site"]
    assert store.get_feature("tower:s9", PUBLIC).feature.parent is None
    assert store.get_feature("tower:s9", None).feature.parent == "tower:b"


def test_a_tree_as_deep_as_it_likes_is_one_look_up(store: Store) -> None:
    chain = [feature("tower", f"n{i}", Kind.SPACE, f"n{i - 1}" if i else None) for i in range(60)]
    record(store, chain)
    assert len(store.path("tower:n59", None)) == 59
    record(store, [replace(chain[0]), *[replace(item, parent=FeatureId("tower:n0")) for item in chain[1:]]], new_revision("b"))
    assert ids(store.path("tower:n59", None)) == ["n0"]
