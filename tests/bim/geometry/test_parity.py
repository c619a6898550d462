"""No product is lost, displaced or repainted against the bare `opencascade` kernel, on every real file; glass stays glass."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bim import BimModel
from bim.geometry import GeometryResult, Product, mesh_products
from spatial.feature import Kind
from tests.bim.geometry.bare_opencascade import BareProduct, compare, draw_bare, products_of

# File → (elements and rooms drawn, windows that have glass), as counted in the file.
FILES = {
    "duplex_A_20110907": (236, 22),
    "duplex_A_20110907_georeferenced": (236, 22),
    "duplex_electrical": (104, 0),
    "duplex_handover_cobie": (0, 0),
    "ac20_fzk_haus": (89, 11),
    "ac11_institute_var2": (781, 206),
    "sample_house_ifc4": (62, 4),
    "large_building_bimwhale": (122, 42),
    "hhs_office_construction": (339, 0),
    "building_architecture_ifc4": (13, 0),
    "linear_placement_of_signal_4x3": (2, 0),
    "geographic_referencing_rigid_operation_4x3": (1, 0),
    "geographic_referencing_utm_4x3": (1, 0),
}
# Cutting this wall, whose body has its holes already, `opencascade` leaves a lid on one.
AREAS_OFF = {"sample_house_ifc4": ["3cUkl32yn9qRSPvBJVyWy4"]}
TWIN_OF = {"duplex_A_20110907_georeferenced": "duplex_A_20110907"}
LOST_TEST = "test_nothing_is_lost_displaced_or_repainted"


def drawn_by_us(path: Path, engine: str = "fast", classes: tuple[str, ...] = ("Ifc",)) -> GeometryResult:
    found = [entry for entry in products_of(path) if entry[2].startswith(classes)]
    products = [Product(step_id=s, local_id=g, class_name=c, wants_mesh=w) for s, g, c, w in found]
    return mesh_products(path, products, cache_dir=None, engine=engine)


@pytest.fixture(scope="module")
def bare(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[dict[str, Future[dict[str, BareProduct]]]]:
    """The oracle's drawings of the files that are asked for, computed on two processes while the tests run."""
    asked = [item.callspec.params["name"] for item in request.session.items if getattr(item, "originalname", "") == LOST_TEST]
    # The same products under the same GlobalIds, with two property sets more: one drawing serves both duplexes.
    drawn = dict.fromkeys(TWIN_OF.get(name, name) for name in asked)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {name: pool.submit(draw_bare, str(data_dir / "ifc" / f"{name}.ifc")) for name in drawn}
        yield {name: futures[TWIN_OF.get(name, name)] for name in asked}


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_lost_displaced_or_repainted(
    name: str, model_of: Callable[[str], BimModel], bare: dict[str, Future[dict[str, BareProduct]]]
) -> None:
    model = model_of(name)
    ours = model.meshes.renamed([feature.removeprefix("m:") for feature in model.meshes.features])
    rooms = {feature.source.global_id for feature in model.features if feature.kind is Kind.SPACE}
    wanted = {row.local_id for row in model.ledger} | rooms
    reference = {local_id: product for local_id, product in bare[name].result().items() if local_id in wanted}
    found = compare(reference, ours)
    assert (len(reference), found["windows_with_glass"]) == FILES[name]
    assert found["lost"] == []
    assert found["boxes_off"] == []
    assert found["colours_off"] == []
    assert [line.split()[1] for line in found["areas_off"]] == AREAS_OFF.get(name, [])
    assert {row.outcome for row in model.ledger} <= {"placed", "without_geometry"}
    assert set(ours.features) == set(reference)


def test_both_engines_draw_the_same_parts(data_dir: Path) -> None:
    path = data_dir / "ifc" / "large_building_bimwhale.ifc"
    classes = ("IfcWindow", "IfcDoor", "IfcSpace")
    fast, reference = drawn_by_us(path, "fast", classes), drawn_by_us(path, "reference", classes)
    assert {line.engine for line in fast.results.values()} == {"ifclite"}
    assert {line.engine for line in reference.results.values()} == {"opencascade"}

    assert set(fast.meshes.features) == set(reference.meshes.features)
    fast_boxes, reference_boxes = colour_boxes(fast), colour_boxes(reference)
    assert set(fast_boxes) == set(reference_boxes)
    assert max(float(np.abs(fast_boxes[key] - reference_boxes[key]).max()) for key in fast_boxes) < 0.001


def colour_boxes(result: GeometryResult) -> dict[tuple[object, ...], Any]:
    """(feature, rgba) → box; each is one part in both engines."""
    meshes = result.meshes
    names = [(meshes.features[i], *map(int, rgba)) for i, rgba in zip(meshes.part_feature, meshes.part_rgba, strict=True)]
    assert len(set(names)) == len(names)
    return dict(zip(names, meshes.part_bounds(), strict=True))


def test_a_far_away_model_keeps_its_millimetres(data_dir: Path) -> None:
    path = data_dir / "ifc" / "broken" / "large_offset.ifc"
    bare = draw_bare(str(path))
    ours = drawn_by_us(path)
    found = compare(bare, ours.meshes)
    assert len(bare) == 8 and found["lost"] == []
    assert found["worst_box_m"] < 0.001
    assert max(float(np.abs(mesh.vertices).max()) for mesh in ours.meshes.meshes) < 1000.0
