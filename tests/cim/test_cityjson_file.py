"""The text of CityJSON files: sequences, ids that occur twice, references to nothing, structure that is not the standard's."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cim
from cim.cityjson_file import is_cityjson
from spatial.errors import SpatialError
from spatial.issue import count_codes
from tests.cim.city_models import HERE, cube, faces, lines, write
from tests.cim.frames import frame_at

FRAME = frame_at(*HERE, height=30.0)


def read(path: Path) -> cim.CityLayer:
    return cim.read_city(path, "c", FRAME)


def feature(name: str, east: int, **members: Any) -> dict[str, Any]:
    whole = cube()
    moved = [[x + east, y, z] for x, y, z in whole["vertices"]]
    return {"type": "CityJSONFeature", "id": name, "CityObjects": {name: {**whole["CityObjects"]["b"], **members}}, "vertices": moved}


def head() -> dict[str, Any]:
    return cube(CityObjects={}, vertices=[])


def test_every_line_of_a_sequence_has_its_own_vertices(tmp_path: Path) -> None:
    layer = read(lines(tmp_path, head(), feature("a", 0), feature("b", 20_000)))
    boxes = layer.meshes.feature_bounds()
    assert boxes["c:b"][0, 0] - boxes["c:a"][0, 0] == pytest.approx(20.0, abs=0.01)


def test_a_line_separator_inside_a_name_ends_no_line(tmp_path: Path) -> None:
    layer = read(lines(tmp_path, head(), feature("a", 0, attributes={"name": "东\u2028楼\x85"})))
    assert layer.features[0].name == "东\u2028楼\x85"


def test_an_id_in_two_lines_is_two_objects(tmp_path: Path) -> None:
    part = {"type": "BuildingPart", "parents": ["a"]}
    second = feature("a", 20_000, children=["p"])
    second["CityObjects"]["p"] = part
    first = feature("a", 0, children=["p"])
    first["CityObjects"]["p"] = part
    layer = read(lines(tmp_path, head(), first, second))
    assert [row.local_id for row in layer.ledger] == ["a", "p", "a~2", "p~2"]
    assert {f.id: f.parent for f in layer.features} == {"c:a": None, "c:p": "c:a", "c:a~2": None, "c:p~2": "c:a~2"}
    assert count_codes(layer.issues) == {"ROW_ID_DUPLICATE": 2}
    boxes = layer.meshes.feature_bounds()
    assert boxes["c:a~2"][0, 0] - boxes["c:a"][0, 0] == pytest.approx(20.0, abs=0.01)


def test_an_id_twice_in_one_object_is_two_objects(tmp_path: Path) -> None:
    text = json.dumps(cube()).replace('"CityObjects": {', '"CityObjects": {"b": {"type": "Building"}, ')
    (tmp_path / "twice.city.json").write_text(text)
    layer = read(tmp_path / "twice.city.json")
    assert [(row.local_id, row.outcome) for row in layer.ledger] == [("b", "without_geometry"), ("b~2", "placed")]
    assert count_codes(layer.issues) == {"ROW_ID_DUPLICATE": 1}


def test_a_vertex_of_no_place_costs_only_the_objects_that_use_it(tmp_path: Path) -> None:
    document = cube()
    document["vertices"] += [[10**15, 0, 0], [0, 0, 10**12]]
    document["CityObjects"]["far"] = {
        "type": "Building",
        "geometry": [{"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 8]]]}],
    }
    layer = read(write(tmp_path, document))
    assert {row.local_id: row.outcome for row in layer.ledger} == {"b": "placed", "far": "failed"}
    assert count_codes(layer.issues) == {"GEOMETRY_EMPTY": 1}


def test_a_reference_to_nothing_is_found(tmp_path: Path) -> None:
    document = cube()
    document["CityObjects"]["b"] |= {"children": ["gone"], "parents": ["away"]}
    layer = read(write(tmp_path, document))
    assert count_codes(layer.issues) == {"REFERENCE_MISSING": 2}
    assert layer.features[0].parent is None


def test_a_group_is_above_its_members_but_makes_no_family(tmp_path: Path) -> None:
    document = cube()
    document["CityObjects"]["p"] = {**document["CityObjects"]["b"], "type": "BuildingPart", "parents": ["g", "b"]}
    document["CityObjects"]["b"]["children"] = ["p"]
    document["CityObjects"] = {"g": {"type": "CityObjectGroup", "children": ["b", "p"]}, **document["CityObjects"]}
    by_id = {feature.id: feature for feature in read(write(tmp_path, document)).features}
    assert {name: feature.parent for name, feature in by_id.items()} == {"c:b": "c:g", "c:p": "c:b", "c:g": None}
    assert {name: feature.building for name, feature in by_id.items()} == {"c:b": None, "c:p": "c:b", "c:g": None}
    assert by_id["c:p"].properties["members"] == {"parents": ["g", "b"]}


def test_materials_and_textures_are_counted_and_never_fetched(tmp_path: Path) -> None:
    document = cube(appearance={"textures": [{"type": "PNG", "image": "https://example.org/a.png"}], "materials": [{"name": "m"}, {}]})
    (issue,) = read(write(tmp_path, document)).issues
    assert issue.code == "APPEARANCE_UNUSED"
    assert "2 materials and 1 textures" in issue.message


def test_extensions_keep_their_members(tmp_path: Path) -> None:
    document = cube(extensions={"Noise": {"url": "https://example.org/noise.json", "version": "1.0"}})
    document["CityObjects"]["b"] |= {"type": "+NoiseBuilding", "+noise": {"db": 61}, "attributes": {"+level": 3, "层数": None}}
    (feature_,) = read(write(tmp_path, document)).features
    assert feature_.class_name == "+NoiseBuilding"
    assert feature_.properties["members"] == {"+noise": {"db": 61}}
    assert feature_.properties["attributes"] == {"+level": 3, "层数": None}


@pytest.mark.parametrize(
    "change",
    [
        {"transform": {"scale": [0.001, 0.001], "translate": [0, 0, 0]}},
        {"transform": {"scale": [0, 0, 0], "translate": [0, 0, 0]}},
        {"vertices": [[1, 2]]},
        {"vertices": [["a", "b", "c"]]},
        {"CityObjects": [1]},
        {"CityObjects": {"b": {"geometry": []}}},
        {"CityObjects": {"b": {"type": "Building", "geometry": ["x"]}}},
        {"CityObjects": {"b": {"type": "Building", "attributes": "x"}}},
        {"CityObjects": {"b": {"type": "Building", "children": [[1]]}}},
        {"geometry-templates": {"templates": ["x"]}},
        {"type": "FeatureCollection"},
    ],
)
def test_a_structure_that_is_not_the_standards_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(cim.CityFileInvalid) as refused:
        read(write(tmp_path, cube(**change)))
    assert refused.value.hint
    assert "made.city.json" in str(refused.value)


def test_a_sequence_cut_short_and_a_file_in_another_encoding_are_refused(tmp_path: Path) -> None:
    path = lines(tmp_path, head(), feature("a", 0))
    path.write_text(path.read_text()[:-80])
    with pytest.raises(cim.CityFileInvalid, match="not JSON"):
        read(path)
    path.write_bytes(json.dumps(cube(metadata={"title": "城"}), ensure_ascii=False).encode("gbk"))
    with pytest.raises(cim.CityFileInvalid, match="UTF-8"):
        read(path)


@pytest.mark.parametrize(("name", "is_one"), [("model.json", True), ("model.txt", True), ("plain.json", False)])
def test_a_file_is_known_by_its_content(tmp_path: Path, name: str, is_one: bool) -> None:
    path = write(tmp_path, cube() if is_one else {"type": "FeatureCollection", "features": []}, name)
    assert is_cityjson(path) is is_one


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a JSON document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield (*path, key)
        yield from places(below, (*path, key))


def test_a_wrong_value_anywhere_is_refused_or_fails_its_object_and_the_ledger_agrees_with_the_meshes(tmp_path: Path) -> None:
    document = cube()
    shell = faces(document)
    document["geometry-templates"] = {
        "templates": [{"type": "Solid", "lod": "3", "boundaries": [shell]}],
        "vertices-templates": [[0, 0, 0]] * 8,
    }
    instance = {"type": "GeometryInstance", "template": 0, "boundaries": [1], "transformationMatrix": [1, 0, 0, 0] * 4}
    document["CityObjects"] |= {
        "p": {"type": "BuildingPart", "parents": ["b"], "geometry": [{"type": "MultiSurface", "lod": "2", "boundaries": shell}]},
        "t": {"type": "CityFurniture", "attributes": {"name": "t"}, "geometry": [instance]},
    }
    rng, wrong = random.Random(7), [None, [], {}, "x", -1, 99, 1e30, True, [[]], {"a": 1}]
    refused = 0
    for place in rng.sample(list(places(document)), 150):
        broken = json.loads(json.dumps(document))
        inner = broken
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = rng.choice(wrong)
        try:
            layer = read(write(tmp_path, broken))
        except SpatialError as error:
            refused += 1
            assert str(error)
            continue
        assert set(layer.meshes.features) == {f"c:{row.local_id}" for row in layer.ledger if row.outcome == "placed"}
        assert all(row.reason for row in layer.ledger if row.outcome == "failed")
    assert 0 < refused < 150
