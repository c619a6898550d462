"""A file is refused or repaired with a finding; nothing is lost without a word."""

import zipfile
from pathlib import Path

import pytest

from bim import BimError, IfcEntitiesLost, IfcHeaderInvalid, IfcSchemaUnsupported, IfcTruncated, IfcUnitUnknown, read_model
from bim.encoding import repair_text
from bim.read import open_ifc
from spatial.issue import count_codes
from tests.bim.ifc_builder import IfcBuilder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    builder = IfcBuilder()
    builder.box("IfcWall", "wall", (0, 0, 0), (4, 0.2, 3), builder.storey)
    return builder.write(tmp_path / "small.ifc")


def _refused(path: Path, error: type[BimError], code: str) -> BimError:
    with pytest.raises(error) as caught, open_ifc(path):
        pass
    assert caught.value.code == code
    assert caught.value.hint
    assert path.name in caught.value.message
    return caught.value


def test_a_file_cut_in_half_is_refused(small: Path) -> None:
    small.write_bytes(small.read_bytes()[: small.stat().st_size // 2])
    _refused(small, IfcTruncated, "IFC_TRUNCATED")


def test_the_closing_line_inside_a_text_does_not_count(small: Path) -> None:
    text = small.read_text().replace("END-ISO-10303-21;", "").replace("'wall'", "'END-ISO-10303-21;'")
    small.write_text(text)
    _refused(small, IfcTruncated, "IFC_TRUNCATED")


def test_a_stray_comment_that_swallows_entities_is_refused(data_dir: Path) -> None:
    error = _refused(data_dir / "ifc/broken/errorfile.ifc", IfcEntitiesLost, "IFC_ENTITIES_LOST")
    assert isinstance(error, IfcEntitiesLost)
    assert (error.defined, error.loaded) == (6184, 7)


def test_a_number_used_twice_is_refused(small: Path) -> None:
    small.write_text(small.read_text().replace("ENDSEC;\nEND-ISO", "#1=IFCDIRECTION((1.,0.,0.));\nENDSEC;\nEND-ISO"))
    _refused(small, IfcEntitiesLost, "IFC_ENTITIES_LOST")


def test_a_file_without_a_header_is_refused(data_dir: Path) -> None:
    _refused(data_dir / "ifc/broken/invalid.ifc", IfcHeaderInvalid, "IFC_HEADER_INVALID")


def test_an_interim_schema_is_refused_by_name(data_dir: Path) -> None:
    error = _refused(data_dir / "ifc/georef_compound_epsg_mapconversion_4x3.ifc", IfcSchemaUnsupported, "IFC_SCHEMA_UNSUPPORTED")
    assert isinstance(error, IfcSchemaUnsupported)
    assert error.schema == "IFC4X3_ADD1"


def test_a_project_without_a_length_unit_is_refused(tmp_path: Path) -> None:
    path = IfcBuilder(unit=None).write(tmp_path / "no_unit.ifc")
    with pytest.raises(IfcUnitUnknown) as caught:
        read_model(path, "m")
    assert caught.value.code == "IFC_UNIT_UNKNOWN"


def test_a_reference_to_nothing_is_found_and_its_element_fails(data_dir: Path) -> None:
    model = read_model(data_dir / "ifc/broken/missing-placement.ifc", "m")
    assert count_codes(model.issues)["REFERENCE_MISSING"] >= 1
    assert [(row.outcome, bool(row.reason)) for row in model.ledger] == [("failed", True)]


def test_a_placement_relative_to_itself_is_found_and_ends(data_dir: Path) -> None:
    model = read_model(data_dir / "ifc/broken/cyclic-placement.ifc", "m")
    assert count_codes(model.issues)["PLACEMENT_CYCLIC"] == 1
    assert [row.outcome for row in model.ledger] == ["failed"]


def test_an_ifczip_is_read_like_the_file_in_it(data_dir: Path) -> None:
    model = read_model(data_dir / "ifc/zip/wall_instance.ifczip", "m")
    assert [(row.class_name, row.outcome) for row in model.ledger] == [("IfcWall", "placed")]
    assert model.file == "wall_instance.ifczip"


def test_an_archive_of_two_models_is_refused(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.ifczip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(small, "a.ifc")
        archive.write(small, "b.ifc")
    _refused(path, IfcHeaderInvalid, "IFC_HEADER_INVALID")


def test_shift_jis_names_are_repaired_with_a_finding(data_dir: Path) -> None:
    right = ["1階", "2階", "屋根"]
    with open_ifc(data_dir / "ifc/encoding/ac16_sjis.ifc") as opened:
        assert [storey.Name for storey in opened.ifc.by_type("IfcBuildingStorey")] == right
        assert count_codes(opened.issues) == {"TEXT_ENCODING_REPAIRED": 1}
    with open_ifc(data_dir / "ifc/encoding/revit2013_unicode.ifc") as opened:
        assert [storey.Name for storey in opened.ifc.by_type("IfcBuildingStorey")] == right
        assert opened.issues == ()


@pytest.mark.parametrize("codec", ["gb18030", "utf-8"])
def test_raw_chinese_bytes_are_read_as_chinese(small: Path, codec: str) -> None:
    small.write_bytes(small.read_bytes().replace(b"'wall'", "'会议室隔墙'".encode(codec)))
    model = read_model(small, "m")
    assert "会议室隔墙" in {feature.name for feature in model.features}
    assert count_codes(model.issues)["TEXT_ENCODING_REPAIRED"] == 1


def test_european_escapes_stay_as_the_standard_has_them() -> None:
    text = rb"#1=IFCLABEL('K\S\|che, B\X\FCro, \X2\4F1A8BAE5BA4\X0\');"
    assert repair_text(text).text == text
    assert repair_text(text).codec is None


def test_a_text_in_mixed_escapes_and_quotes_survives_repair() -> None:
    gbk = "门'口".encode("gb18030").replace(b"'", b"''")
    repaired = repair_text(b"#1=IFCLABEL('" + gbk + rb" \X2\4F1A\X0\ C:\\x');")
    assert repaired.codec == "gb18030"
    assert repaired.text == rb"#1=IFCLABEL('\X2\95E8\X0\''\X2\53E3\X0\ \X2\4F1A\X0\ C:\\x');"


def test_equal_global_ids_are_numbered_in_the_order_of_the_text(tmp_path: Path) -> None:
    builder = IfcBuilder()
    for index in range(3):
        builder.box("IfcWall", f"w{index}", (index * 5, 0, 0), (4, 0.2, 3), builder.storey, GlobalId="2O2Fr$t4X7Zf8NOew3FNr2")
    lines = builder.ifc.to_string().splitlines()
    walls = [line for line in lines if "IFCWALL(" in line]
    text = "\n".join(line for line in lines if line not in walls)
    path = tmp_path / "twins.ifc"
    path.write_text(text.replace("ENDSEC;\nEND-ISO", "\n".join(reversed(walls)) + "\nENDSEC;\nEND-ISO"))
    model = read_model(path, "m")
    names = {feature.id: feature.name for feature in model.features if feature.class_name == "IfcWall"}
    assert names == {"m:2O2Fr$t4X7Zf8NOew3FNr2": "w2", "m:2O2Fr$t4X7Zf8NOew3FNr2~2": "w1", "m:2O2Fr$t4X7Zf8NOew3FNr2~3": "w0"}
    assert count_codes(model.issues)["GLOBALID_DUPLICATE"] == 2
    assert set(model.meshes.features) == set(names)


def test_duplicates_in_a_real_file_are_all_kept(data_dir: Path) -> None:
    model = read_model(data_dir / "ifc/broken/double_guids.ifc", "m")
    assert count_codes(model.issues)["GLOBALID_DUPLICATE"] == 2
    assert len(model.ledger) == 15
    assert len({row.local_id for row in model.ledger}) == 15


def test_a_file_without_products_says_so(tmp_path: Path) -> None:
    builder = IfcBuilder()
    for product in [*builder.ifc.by_type("IfcRelAggregates"), *builder.ifc.by_type("IfcProduct")]:
        builder.ifc.remove(product)
    model = read_model(builder.write(tmp_path / "empty.ifc"), "m")
    assert count_codes(model.issues) == {"IFC_NO_PRODUCTS": 1}
    assert model.corners().shape == (0, 3)


@pytest.mark.parametrize(("unit", "metres"), [("m", 1.0), ("mm", 0.001), ("ft", 0.3048)])
def test_units_become_metres_in_geometry_and_attributes(unit: str, metres: float, tmp_path: Path) -> None:
    builder = IfcBuilder(unit=unit)
    builder.box("IfcDoor", "door", (10, 20, 0), (1.2, 0.1, 2.1), builder.storey, OverallHeight=2.1 / metres, OverallWidth=1.2 / metres)
    model = read_model(builder.write(tmp_path / "unit.ifc"), "m")
    assert model.length_unit_m == pytest.approx(metres)
    door = next(feature for feature in model.features if feature.class_name == "IfcDoor")
    assert door.properties["attributes"]["overall_height_m"] == pytest.approx(2.1)
    assert model.corners().min(axis=0) == pytest.approx([10, 20, 0], abs=1e-5)
    assert model.corners().max(axis=0) == pytest.approx([11.2, 20.1, 2.1], abs=1e-5)
