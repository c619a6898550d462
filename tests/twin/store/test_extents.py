"""The columns of a site are its features, every one, on both databases."""

import numpy as np
import pytest

from tests.twin.store.builder import SITE, boxes, new_revision, record, relabelled, tower
from twin.errors import SiteUnknown
from twin.store import Store
from twin.store.extents import read_extents


def test_extents_are_the_features_by_id(store: Store) -> None:
    record(store, tower())
    moved = relabelled(tower(), {"tower:r9-1": "restricted"})[:-1]
    record(store, moved, new_revision(sha256="b" * 64))
    with store.database.reading() as connection:
        extents = read_extents(connection, "PS")
    rows = sorted(store.features("PS", None), key=lambda row: row.feature.id.encode())
    assert extents.ids == [row.feature.id for row in rows] and len(extents) == len(moved)
    assert extents.scene_revision == store.scene_revision("PS") == 2
    known = boxes(moved)
    for i, row in enumerate(rows):
        feature = row.feature
        said = [
            extents.words[name][i] for name in ("kind", "class_name", "name", "long_name", "parent", "building", "storey", "space", "label")
        ]
        assert said == [
            feature.kind.value, feature.class_name, feature.name, feature.long_name, feature.parent, feature.building, feature.storey,
            feature.space, feature.label,
        ]  # fmt: skip
        assert np.array_equal(extents.boxes[i], known.get(feature.id, np.full((2, 3), np.nan)), equal_nan=True)
        assert np.array_equal(extents.z_ranges[i], feature.z_range or (np.nan, np.nan), equal_nan=True)
        shape = extents.footprints[i]
        assert (shape is None and feature.footprint is None) or shape.equals(feature.footprint)


def test_a_site_without_features_and_one_that_is_not_there(store: Store) -> None:
    with store.database.reading() as connection:
        assert len(read_extents(connection, SITE.code)) == 0
        with pytest.raises(SiteUnknown):
            read_extents(connection, "none")
