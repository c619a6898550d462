"""From a model's frame into the site's: footprints, ranges and the boxes of what stands above."""

import numpy as np
import pytest
from shapely.geometry import box

from spatial.feature import Feature, FeatureId, Kind
from spatial.frame import Similarity
from spatial.placed import boxes_with_ancestors, in_site_frame, without_place
from spatial.source import Source

SOURCE = Source(file="a.ifc", sha256="0", entity="#1")


def feature(name: str, kind: Kind, parent: str | None = None, **more: object) -> Feature:
    above = FeatureId(parent) if parent else None
    return Feature(id=FeatureId(name), kind=kind, class_name="X", source=SOURCE, parent=above, **more)  # type: ignore[arg-type]


def quarter_turn(x: float, y: float, z: float) -> Similarity:
    return Similarity(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), 1.0, np.array([x, y, z]))


def test_footprints_and_ranges_move_with_the_model() -> None:
    room = feature("m:r", Kind.STOREY, footprint=box(0, 0, 4, 2), z_range=(1.0, 4.0))
    (moved,) = in_site_frame([room], quarter_turn(100, 200, 30), {})
    assert moved.footprint is not None
    assert moved.footprint.bounds == pytest.approx((98, 200, 100, 204))
    assert moved.z_range == pytest.approx((31.0, 34.0))


def test_an_exact_box_wins_for_what_has_its_own_mesh() -> None:
    wall = feature("m:w", Kind.ELEMENT, z_range=(0.0, 1.0))
    (moved,) = in_site_frame([wall], quarter_turn(0, 0, 0), {"m:w": np.array([[0, 0, 2.5], [1, 1, 3.5]])})
    assert moved.z_range == (2.5, 3.5)


def test_what_needs_an_anchor_has_no_place_at_all() -> None:
    (bare,) = without_place([feature("m:r", Kind.SPACE, footprint=box(0, 0, 1, 1), z_range=(0.0, 1.0))])
    assert (bare.footprint, bare.z_range) == (None, None)


def test_ancestors_have_the_box_around_all_below_and_rings_end() -> None:
    tree = [
        feature("m:b", Kind.BUILDING),
        feature("m:s", Kind.STOREY, "m:b"),
        feature("m:w", Kind.ELEMENT, "m:s"),
        feature("m:v", Kind.ELEMENT, "m:s"),
        feature("m:x", Kind.ELEMENT, "m:y"),
        feature("m:y", Kind.ELEMENT, "m:x"),
    ]
    boxes = {
        "m:w": np.array([[0.0, 0, 0], [1, 1, 1]]),
        "m:v": np.array([[5.0, -1, 0], [6, 1, 9]]),
        "m:x": np.array([[0.0, 0, 0], [1, 1, 1]]),
    }
    result = boxes_with_ancestors(tree, boxes)
    assert result["m:b"] == pytest.approx(np.array([[0, -1, 0], [6, 1, 9]]))
    assert result["m:s"] == pytest.approx(result["m:b"])
    assert boxes["m:w"] == pytest.approx(np.array([[0, 0, 0], [1, 1, 1]]))
