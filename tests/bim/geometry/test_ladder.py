"""Meshing of products: outcomes, shared meshes, colours, frames, progress and the cache."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import ifcopenshell
import ifcopenshell.util.element
import numpy as np
import pytest

import bim.geometry.ladder
from bim import BimModel
from bim.geometry import LADDERS, GeometryResult, Outcome, Product, mesh_products
from bim.geometry.source import SourceFile
from bim.geometry.worker import Drawing, Request, Studio
from tests.bim.geometry.bare_opencascade import draw_bare, products_of
from tests.bim.geometry.small_ifc import MILLIMETRE, SmallIfc


class InProcess:
    """Stands in for the worker pool where its isolation is not what a test is about: no process to start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def ask(self, request: Request) -> Drawing:
        if self.starts == 0:
            self._studio = Studio(SourceFile(self._path))
            self.starts = 1
        return self._studio.draw(request)


@pytest.fixture(scope="module", autouse=True)
def in_process() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bim.geometry.ladder, "WorkerPool", InProcess)
        yield


def listed(*entities: Any) -> list[Product]:
    return [Product(step_id=e.id(), local_id=e.GlobalId, class_name=e.is_a(), wants_mesh=e.Representation is not None) for e in entities]


def meshed(ifc: SmallIfc, folder: Path, *entities: Any, engine: str = "fast") -> GeometryResult:
    return mesh_products(ifc.write(folder), listed(*entities), cache_dir=None, engine=engine)


def window(ifc: SmallIfc) -> Any:
    frame = ifc.painted(ifc.block((1200.0, 80.0, 1500.0)), (0.4, 0.3, 0.2))
    pane = ifc.painted(ifc.block((1000.0, 10.0, 1300.0), (0.0, 0.0, 100.0)), (0.5, 0.8, 1.0), 0.7)
    return ifc.mapped([frame, pane])


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_glass_is_a_part_of_its_own_and_equal_windows_share_their_meshes(engine: str, tmp_path: Path) -> None:
    ifc = SmallIfc(MILLIMETRE)
    first = window(ifc)
    windows = [
        ifc.product(
            "IfcWindow",
            ifc.placement((5000.0 * i, 300.0, 900.0), x=(np.cos(i), np.sin(i), 0.0)),
            ifc.shape([ifc.again(first.MappingSource)], kind="MappedRepresentation"),
        )
        for i in range(5)
    ]
    result = meshed(ifc, tmp_path, *windows, engine=engine)
    meshes = result.meshes
    assert (meshes.parts, len(meshes.meshes)) == (10, 2)
    assert {tuple(int(v) for v in rgba) for rgba in meshes.part_rgba} == {(102, 77, 51, 255), (128, 204, 255, 77)}
    for index, entity in enumerate(windows):
        parts = [p for p in range(meshes.parts) if meshes.features[meshes.part_feature[p]] == entity.GlobalId]
        for part in parts:
            matrix = meshes.part_matrix[part]
            assert np.allclose(matrix[:3, 3], [5.0 * index, 0.3, 0.9], atol=1e-9)
            assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-9)
            assert np.linalg.det(matrix[:3, :3]) == pytest.approx(1.0)


def test_the_same_part_has_the_same_colour_and_box_in_both_engines(tmp_path: Path) -> None:
    ifc = SmallIfc(MILLIMETRE)
    entity = ifc.product("IfcWindow", ifc.placement((1.0, 2.0, 3.0)), ifc.shape([window(ifc)], kind="MappedRepresentation"))
    glass = {}
    for engine in ("fast", "reference"):
        meshes = meshed(ifc, tmp_path, entity, engine=engine).meshes
        (part,) = np.flatnonzero(meshes.part_rgba[:, 3] < 255)
        glass[engine] = meshes.part_bounds()[part]
    assert np.allclose(glass["fast"], [[-0.499, -0.003, 0.103], [0.501, 0.007, 1.403]], atol=1e-5)
    assert np.allclose(glass["fast"], glass["reference"], atol=1e-5)


def test_an_opening_cuts_its_wall_and_the_parts_of_a_divided_one(tmp_path: Path) -> None:
    ifc = SmallIfc()
    base = ifc.placement((100.0, 50.0, 0.0), x=(0.0, 1.0, 0.0))
    whole = ifc.product("IfcWall", base, None)
    parts = [ifc.product("IfcWall", ifc.placement((0.0, y, 0.0), base), ifc.shape([ifc.block((4.0, 0.1, 3.0))])) for y in (0.0, 0.1)]
    ifc.file.create_entity("IfcRelAggregates", GlobalId=ifc.guid(), RelatingObject=whole, RelatedObjects=parts)
    hole = ifc.product("IfcOpeningElement", ifc.placement((0.0, 0.05, 1.0), base), ifc.shape([ifc.block((1.0, 1.0, 1.0))]))
    ifc.void(whole, hole)
    volumes = {}
    for engine in ("fast", "reference"):
        meshes = meshed(ifc, tmp_path, whole, *parts, engine=engine).meshes
        assert set(meshes.features) == {part.GlobalId for part in parts}
        volumes[engine] = [volume(mesh.vertices[mesh.triangles]) for mesh in meshes.meshes]
    assert volumes["fast"] == pytest.approx([1.1] * len(volumes["fast"]), abs=1e-4)
    assert volumes["reference"] == pytest.approx([1.1] * len(volumes["reference"]), abs=1e-4)


def test_a_mesh_wound_inside_out_is_turned_and_a_mapped_scale_is_baked(tmp_path: Path) -> None:
    ifc = SmallIfc()
    inside_out = ifc.product(
        "IfcFurniture", ifc.placement((0.0, 0.0, 0.0)), ifc.shape([ifc.faceted((0, 0, 0), (1, 2, 3))], kind="Tessellation")
    )
    twice = ifc.product(
        "IfcFurniture",
        ifc.placement((9.0, 0.0, 0.0)),
        ifc.shape([ifc.mapped([ifc.block((1.0, 1.0, 1.0))], 2.0)], kind="MappedRepresentation"),
    )
    meshes = meshed(ifc, tmp_path, inside_out, twice).meshes
    by_feature = {meshes.features[f]: meshes.meshes[m] for f, m in zip(meshes.part_feature, meshes.part_mesh, strict=True)}
    assert volume(by_feature[inside_out.GlobalId].vertices[by_feature[inside_out.GlobalId].triangles]) == pytest.approx(6.0)
    assert volume(by_feature[twice.GlobalId].vertices[by_feature[twice.GlobalId].triangles]) == pytest.approx(8.0)
    assert np.linalg.det(meshes.part_matrix[1][:3, :3]) == pytest.approx(1.0)


def test_every_closed_mesh_of_the_duplex_encloses_a_positive_volume(model_of: Callable[[str], BimModel]) -> None:
    for mesh in model_of("duplex_A_20110907").meshes.meshes:
        corners = mesh.vertices.astype(np.float64)[mesh.triangles]
        areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        if np.abs(areas.sum(axis=0)).max() < 1e-6 * np.abs(areas).sum():
            assert volume(corners - mesh.vertices.mean(axis=0)) > 0
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-5)


def test_every_room_of_the_duplex_has_the_volume_that_revit_declares(data_dir: Path, model_of: Callable[[str], BimModel]) -> None:
    model = ifcopenshell.open(data_dir / "ifc" / "duplex_A_20110907.ifc")
    declared = {s.GlobalId: ifcopenshell.util.element.get_psets(s)["PSet_Revit_Dimensions"]["Volume"] for s in model.by_type("IfcSpace")}
    meshes = model_of("duplex_A_20110907").meshes
    measured = {
        meshes.features[f].removeprefix("m:"): volume(meshes.meshes[m].vertices[meshes.meshes[m].triangles])
        for f, m in zip(meshes.part_feature, meshes.part_mesh, strict=True)
        if meshes.features[f].removeprefix("m:") in declared
    }
    assert len(declared) == 21
    assert measured == pytest.approx(declared, abs=0.01)


def test_coordinates_written_far_from_the_origin_keep_their_millimetres(tmp_path: Path) -> None:
    ifc = SmallIfc()
    at = (458_000.0, 5_438_000.0, 100.0)
    far = ifc.product(
        "IfcFurniture",
        ifc.placement((0.0, 0.0, 0.0)),
        ifc.shape([ifc.faceted(at, (at[0] + 0.001, at[1] + 2.0, at[2] + 3.0))], kind="Tessellation"),
    )
    near = ifc.product("IfcFurniture", ifc.placement((1.0, 0.0, 0.0)), ifc.shape([ifc.block((0.001, 1.0, 1.0))]))
    result = meshed(ifc, tmp_path, far, near)
    boxes = result.meshes.feature_bounds()
    assert np.allclose(boxes[far.GlobalId], [at, (at[0] + 0.001, at[1] + 2.0, at[2] + 3.0)], atol=1e-4)
    assert np.allclose(boxes[near.GlobalId], [[0.9995, -0.5, 0.0], [1.0005, 0.5, 1.0]], atol=1e-5)


def test_a_direction_that_is_not_square_to_its_axis_is_projected(tmp_path: Path) -> None:
    ifc = SmallIfc()
    leaning = ifc.placement((1.0, 2.0, 3.0), z=(0.0, 0.0, 2.0), x=(1.0, 1.0, 1.0))
    entity = ifc.product("IfcColumn", leaning, ifc.shape([ifc.block((1.0, 2.0, 3.0))]))
    path = ifc.write(tmp_path)
    ours = mesh_products(path, listed(entity), cache_dir=None).meshes.feature_bounds()[entity.GlobalId]
    assert np.allclose(ours, draw_bare(str(path))[entity.GlobalId].box, atol=1e-5)


@pytest.mark.parametrize("context_type", [None, "Plan"])
def test_a_body_in_a_context_of_another_type_is_drawn(context_type: str | None, tmp_path: Path) -> None:
    ifc = SmallIfc()
    other = ifc.file.create_entity(
        "IfcGeometricRepresentationContext",
        ContextType=context_type,
        CoordinateSpaceDimension=3,
        WorldCoordinateSystem=ifc.axes((0.0, 0.0, 0.0)),
    )
    entity = ifc.product("IfcWall", ifc.placement((0.0, 0.0, 0.0)), ifc.shape([ifc.block((4.0, 0.2, 3.0))], context=other))
    for engine in ("fast", "reference"):
        assert meshed(ifc, tmp_path, entity, engine=engine).results[entity.GlobalId].outcome is Outcome.PLACED


def test_axes_alone_and_no_representation_are_without_geometry(data_dir: Path) -> None:
    path = data_dir / "ifc" / "geographic_referencing_rigid_operation_4x3.ifc"
    products = [Product(step_id=s, local_id=g, class_name=c, wants_mesh=w) for s, g, c, w in products_of(path)]
    for engine in ("fast", "reference"):
        result = mesh_products(path, products, cache_dir=None, engine=engine)
        outcomes = {p.class_name + str(p.step_id): result.results[p.local_id] for p in products}
        assert (outcomes["IfcSite30"].outcome, outcomes["IfcSite30"].reason) == (Outcome.WITHOUT_GEOMETRY, None)
        assert outcomes["IfcBuiltElement40"].outcome is Outcome.WITHOUT_GEOMETRY
        assert outcomes["IfcBuiltElement40"].reason == "no representation with a surface"
        assert outcomes["IfcBuiltElement70"].outcome is Outcome.PLACED
        assert result.issues == ()


def test_a_product_without_a_style_gets_the_quiet_colour_of_its_class(tmp_path: Path) -> None:
    ifc = SmallIfc()
    shape = ifc.shape([ifc.block((1.0, 1.0, 1.0))])
    wall, door = (ifc.product(name, ifc.placement((0.0, 0.0, 0.0)), shape) for name in ("IfcWall", "IfcDoor"))
    for engine in ("fast", "reference"):
        meshes = meshed(ifc, tmp_path, wall, door, engine=engine).meshes
        assert len(meshes.meshes) == 1
        assert meshes.part_rgba.tolist() == [[236, 230, 218, 255], [164, 120, 78, 255]]


@pytest.mark.parametrize("name", ["building_architecture_ifc4", "duplex_A_20110907", "duplex_electrical"])
def test_a_fallback_box_holds_what_the_product_would_have_been(name: str, data_dir: Path, model_of: Callable[[str], BimModel]) -> None:
    path = data_dir / "ifc" / f"{name}.ifc"
    drawn = {feature.removeprefix("m:"): box for feature, box in model_of(name).meshes.feature_bounds().items()}
    products = [Product(step_id=s, local_id=g, class_name=c, wants_mesh=w) for s, g, c, w in products_of(path) if g in drawn]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LADDERS, "boxes", LADDERS["fast"][-1:])
        result = mesh_products(path, products, cache_dir=None, engine="boxes")
    boxes = result.meshes.feature_bounds()
    assert {line.outcome for line in result.results.values()} == {Outcome.BOXED}
    assert set(boxes) == set(drawn)
    for local_id, box in boxes.items():
        assert (box[0] < drawn[local_id][0] + 0.02).all() and (box[1] > drawn[local_id][1] - 0.02).all()
        assert np.abs(box - drawn[local_id]).max() < 0.5


def test_a_bounding_box_representation_is_the_fallback_box(tmp_path: Path) -> None:
    ifc = SmallIfc(MILLIMETRE)
    corner = ifc.file.create_entity("IfcCartesianPoint", Coordinates=(-500.0, 0.0, 100.0))
    item = ifc.file.create_entity("IfcBoundingBox", Corner=corner, XDim=1000.0, YDim=200.0, ZDim=300.0)
    body = ifc.shape([ifc.block((9.0, 9.0, 9.0))])
    body.Representations = (*body.Representations, ifc.shape([item], name="Box", kind="BoundingBox").Representations[0])
    entity = ifc.product("IfcDoor", ifc.placement((1000.0, 0.0, 0.0), x=(0.0, 1.0, 0.0)), body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LADDERS, "boxes", LADDERS["fast"][-1:])
        result = meshed(ifc, tmp_path, entity, engine="boxes")
    box = result.meshes.feature_bounds()[entity.GlobalId]
    assert np.allclose(box, [[0.8, -0.5, 0.1], [1.0, 0.5, 0.4]], atol=1e-6)


def test_progress_ends_at_the_total_and_never_falls(data_dir: Path) -> None:
    path = data_dir / "ifc" / "building_architecture_ifc4.ifc"
    products = [Product(step_id=s, local_id=g, class_name=c, wants_mesh=w) for s, g, c, w in products_of(path)]
    seen: list[tuple[int, int]] = []
    mesh_products(path, products, cache_dir=None, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(products), len(products))
    assert seen == sorted(seen)


def test_misuse_is_refused(data_dir: Path) -> None:
    path = data_dir / "ifc" / "building_architecture_ifc4.ifc"
    product = Product(step_id=1, local_id="same", class_name="IfcWall", wants_mesh=True)
    with pytest.raises(ValueError, match="engine 'quick': one of fast, reference"):
        mesh_products(path, [product], cache_dir=None, engine="quick")
    with pytest.raises(ValueError, match="local ids"):
        mesh_products(path, [product, product], cache_dir=None)


def test_a_warm_cache_starts_no_worker_and_a_changed_list_does(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "ifc" / "building_architecture_ifc4.ifc"
    products = [Product(step_id=s, local_id=g, class_name=c, wants_mesh=w) for s, g, c, w in products_of(path)]
    cold = mesh_products(path, products, cache_dir=tmp_path)
    warm = mesh_products(path, products, cache_dir=tmp_path)
    assert (cold.worker_starts, warm.worker_starts) == (1, 0)
    assert warm.results == cold.results and list(warm.results) == list(cold.results)
    assert warm.issues == cold.issues
    assert warm.meshes.features == cold.meshes.features
    assert [m.digest for m in warm.meshes.meshes] == [m.digest for m in cold.meshes.meshes]
    assert np.array_equal(warm.meshes.part_matrix, cold.meshes.part_matrix)
    assert np.array_equal(warm.meshes.part_rgba, cold.meshes.part_rgba)
    assert mesh_products(path, products[:-1], cache_dir=tmp_path).worker_starts == 1
    assert mesh_products(path, products, cache_dir=tmp_path, budget_s=5.0).worker_starts == 1


@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_a_damaged_cache_entry_is_drawn_again(suffix: str, data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "ifc" / "geographic_referencing_utm_4x3.ifc"
    products = [Product(step_id=s, local_id=g, class_name=c, wants_mesh=w) for s, g, c, w in products_of(path)]
    whole = mesh_products(path, products, cache_dir=tmp_path)
    (entry,) = tmp_path.glob(f"*.{suffix}")
    entry.write_bytes(entry.read_bytes()[:-30])
    again = mesh_products(path, products, cache_dir=tmp_path)
    assert again.worker_starts == 1
    assert again.results == whole.results
    assert mesh_products(path, products, cache_dir=tmp_path).worker_starts == 0


def test_an_ifczip_is_read_like_its_content(data_dir: Path) -> None:
    path = data_dir / "ifc" / "zip" / "wall_instance.ifczip"
    products = [Product(step_id=s, local_id=g, class_name=c, wants_mesh=w) for s, g, c, w in products_of(path)]
    result = mesh_products(path, products, cache_dir=None)
    assert {line.engine for line in result.results.values() if line.outcome is Outcome.PLACED} == {"ifclite"}


def volume(corners: Any) -> float:
    """Signed volume of a triangle soup (m, 3, 3), cubic metres."""
    c = np.asarray(corners, dtype=np.float64)
    return float(np.einsum("ij,ij->", c[:, 0], np.cross(c[:, 1], c[:, 2]))) / 6
