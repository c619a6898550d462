"""Buildings that registers alone know stand where their coordinates say, if the datum is stated, with all that is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatial.datum_shift import wgs84_to_gcj02
from spatial.frame import SiteFrame
from tests.twin.imports.tie.test_revision import LATER, Tower
from tests.twin.moulds import Cast
from tests.twin.queries.town import FixedRegisters
from tests.twin.store.builder import SITE
from twin.codes import get_kind
from twin.queries.records.dossier import record_dossier
from twin.records.scope import Reader
from twin.store import Store

LON, LAT = 119.2996, 26.0896
HEADER = "楼栋编码,楼栋名称,院区,经度,纬度,坐标系,建筑面积,地上层数"


@pytest.fixture
def tied(cast: Cast) -> Tower:
    """The tower, and buildings without a model: within the site, in another compound, far away, and wrong ones."""
    return cast(tower_and_others)


def tower_and_others(store: Store, folder: Path) -> Tower:
    tower = Tower(store, folder)
    gcj = wgs84_to_gcj02([(LON, LAT)])[0]
    tower.take(
        "building",
        HEADER,
        [
            "B1,主楼,,,,,,",
            f"N1,东配楼,,{LON},{LAT},CGCS2000,800,4",
            f"N2,西配楼,{SITE.name},{gcj[0]:.9f},{gcj[1]:.9f},GCJ-02,,",
            f"N3,湖东办公楼,湖东大院,{LON},{LAT},WGS84,,",
            "N4,莆田楼,,119.0077,25.4540,WGS84,,",
            f"X1,无坐标系楼,,{LON},{LAT},,,",
            f"X2,半楼,,{LON},,WGS84,,",
            f"X3,反楼,,{LAT},{LON},WGS84,,",
            f"X4,远楼,{SITE.name},118.1,24.5,WGS84,,",
        ],
        now=LATER,
    )
    names = ("东配楼", "西配楼", "湖东办公楼", "莆田楼", "无坐标系楼")
    cards = [f"C{number},办公桌,,{name}," for number, name in enumerate(names, 1)]
    tower.take("asset", "资产编号,资产名称,标签号,楼栋,存放地点", cards, now=LATER)
    return tower


def placed(tied: Tower) -> dict[str, tuple[Any, ...]]:
    rows = tied.ask("select key, place_method, x_m, y_m, z_m, accuracy_m, place_reason from asset where key like 'C%'")
    return {row[0]: row[1:] for row in rows}


def test_assets_stand_at_their_building_where_its_register_says(tied: Tower) -> None:
    found = placed(tied)
    expected = SiteFrame.of(SITE).from_lon_lat_height([[LON, LAT, SITE.height_m]])[0]
    assert [found[f"C{number}"][0] for number in range(1, 6)] == ["building"] * 4 + ["none"]
    assert found["C1"][1:4] == pytest.approx(expected, abs=1e-6)
    assert np.hypot(*np.subtract(found["C2"][1:3], expected[:2])) < 1e-3  # the map's offset is undone
    assert (found["C1"][4], found["C2"][4]) == (pytest.approx(10.0), None)  # half the diagonal of 200 m²; unknown
    for code in ("C3", "C4"):  # another compound, another city: no coordinates of this site
        assert found[code][1:] == (None, None, None, None, "room_not_stated")
    assert found["C5"][1:] == (None, None, None, None, "place_without_position")


def test_what_states_no_datum_or_no_place_is_told_and_what_height_was_assumed(tied: Tower) -> None:
    keys = dict(tied.ask("select record_id, key from building"))
    rows = tied.ask("select code, record_id, subject from work_item where state = 'open' and code like 'BUILDING%'")
    assert {(code, keys.get(record, subject)) for code, record, subject in rows} == {
        ("BUILDING_DATUM_UNSTATED", "X1"),
        ("BUILDING_COORDINATES_INVALID", "X2"),
        ("BUILDING_COORDINATES_INVALID", "X3"),
        ("BUILDING_COORDINATES_INVALID", "X4"),
        ("BUILDING_HEIGHT_ASSUMED", "PS"),
    }
    tied.take("building", HEADER, ["B1,主楼,,,,,,", f"X1,无坐标系楼,,{LON},{LAT},WGS84,,"], now=LATER.replace(hour=11))
    assert placed(tied)["C5"][0] == "building"
    assert "BUILDING_DATUM_UNSTATED" not in {code for code, *_ in tied.ask("select code from work_item where state = 'open'")}


def test_a_dossier_says_degrees_where_the_site_has_no_coordinates(tied: Tower, tmp_path: Path) -> None:
    registers = FixedRegisters.of(tied.store, tmp_path / "columns")

    def place(kind: str, key: str) -> dict[str, Any]:
        return dict(record_dossier(registers, get_kind(kind), key, Reader(name="t"), as_of=None, known_at=None)["place"])

    assert place("asset", "C4")["lon_lat"] == [119.0077, 25.454]
    assert place("building", "N2")["lon_lat"] == pytest.approx([LON, LAT], abs=1e-8)
    assert "lon_lat" not in place("asset", "C5") | place("asset", "A1")
    assert [step["kind"] for step in place("asset", "C1")["path"]] == ["everything", "site", "building"]
    assert [step["kind"] for step in place("asset", "C3")["path"]] == ["everything", "building"]
