"""One bad input for each finding code that no other test has reason to raise."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
from typer.testing import CliRunner

import cim
from bim import read_model
from spatial.issue import count_codes
from tests.bim.ifc_builder import IfcBuilder
from tests.cim.frames import frame_at
from tests.cim.test_cityjson import HERE, cube, write
from tests.twin.store.builder import NOW, SITE, new_revision, record, tower
from twin.cli.app import app
from twin.errors import Invalid, Refused
from twin.imports.originals import default_key
from twin.store import Store


def wall(tmp_path: Path, at: tuple[float, float, float] = (0, 0, 0)) -> Path:
    builder = IfcBuilder()
    builder.box("IfcWall", "wall", at, (4, 0.2, 3), builder.storey)
    return builder.write(tmp_path / "wall.ifc")


def test_a_model_far_from_its_own_zero(tmp_path: Path) -> None:
    assert count_codes(read_model(wall(tmp_path, (429_430.0, 2_886_950.0, 0.0)), "m").issues)["COORDINATES_LARGE"] == 1
    assert "COORDINATES_LARGE" not in count_codes(read_model(wall(tmp_path), "m").issues)


def test_an_element_without_a_global_id(tmp_path: Path) -> None:
    path = wall(tmp_path)
    path.write_text(re.sub(r"(IFCWALL\()'[^']+'", r"\1$", path.read_text()))
    model = read_model(path, "m")
    assert count_codes(model.issues)["GLOBALID_MISSING"] == 1
    (row,) = model.ledger
    assert re.fullmatch(r"step-\d+", row.local_id)


def test_text_in_no_code_page_we_know(tmp_path: Path) -> None:
    path = wall(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"'wall'", b"'\xff\xfe\x81\xff\x80'"))
    assert count_codes(read_model(path, "m").issues)["TEXT_ENCODING_UNKNOWN"] == 1


def test_a_face_without_area(tmp_path: Path) -> None:
    document = cube()
    document["CityObjects"]["b"]["geometry"][0]["boundaries"][0].append([[0, 1, 0]])
    layer = cim.read_city(write(tmp_path, document), "c", frame_at(*HERE))
    assert count_codes(layer.issues)["FACES_LOST"] == 1


def test_a_road_without_a_width(tmp_path: Path) -> None:
    line = shapely.LineString([(429430, 2886950), (429530, 2886950)])
    geopandas.GeoDataFrame({"name": ["东街"]}, geometry=[line], crs="EPSG:4549").to_file(tmp_path / "r.gpkg", layer="roads", driver="GPKG")
    layer = cim.read_city(tmp_path / "r.gpkg", "g", frame_at("EPSG:4549", 429430.0, 2886950.0))
    assert count_codes(layer.issues)["WIDTH_MISSING"] == 1


def test_an_id_that_two_sites_have(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'records.sqlite'}") as store:
        store.migrate()
        for code in ("PS", "OTHER"):
            store.add_site(replace(SITE, code=code), now=NOW)
            record(store, tower(), new_revision(site=code))
        with pytest.raises(Invalid) as refused:
            store.get_feature("tower:b", None)
    assert refused.value.code == "FEATURE_AMBIGUOUS"


def test_a_name_that_no_key_can_be_made_from() -> None:
    with pytest.raises(Refused) as refused:
        default_key(Path("主楼.ifc"))
    assert refused.value.code == "MODEL_KEY_MISSING"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["import", "bim", "absent.ifc", "--site", "s"], "FILE_NOT_FOUND"),
        (["tiles", "check"], "NO_TILES"),
        (["tiles", "build", "--site", "elsewhere"], "SITE_UNKNOWN"),
    ],
)
def test_a_command_that_is_refused(arguments: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_HOME", str(tmp_path))
    with Store.open(f"sqlite:///{tmp_path / 'records.sqlite'}") as store:
        store.migrate()
        store.add_site(replace(SITE, code="s"), now=NOW)
    done = CliRunner().invoke(app, [*arguments, "--json"])
    said: dict[str, Any] = json.loads(done.stdout)
    assert (done.exit_code, said["error"]["code"]) == (1, code)
    assert said["error"]["hint"]
