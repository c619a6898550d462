"""No product is lost, displaced or repainted against the bare `opencascade` kernel, on every real file; glass stays glass."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bim.geometry import GeometryResult, Outcome, Product, mesh_products
from tests.bim.geometry.bare_opencascade import BareProduct, compare, draw_bare, products_of

# File → (products drawn, windows that have glass), as counted in the file.
FILES = {
    "duplex_A_20110907": (236, 22),
    "duplex_A_20110907_georeferenced": (236, 22),
    "duplex_electrical": (104, 0),
    "duplex_handover_cobie": (0, 0),
    "ac20_fzk_haus": (90, 11),
    "ac11_institute_var2": (782, 206),
    "sample_house_ifc4": (62, 4),
    "large_building_bimwhale": (122, 42),
    "hhs_office_construction": (339, 0),
    "building_architecture_ifc4": (14, 0),
    "linear_placement_of_signal_4x3": (25, 0),
    "geographic_referencing_rigid_operation_4x3": (1, 0),
    "geographic_referencing_utm_4x3": (1, 0),
}
# Cutting this wall, whose body has its holes already, `opencascade` leaves a lid on one.
AREAS_OFF = {"sample_house_ifc4": ["3cUkl32yn9qRSPvBJVyWy4"]}
GEOREFERENCED = "duplex_A_20110907_georeferenced"


def drawn_by_us(path: Path, engine: str = "fast", classes: tuple[str, ...] = ("Ifc",)) -> GeometryResult:
    found = [entry for entry in products_of(path) if entry[2].startswith(classes)]
    products = [Product(step_id=s, local_id=g, class_name=c, wants_mesh=w) for s, g, c, w in found]
    return mesh_products(path, products, cache_dir=None, engine=engine)


@pytest.fixture(scope="module")
def bare(data_dir: Path) -> Iterator[dict[str, Future[dict[str, BareProduct]]]]:
    """The oracle's drawings of all files, computed on two processes while the tests run."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        drawings = {name: pool.submit(draw_bare, str(data_dir / "ifc" / f"{name}.ifc")) for name in FILES if name != GEOREFERENCED}
        # The same products under the same GlobalIds, with two property sets more: one drawing serves both files.
        yield drawings | {GEOREFERENCED: drawings["duplex_A_20110907"]}


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_lost_displaced_or_repainted(name: str, data_dir: Path, bare: dict[str, Future[dict[str, BareProduct]]]) -> None:
    ours = drawn_by_us(data_dir / "ifc" / f"{name}.ifc")
    reference = bare[name].result()
    found = compare(reference, ours.meshes)
    assert (len(reference), found["windows_with_glass"]) == FILES[name]
    assert found["lost"] == []
    assert found["boxes_off"] == []
    assert found["colours_off"] == []
    assert [line.split()[1] for line in found["areas_off"]] == AREAS_OFF.get(name, [])
    assert {line.outcome for line in ours.results.values()} <= {Outcome.PLACED, Outcome.WITHOUT_GEOMETRY}
    assert {i for i, line in ours.results.items() if line.outcome is Outcome.PLACED} == set(ours.meshes.features) == set(reference)


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
