"""A layer of a GeoPackage, as GDAL writes it, is a ledger of zones: attributes by their headers, geometry with its CRS."""

import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas
import pyarrow as pa
import pytest
import shapely

from twin.codes import get_kind
from twin.ledgers import read_ledger
from twin.ledgers.errors import LedgerUnreadable

SQUARE = shapely.box(429430, 2886950, 429450, 2886970)


def written(path: Path, *layers: str, crs: str = "EPSG:4549") -> Path:
    for layer in layers:
        frame = geopandas.GeoDataFrame(
            {"区域编号": ["Z1", "Z2"], "地上高度": [3.0, 4.5], "备注": ["甲", None]}, geometry=[SQUARE, shapely.Polygon()], crs=crs
        )
        frame.to_file(path, layer=layer, driver="GPKG")
    return path


def rows(path: Path, mapping: Path | None = None) -> list[dict[str, object]]:
    ledger = read_ledger(path, get_kind("zone"), mapping=mapping)
    (batch,) = ledger.batches()
    return pa.table(dict(batch.typed().values)).to_pylist()


def test_a_layer_is_read_with_its_geometry_as_text_that_names_its_crs(tmp_path: Path) -> None:
    first, second = rows(written(tmp_path / "zones.gpkg", "zones"))
    assert (first["code"], first["height_above_ground"], first["remark"]) == ("Z1", 3.0, "甲")
    srid, _, wkt = str(first["outline"]).partition(";")
    assert srid == "SRID=4549"
    assert shapely.from_wkt(wkt).equals(SQUARE)
    assert (second["height_above_ground"], second["outline"]) == (4.5, None)


def test_of_several_layers_the_mapping_names_one(tmp_path: Path) -> None:
    path = written(tmp_path / "zones.gpkg", "a", "b")
    with pytest.raises(LedgerUnreadable, match="2 layers: a, b"):
        rows(path)
    mapping = tmp_path / "m.toml"
    mapping.write_text('[file]\nsheet = "b"\n', encoding="utf-8")
    assert [row["code"] for row in rows(path, mapping)] == ["Z1", "Z2"]
    mapping.write_text('[file]\nsheet = "c"\n', encoding="utf-8")
    with pytest.raises(LedgerUnreadable, match="no layer 'c'"):
        rows(path, mapping)


def test_a_file_that_is_none_and_a_geometry_that_is_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "no.gpkg").write_bytes(b"SQLite format 3\0" + b"\0" * 100)
    with pytest.raises(LedgerUnreadable, match="no GeoPackage"):
        rows(tmp_path / "no.gpkg")
    path = written(tmp_path / "zones.gpkg", "zones")
    with closing(sqlite3.connect(path)) as connection:
        for (trigger,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f'drop trigger "{trigger}"')
        connection.execute("update zones set geom = x'0102' where fid = 1")
        connection.commit()
    with pytest.raises(LedgerUnreadable, match="geometry of row 1"):
        rows(path)
