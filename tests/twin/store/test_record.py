"""Recording revisions: idempotence, history, refusals."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import create_engine, text

from spatial.feature import Feature, FeatureId, Kind
from spatial.source import Source
from tests.twin.store.builder import ISSUES, LEDGER, NOW, SITE, boxes, feature, new_revision, record, tower
from twin.errors import Invalid, LabelUnknown, ModelKeyTaken, NotFound, SiteUnknown
from twin.store import RevisionStatus, Store

TABLES = ("site", "model", "revision", "ledger", "issue", "identity", "feature", "feature_closure")


def rows(url: str) -> dict[str, int]:
    """How many rows each table has."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) for table in TABLES}
    engine.dispose()
    return found


def test_a_revision_comes_back_as_it_was_recorded(store: Store) -> None:
    recorded = record(store, tower())
    again = store.current_revision("PS", "tower")
    assert again == recorded
    assert (recorded.name, recorded.number, recorded.status, recorded.imported_at) == ("tower@1", 1, RevisionStatus.CURRENT, NOW)
    assert (recorded.who, recorded.schema, recorded.seconds, recorded.mesh_pack) == ("刘工", "IFC4", 1.25, "tower.npz")
    assert recorded.similarity == [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]
    assert recorded.counts == {"elements": {"read": 3}, "rooms": 6}
    assert store.get_revision(recorded.id) == recorded
    assert store.ledger(recorded.id) == list(LEDGER)
    assert [entry.reason for entry in store.ledger(recorded.id, outcome="failed")] == ["几何为空"]
    assert store.issues(recorded.id) == list(ISSUES)


def test_every_fact_of_a_feature_comes_back(store: Store) -> None:
    given = {str(item.id): item for item in tower()}
    record(store, list(given.values()))
    found = {str(row.feature.id): row for row in store.features("PS", None)}
    assert {name: row.feature for name, row in found.items()} == given
    expected = boxes(tower())
    for name, row in found.items():
        assert (row.box is None) == (name not in expected)
        if row.box is not None:
            np.testing.assert_array_equal(row.box, expected[name])
    assert found["tower:r9-1"].area_m2 == pytest.approx(4 - 0.2)
    assert (found["tower:b"].area_m2, found["tower:b"].site, found["tower:b"].model_key) == (None, "PS", "tower")


def test_a_measured_area_goes_before_that_of_the_footprint(store: Store) -> None:
    room = feature("tower", "r", Kind.SPACE, footprint=shapely.box(0, 0, 2, 2), properties={"measured": {"area_m2": 3.99}})
    record(store, [room])
    assert store.get_feature("tower:r", None).area_m2 == 3.99


def test_the_same_bytes_again_return_the_same_revision_and_add_no_row(store: Store, url: str) -> None:
    first = record(store, tower())
    before, scene = rows(url), store.scene_revision("PS")
    assert record(store, tower()) == first
    assert rows(url) == before
    assert store.scene_revision("PS") == scene


def test_the_same_bytes_with_other_options_are_another_revision(store: Store) -> None:
    record(store, tower())
    anchored = record(store, tower(), new_revision(options={"anchor": {"lon": 119.0, "heading_deg": 12}}))
    assert anchored.number == 2
    assert record(store, tower(), new_revision(options={"anchor": {"heading_deg": 12, "lon": 119.0}})) == anchored


def test_a_former_file_can_come_back_as_a_new_revision(store: Store) -> None:
    for sha256 in ("a", "b", "a"):
        record(store, tower(), new_revision(sha256))
    assert [(row.sha256, row.number, row.current) for row in store.list_revisions("PS", "tower")] == [
        ("a", 1, False),
        ("b", 2, False),
        ("a", 3, True),
    ]
    found = store.find_revision("PS", "tower", "a")
    assert found is not None
    assert found.number == 3


def test_only_what_changed_gets_a_row_and_what_vanished_is_ended(store: Store, url: str) -> None:
    first = record(store, tower(), new_revision("a"))
    before = rows(url)
    moved = [replace(item, source=replace(item.source, file="new.ifc", sha256="b", entity="#9")) for item in tower()]
    changed = [replace(item, name="会议室") if item.id == "tower:r9-1" else item for item in moved if item.id != "tower:d10-9-2"]
    second = record(store, [*changed, feature("tower", "new", Kind.ELEMENT, "r9-9")], new_revision("b"))
    after = rows(url)
    assert after["feature"] == before["feature"] + 2
    assert after["identity"] == before["identity"] + 1
    assert store.get_feature("tower:r9-1", None).feature.name == "会议室"
    assert store.get_feature("tower:r9-1", None).revision == second.id
    kept = store.get_feature("tower:r9-9", None)
    assert (kept.revision, kept.feature.source.file) == (first.id, "tower.ifc")
    with pytest.raises(NotFound):
        store.get_feature("tower:d10-9-2", None)
    assert "tower:d10-9-2" in {row.feature.id for row in store.features("PS", None, at=first.id)}
    assert {row.feature.name for row in store.features("PS", None, at=first.id) if row.feature.id == "tower:r9-1"} == {"室1"}
    assert len(list(store.features("PS", None, at=second.id))) == len(list(store.features("PS", None))) == 22


def test_a_vanished_feature_that_comes_back_is_the_same_identity(store: Store, url: str) -> None:
    record(store, tower(), new_revision("a"))
    record(store, [item for item in tower() if item.id != "tower:d9-1-1"], new_revision("b"))
    record(store, tower(), new_revision("c"))
    assert rows(url)["identity"] == 22
    assert [row.feature.id for row in store.path("tower:d9-1-1", None)] == ["tower:site", "tower:b", "tower:s9", "tower:r9-1"]


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        pytest.param({"name": "新"}, True, id="name"),
        pytest.param({"label": "internal"}, True, id="label"),
        pytest.param({"properties": {"a": 1}}, True, id="property"),
        pytest.param({"z_range": (27.0, 29.9)}, True, id="z range"),
        pytest.param({"z_range": (27.000001, 29.8)}, False, id="a micrometre"),
        pytest.param({"footprint": shapely.box(1, 0, 2, 4)}, True, id="the hole filled"),
        pytest.param({"space": FeatureId("tower:r9-9")}, True, id="space"),
        pytest.param({"source": Source(file="b", sha256="b", entity="#7", global_id="r9-1")}, False, id="source"),
        pytest.param({"source": Source(file="b", sha256="b", entity="#7", global_id="other")}, True, id="global id"),
    ],
)
def test_what_counts_as_a_change(store: Store, change: dict[str, Any], counts: bool) -> None:
    first = record(store, tower(), new_revision("a"))
    record(store, [replace(item, **change) if item.id == "tower:r9-1" else item for item in tower()], new_revision("b"))
    assert (store.get_feature("tower:r9-1", None).revision != first.id) is counts


def test_the_order_of_properties_is_kept_and_is_no_change(store: Store) -> None:
    first = record(store, [feature("tower", "x", Kind.ELEMENT, properties={"b": 1, "a": {"d": 1, "c": 2}})], new_revision("a"))
    record(store, [feature("tower", "x", Kind.ELEMENT, properties={"a": {"c": 2, "d": 1}, "b": 1})], new_revision("b"))
    row = store.get_feature("tower:x", None)
    assert row.revision == first.id
    assert list(row.feature.properties) == ["b", "a"]


def test_other_models_are_left_alone(store: Store) -> None:
    record(store, tower())
    hall = record(store, tower("hall"), new_revision(model_key="hall"))
    record(store, [], new_revision("b"))
    assert store.current_revision("PS", "hall") == hall
    assert {row.model_key for row in store.features("PS", None)} == {"hall"}
    assert [row.name for row in store.list_models("PS")] == ["hall@1", "tower@2"]


def test_the_same_id_in_two_sites_is_asked_for_with_the_site(store: Store) -> None:
    store.add_site(replace(SITE, code="other"), now=NOW)
    record(store, tower())
    assert store.get_feature("tower:b", None).site == "PS"
    record(store, tower(), new_revision(site="other"))
    assert store.get_feature("tower:b", None, site="other").site == "other"
    assert [row.site for row in store.path("tower:s9", None, site="other")] == ["other", "other"]
    with pytest.raises(Invalid, match="several sites"):
        store.get_feature("tower:b", None)


def test_the_scene_revision_grows_with_each_revision_of_any_model(store: Store) -> None:
    assert store.scene_revision("PS") == 0
    record(store, tower())
    record(store, tower("hall"), new_revision(model_key="hall"))
    assert store.scene_revision("PS") == 2


def test_text_that_no_database_holds_alike_is_made_storable(store: Store) -> None:
    odd = feature("tower", "x", Kind.ELEMENT, name="a\x00b\ud83dc", properties={"k\x00": float("nan"), "n": np.float32(1.5), "s": "\udc00"})
    record(store, [odd])
    found = store.get_feature("tower:x", None).feature
    assert found.name == "a\ufffdb\ufffdc"
    assert found.properties["n"] == 1.5
    assert None in found.properties.values()


def test_a_feature_that_the_reader_must_not_produce_is_an_error_and_nothing_is_written(store: Store, url: str) -> None:
    before = rows(url)
    desk = feature("tower", "d", Kind.ELEMENT)
    wrong: dict[str, list[Feature]] = {
        "twice": [desk, desk],
        "not an id of model": [replace(desk, id=FeatureId("hall:d"))],
        "not among the features": [replace(desk, parent=FeatureId("tower:gone"))],
        "above itself": [replace(desk, parent=desk.id)],
        "not finite": [replace(desk, z_range=(0.0, float("nan")))],
    }
    for message, features in wrong.items():
        with pytest.raises(ValueError, match=message):
            record(store, features)
    with pytest.raises(ValueError, match="box of"):
        store.record_revision(new_revision(), [desk], {"tower:d": np.full((2, 3), np.inf)}, [], [], now=NOW)
    with pytest.raises(ValueError, match="sunk"):
        store.record_revision(new_revision(), [desk], {}, [replace(LEDGER[0], outcome="sunk")], [], now=NOW)
    assert rows(url) == before


def test_an_unknown_label_site_or_key_is_refused(store: Store, url: str) -> None:
    before = rows(url)
    with pytest.raises(LabelUnknown, match="secret"):
        record(store, [feature("tower", "d", Kind.ELEMENT, label="secret")])
    with pytest.raises(SiteUnknown):
        record(store, [], new_revision(site="nowhere"))
    with pytest.raises(Invalid):
        record(store, [], new_revision(model_key="Tower:1"))
    assert rows(url) == before


def test_a_key_of_another_kind_is_taken(store: Store) -> None:
    record(store, tower())
    with pytest.raises(ModelKeyTaken):
        record(store, [], new_revision("b", kind="city"))


def test_the_share_of_known_ids_is_that_of_the_smaller_set(store: Store) -> None:
    assert store.share_of_known_ids("PS", "tower", ["x"]) == 1.0
    record(store, tower())
    assert store.share_of_known_ids("PS", "tower", ["d9-1-1", "x", "y", "z"]) == pytest.approx(1 / 3)
    assert store.share_of_known_ids("PS", "tower", ["d9-1-1"]) == 1.0
    assert store.share_of_known_ids("PS", "tower", []) == 0.0


def test_progress_counts_features_up_to_all_of_them(store: Store) -> None:
    seen: list[tuple[int, int]] = []
    record(store, tower(), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (22, 22)
    assert seen == sorted(seen)


def test_readers_see_the_old_revision_until_the_commit(store: Store, opened: Callable[..., Store]) -> None:
    record(store, tower(), new_revision("a"))
    reader, seen = opened(), []

    def look(_done: int, _total: int) -> None:
        current = reader.current_revision("PS", "tower")
        assert current is not None
        seen.append((current.number, reader.counts("PS", None), len(reader.path("tower:d9-1-1", None)), reader.scene_revision("PS")))

    record(store, tower()[:2], new_revision("b"), progress=look)
    assert {(number, sum(counts.values()), depth, scene) for number, counts, depth, scene in seen} == {(1, 22, 4, 1)}
    assert sum(reader.counts("PS", None).values()) == 2


def test_one_long_read_sees_one_state(store: Store, opened: Callable[..., Store]) -> None:
    record(store, tower(), new_revision("a"))
    reading = opened().features("PS", frozenset({"public"}))
    next(reading)
    record(store, [], new_revision("b"))
    assert len(list(reading)) == 21
