"""Spots in the rooms of real models and of the demo's builder, none in a wall."""

from collections.abc import Callable
from pathlib import Path

import pytest
import shapely

from bim import BimModel, read_model
from spatial.feature import Kind
from spatial.spots import spots_of_rooms
from twin.demo import write_small_office

EACH = 40


def assert_spots_of_every_room(model: BimModel, rooms: int) -> None:
    spaces = [feature for feature in model.features if feature.kind is Kind.SPACE and feature.footprint is not None]
    assert len(spaces) == rooms
    outlines = [space.footprint for space in spaces if space.footprint is not None]
    found = spots_of_rooms(outlines, [EACH] * rooms, keys=[space.id for space in spaces])
    for i, outline in enumerate(outlines):
        points = shapely.points(found.xy[found.starts[i] : found.starts[i + 1]])
        assert len(points) == EACH
        assert shapely.contains(outline, points).all()
        assert shapely.distance(outline.boundary, points).min() >= found.clearance_m[i] - 1e-6 > 0


@pytest.mark.parametrize(("stem", "rooms"), [("duplex_A_20110907", 21), ("ac20_fzk_haus", 7), ("ac11_institute_var2", 82)])
def test_rooms_of_real_models(model_of: Callable[[str], BimModel], stem: str, rooms: int) -> None:
    assert_spots_of_every_room(model_of(stem), rooms)


def test_rooms_of_the_small_office(tmp_path: Path) -> None:
    write_small_office(tmp_path / "office.ifc")
    assert_spots_of_every_room(read_model(tmp_path / "office.ifc", "office"), 10)
