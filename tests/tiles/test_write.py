"""What is written is what was there: read back by code that knows nothing of the writer."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spatial.feature import Kind
from spatial.mesh import Mesh, MeshBuilder, flat_shaded
from spatial.scene import Layer, LayerKind
from tests.tiles.layers import CONCRETE, FRAME, GLASS, SITE, box, feature, matrix, sphere, terrain, toy_building, trees
from tests.tiles.reader import Glb, read_features, read_tiles
from tiles import LayerInvalid, check_tileset, read_manifest, write_layer

BIM_M, CITY_M = 0.0006, 0.02


def to_site(ecef: np.ndarray) -> np.ndarray:
    return np.asarray((ecef - FRAME.to_ecef[:3, 3]) @ FRAME.to_ecef[:3, :3])


def farthest(points: np.ndarray, others: np.ndarray) -> float:
    """The largest distance from a point to the nearest of the others."""
    return float(np.sqrt(((points[:, None] - others[None]) ** 2).sum(axis=2)).min(axis=1).max())


def vertices_by_feature(layer: Layer) -> dict[str, np.ndarray]:
    found: dict[str, list[np.ndarray]] = {}
    for part in range(layer.meshes.parts):
        found.setdefault(layer.meshes.features[layer.meshes.part_feature[part]], []).append(layer.meshes.part_vertices(part))
    return {name: np.concatenate(points) for name, points in found.items()}


@pytest.mark.parametrize(
    ("layer", "tolerance"), [(toy_building(), BIM_M), (trees(), CITY_M), (terrain(), CITY_M)], ids=["building", "city", "terrain"]
)
def test_every_vertex_comes_back_where_it_was_and_none_is_added(layer: Layer, tolerance: float, tmp_path: Path) -> None:
    write_layer(layer, FRAME.to_ecef, tmp_path)
    drawn = read_features(tmp_path)
    expected = vertices_by_feature(layer)
    assert drawn.keys() == expected.keys()
    for name, points in expected.items():
        got = to_site(drawn[name].ecef)
        assert len(got) == len(points)
        assert farthest(points, got) <= tolerance
        assert farthest(got, points) <= tolerance


def test_normals_point_where_they_pointed_on_batched_and_instanced_parts(tmp_path: Path) -> None:
    layer = toy_building()
    write_layer(layer, FRAME.to_ecef, tmp_path)
    drawn = read_features(tmp_path)
    for name in ("toy:chair1x7", "toy:window04"):
        feature_number = layer.meshes.features.index(name)
        points, normals = [], []
        for part in np.nonzero(layer.meshes.part_feature == feature_number)[0]:
            turn = layer.meshes.part_matrix[part][:3, :3]
            turn = turn / np.cbrt(np.linalg.det(turn))
            points.append(layer.meshes.part_vertices(part))
            normals.append(layer.meshes.meshes[layer.meshes.part_mesh[part]].normals @ turn.T)
        site_normals = drawn[name].ecef_normals @ FRAME.to_ecef[:3, :3]
        key = np.hstack([np.concatenate(points) * 100, np.concatenate(normals)])
        got = np.hstack([to_site(drawn[name].ecef) * 100, site_normals])
        assert farthest(key, got) < 0.1


def test_ids_are_the_features_with_parts_and_rows_say_who_they_are(tmp_path: Path) -> None:
    layer = toy_building()
    manifest = write_layer(layer, FRAME.to_ecef, tmp_path)
    drawn = read_features(tmp_path)
    assert set(drawn) == set(layer.meshes.features)
    assert manifest.features == len(drawn)
    chair = drawn["toy:chair2x5"].properties
    bounds = layer.meshes.feature_bounds()["toy:chair2x5"]
    assert chair.pop("z_min") == pytest.approx(bounds[0, 2], abs=1e-5)
    assert chair.pop("z_max") == pytest.approx(bounds[1, 2], abs=1e-5)
    assert chair == {
        "id": "toy:chair2x5",
        "global_id": "chair2x5",
        "class": "IfcFurniture",
        "name": "构件 chair2x5",
        "storey": "toy:s2",
        "space": "toy:room2",
        "kind": "element",
    }
    assert drawn["toy:mast"].properties["storey"] == ""


def test_repeated_meshes_are_instanced_and_turned_into_as_many_triangles(tmp_path: Path) -> None:
    layer = toy_building(storeys=1)
    manifest = write_layer(layer, FRAME.to_ecef, tmp_path)
    (furniture,) = [content for content in manifest.contents if content.group == "furnishing-and-equipment"]
    glb = Glb((tmp_path / f"{furniture.sha256}.glb").read_bytes())
    (node,) = glb.json["nodes"]
    assert len(glb.array(node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]["TRANSLATION"])) == 40
    assert sum(one.triangles for one in read_features(tmp_path).values()) == sum(
        len(layer.meshes.meshes[mesh].triangles) for mesh in layer.meshes.part_mesh
    )


def test_an_instance_lies_within_the_bounds_cesium_computes_from_accessors(tmp_path: Path) -> None:
    manifest = write_layer(trees(), FRAME.to_ecef, tmp_path)
    glb = Glb((tmp_path / f"{manifest.contents[0].sha256}.glb").read_bytes())
    for node in glb.json["nodes"]:
        attributes = node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]
        primitive = glb.json["meshes"][node["mesh"]]["primitives"][0]
        position = glb.json["accessors"][primitive["attributes"]["POSITION"]]
        translation = glb.json["accessors"][attributes["TRANSLATION"]]
        low = np.array(position["min"]) / 32767 + translation["min"]
        high = np.array(position["max"]) / 32767 + translation["max"]
        radius = np.linalg.norm(high - low) / 2
        put = {key: glb.array(index) for key, index in attributes.items()}
        farthest = np.linalg.norm(put["TRANSLATION"] - (low + high) / 2, axis=1) + put["SCALE"][:, 0] * np.sqrt(3)
        assert put["SCALE"].max() == 1.0
        assert farthest.max() <= radius + 1e-6


def test_feature_ids_are_uint16_with_a_stride_of_four_everywhere(tmp_path: Path) -> None:
    manifest = write_layer(toy_building(), FRAME.to_ecef, tmp_path)
    seen = 0
    for content in manifest.contents:
        glb = Glb((tmp_path / f"{content.sha256}.glb").read_bytes())
        owners = [p["attributes"] for m in glb.json["meshes"] for p in m["primitives"]]
        owners += [n["extensions"]["EXT_mesh_gpu_instancing"]["attributes"] for n in glb.json["nodes"] if "extensions" in n]
        for attributes in owners:
            for name, number in attributes.items():
                view = glb.json["bufferViews"][glb.json["accessors"][number]["bufferView"]]
                assert view["byteStride"] % 4 == 0
                if name == "_FEATURE_ID_0":
                    assert (glb.json["accessors"][number]["componentType"], view["byteStride"]) == (5123, 4)
                    seen += 1
    assert seen > 10


def test_compressed_views_follow_the_extension(tmp_path: Path) -> None:
    manifest = write_layer(trees(), FRAME.to_ecef, tmp_path)
    glb = Glb((tmp_path / f"{manifest.contents[0].sha256}.glb").read_bytes())
    stored, fallback = glb.json["buffers"]
    assert "uri" not in stored
    assert fallback["extensions"] == {"EXT_meshopt_compression": {"fallback": True}}
    assert {"EXT_meshopt_compression", "KHR_mesh_quantization", "EXT_mesh_gpu_instancing"} <= set(glb.json["extensionsRequired"])
    for view in glb.json["bufferViews"]:
        packed = view.get("extensions", {}).get("EXT_meshopt_compression")
        if packed is None:
            assert (view["buffer"], (view["byteOffset"] + glb.bin_offset) % 8) == (0, 0)
        elif packed["mode"] == "ATTRIBUTES":
            assert glb.bin[packed["byteOffset"]] == 0xA0
            assert view["byteOffset"] + view["byteLength"] <= fallback["byteLength"]


def test_a_wall_too_long_for_half_a_millimetre_keeps_its_place_without_a_grid(tmp_path: Path) -> None:
    layer = toy_building(storeys=1)
    write_layer(layer, FRAME.to_ecef, tmp_path)
    kinds = set()
    for path in tmp_path.glob("*.glb"):
        glb = Glb(path.read_bytes())
        for node in glb.json["nodes"]:
            number = glb.json["meshes"][node["mesh"]]["primitives"][0]["attributes"]["POSITION"]
            kinds.add(glb.json["accessors"][number]["componentType"])
            if glb.json["accessors"][number]["componentType"] == 5122:
                assert 2 * node["scale"][0] / 65534 <= 0.0005
    assert kinds == {5122, 5126}


def test_glass_stays_glass_and_solids_show_one_side(tmp_path: Path) -> None:
    write_layer(toy_building(storeys=1), FRAME.to_ecef, tmp_path)
    materials = [material for path in sorted(tmp_path.glob("*.glb")) for material in Glb(path.read_bytes()).json["materials"]]
    glass = [m for m in materials if m["pbrMetallicRoughness"]["baseColorFactor"][3] == pytest.approx(GLASS[3] / 255, abs=1e-5)]
    assert glass
    assert all(m["alphaMode"] == "BLEND" and m["doubleSided"] and m["pbrMetallicRoughness"]["roughnessFactor"] < 0.3 for m in glass)
    solids = [m for m in materials if m["pbrMetallicRoughness"]["baseColorFactor"][3] == 1]
    assert solids
    assert not any("alphaMode" in m or "doubleSided" in m for m in solids)
    linear = ((CONCRETE[0] / 255 + 0.055) / 1.055) ** 2.4
    assert any(m["pbrMetallicRoughness"]["baseColorFactor"][0] == pytest.approx(linear, abs=1e-4) for m in solids)


@pytest.mark.parametrize("drop", [(0,), (0, 1), (4, 5)], ids=["one triangle", "the floor", "one side"])
def test_an_open_mesh_shows_both_sides(drop: tuple[int, ...], tmp_path: Path) -> None:
    vertices, triangles = box((0, 0, 0), (3, 2, 1))
    builder = MeshBuilder()
    builder.add("toy:a", vertices, np.delete(triangles, drop, axis=0), CONCRETE, matrix(5, 5, 0))
    layer = Layer(
        key="a", kind=LayerKind.BUILDING, name="a", revision="1", features=(feature("a", Kind.ELEMENT, "IfcWall"),), meshes=builder.build()
    )
    manifest = write_layer(layer, FRAME.to_ecef, tmp_path)
    (material,) = Glb((tmp_path / f"{manifest.contents[0].sha256}.glb").read_bytes()).json["materials"]
    assert material["doubleSided"] is True


def test_a_tube_without_caps_is_open_though_its_area_vectors_cancel(tmp_path: Path) -> None:
    vertices, triangles = box((0, 0, 0), (3, 2, 1))
    builder = MeshBuilder()
    builder.add("toy:a", vertices, np.delete(triangles, (0, 1, 2, 3), axis=0), CONCRETE)
    layer = Layer(
        key="a", kind=LayerKind.BUILDING, name="a", revision="1", features=(feature("a", Kind.ELEMENT, "IfcWall"),), meshes=builder.build()
    )
    manifest = write_layer(layer, FRAME.to_ecef, tmp_path)
    (material,) = Glb((tmp_path / f"{manifest.contents[0].sha256}.glb").read_bytes()).json["materials"]
    assert material["doubleSided"] is True


@pytest.mark.parametrize("linear", [np.diag([2.0, 1.0, 0.5]), np.diag([-1.0, 1.0, 1.0])], ids=["stretched", "mirrored"])
def test_what_is_no_similarity_is_baked_and_still_faces_outwards(linear: np.ndarray, tmp_path: Path) -> None:
    builder, features, ball = MeshBuilder(), [], flat_shaded(*sphere(0.5))
    for number in range(40):
        put = matrix(3.0 * number % 20, 3.0 * (number // 7), 0)
        put[:3, :3] = linear
        features.append(feature(f"c{number}", Kind.ELEMENT, "IfcFurniture"))
        builder.add_mesh(f"toy:c{number}", ball, CONCRETE, put)
    layer = Layer(key="a", kind=LayerKind.BUILDING, name="a", revision="1", features=tuple(features), meshes=builder.build())
    manifest = write_layer(layer, FRAME.to_ecef, tmp_path)
    glb = Glb((tmp_path / f"{manifest.contents[0].sha256}.glb").read_bytes())
    assert "EXT_mesh_gpu_instancing" not in glb.json["extensionsUsed"]
    primitive = glb.json["meshes"][0]["primitives"][0]
    points, normals = glb.array(primitive["attributes"]["POSITION"]), glb.array(primitive["attributes"]["NORMAL"])
    corners = points[glb.array(primitive["indices"]).reshape(-1, 3)]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    told = normals[glb.array(primitive["indices"]).reshape(-1, 3)[:, 0]]
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    assert (np.einsum("ij,ij->i", faces, told) > 0.99).all()
    for name, expected in vertices_by_feature(layer).items():
        assert farthest(expected, to_site(read_features(tmp_path)[name].ecef)) <= BIM_M
        break


def test_the_same_layer_twice_gives_the_same_bytes_and_nothing_stale_stays(tmp_path: Path) -> None:
    layer = toy_building()
    write_layer(toy_building(storeys=2), FRAME.to_ecef, tmp_path / "a")
    write_layer(layer, FRAME.to_ecef, tmp_path / "a")
    write_layer(layer, FRAME.to_ecef, tmp_path / "b")
    files = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in (tmp_path / "a", tmp_path / "b")]
    assert files[0] == files[1]
    for name, data in files[0].items():
        if name.endswith(".glb"):
            assert name == hashlib.sha256(data).hexdigest() + ".glb"
            assert gzip.decompress(files[0][name + ".gz"]) == data
            assert files[0][name + ".gz"][4:8] == bytes(4), "no time in it"
    assert read_manifest(tmp_path / "a").served_bytes == sum(len(data) for name, data in files[0].items() if name.endswith(".gz"))


def test_rooms_furniture_and_fabric_are_contents_of_their_own_in_each_storey(tmp_path: Path) -> None:
    manifest = write_layer(toy_building(), FRAME.to_ecef, tmp_path)
    places = sorted((content.storey, content.group) for content in manifest.contents)
    groups = ["fabric", "furnishing-and-equipment", "spaces"]
    assert places == [("", "fabric")] + [(f"toy:s{level}", group) for level in range(3) for group in groups]


def test_a_table_never_reaches_8192_rows(tmp_path: Path) -> None:
    builder, features = MeshBuilder(), []
    cube = flat_shaded(*box((0, 0, 0), (0.5, 0.5, 0.5)))
    for number in range(8300):
        features.append(feature(str(number), Kind.ELEMENT, "IfcWall"))
        builder.add_mesh(f"toy:{number}", cube, CONCRETE, matrix(number % 100, number // 100, 0))
    layer = Layer(key="m", kind=LayerKind.BUILDING, name="m", revision="1", features=tuple(features), meshes=builder.build())
    manifest = write_layer(layer, FRAME.to_ecef, tmp_path)
    assert sorted(content.features for content in manifest.contents) == [4150, 4150]
    assert check_tileset(tmp_path, expected_ids={str(one.id) for one in features}, site=SITE) == []


def test_a_big_city_is_cut_into_a_quadtree_that_loses_nothing(tmp_path: Path) -> None:
    layer = trees(4500)
    manifest = write_layer(layer, FRAME.to_ecef, tmp_path)
    assert {len(content.cell) for content in manifest.contents} == {1}
    assert manifest.features == 4500
    assert check_tileset(tmp_path, expected_ids=set(layer.meshes.features), site=SITE) == []
    assert len([tile for tile in read_tiles(tmp_path) if "content" in tile]) == len(manifest.contents)


def test_boxes_hold_what_a_client_draws_and_little_more_even_far_from_the_origin(tmp_path: Path) -> None:
    ball, rng = flat_shaded(*sphere(0.2)), np.random.default_rng(3)
    slack = []
    for trial in range(25):
        builder, features = MeshBuilder(), []
        for number in range(9):
            features.append(feature(f"c{number}", Kind.ELEMENT, "IfcFurniture"))
            builder.add_mesh(f"toy:c{number}", ball, CONCRETE, matrix(*rng.uniform(-1500, 1500, 3)))
        layer = Layer(key="a", kind=LayerKind.BUILDING, name="a", revision="1", features=tuple(features), meshes=builder.build())
        manifest = write_layer(layer, FRAME.to_ecef, tmp_path / str(trial))
        box = np.array(manifest.contents[0].box).reshape(2, 3)
        points = np.concatenate([to_site(one.ecef) for one in read_features(tmp_path / str(trial)).values()]) - np.array(manifest.origin)
        slack += [points.min(axis=0) - box[0], box[1] - points.max(axis=0)]
    assert np.min(slack) >= -2e-9
    assert np.max(slack) <= 0.001


def test_a_layer_without_meshes_becomes_an_empty_tileset(tmp_path: Path) -> None:
    layer = replace(toy_building(), meshes=MeshBuilder().build())
    manifest = write_layer(layer, FRAME.to_ecef, tmp_path)
    assert (manifest.features, manifest.contents, manifest.z_range) == (0, (), None)
    assert check_tileset(tmp_path, expected_ids=set(), site=SITE) == []


def test_a_mesh_of_nobody_is_refused(tmp_path: Path) -> None:
    layer = toy_building()
    with pytest.raises(LayerInvalid, match="toy:mast"):
        write_layer(replace(layer, features=layer.features[:-1]), FRAME.to_ecef, tmp_path)


@pytest.mark.parametrize("copies", [1, 60], ids=["batched", "instanced"])
def test_tints_come_back_at_their_vertices_and_only_where_there_are_any(copies: int, tmp_path: Path) -> None:
    ball = flat_shaded(*sphere(1.0))
    heights = np.clip(ball.vertices[:, 2] * 100 + 128, 0, 255).astype(np.uint8)
    tinted = Mesh(ball.vertices, ball.normals, ball.triangles, "tinted", np.repeat(heights[:, None], 3, axis=1))
    layer = trees(2)
    builder = MeshBuilder()
    for number in range(copies):
        builder.add_mesh("city:tree0", tinted, (*GLASS[:3], 255), matrix(10.0 * number, 0, 0))
    builder.add_mesh("city:tree1", flat_shaded(*box((0, 0, 0), (1, 2, 3))), CONCRETE, matrix(0, 50, 0))
    write_layer(replace(layer, meshes=builder.build()), FRAME.to_ecef, tmp_path)
    seen = 0
    for path in tmp_path.glob("*.glb"):
        glb = Glb(path.read_bytes())
        for mesh in glb.json["meshes"]:
            (primitive,) = mesh["primitives"]
            plain = len(glb.array(primitive["attributes"]["POSITION"])) == 24
            assert ("COLOR_0" in primitive["attributes"]) is not plain
            if plain:
                continue
            up = glb.array(primitive["attributes"]["POSITION"])[:, 1 if copies == 1 else 2]
            colours = glb.array(primitive["attributes"]["COLOR_0"])
            assert colours == pytest.approx(np.repeat((up * 100 + 128)[:, None] / 255, 3, axis=1), abs=1 / 255)
            seen += len(up)
    assert seen == len(ball.vertices)
