"""Vector files as GDAL gives them: what a file is by its first bytes, its layers, and cells as the file types them."""

import codecs
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry

from cim.columns import json_value
from cim.errors import CityFileInvalid

__all__ = ["Layer", "VectorFile", "open_vector_file"]

DRIVERS = frozenset({"GPKG", "GeoJSON", "GeoJSONSeq", "ESRI Shapefile"})
SQLITE, ZIP, SHAPEFILE = b"SQLite format 3\x00", b"PK\x03\x04", b"\x00\x00\x27\x0a"
FORMATS = "GeoPackage, GeoJSON, a zipped Shapefile, CityJSON or GeoTIFF"
STYLES = "layer_styles"
OURS = ("utf-8", "gb18030")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One layer: row numbers (fid), geometries in the file's own coordinates, cells by column, and the CRS it names."""

    name: str
    fids: list[Any]
    geometries: list[BaseGeometry | None]
    cells: Mapping[str, list[Any]]
    crs: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorFile:
    """A file that GDAL opens: `encoding` is that of its text where it was not what the format says."""

    source: Any
    file: str
    driver: str
    names: tuple[str, ...]
    skipped: tuple[str, ...]
    encoding: str | None

    def layers(self) -> Iterator[Layer]:
        """Every layer, in file order; raises CityFileInvalid where one cannot be read."""
        for name in self.names:
            yield self._layer(name)

    def _layer(self, name: str) -> Layer:
        import pyogrio  # with pandas: a quarter of a second that the ground's readers (the hub) need not spend
        from pyogrio.errors import DataLayerError, DataSourceError

        which = {"layer": _layer_of(self.source, name), "encoding": _of_shapefile(self.driver, self.encoding)}
        try:
            info = pyogrio.read_info(self.source, **which)
            with warnings.catch_warnings(), np.errstate(invalid="ignore"):
                warnings.filterwarnings("ignore", message="Several features with id", category=RuntimeWarning)
                frame = pyogrio.read_dataframe(self.source, **which, fid_as_index=True)
        except (DataLayerError, DataSourceError, UnicodeDecodeError) as error:
            raise CityFileInvalid(f"{self.file}, layer {name}, cannot be read: {error}", hint="is the file complete?") from error
        spatial = hasattr(frame, "geometry") and hasattr(frame, "crs")
        whole = {str(field) for field, kind in zip(info["fields"], info["dtypes"], strict=True) if str(kind).startswith(("int", "uint"))}
        columns = [column for column in frame.columns if not spatial or column != frame.geometry.name]
        return Layer(
            name=self.file.split(".")[0] if self.driver.startswith("GeoJSON") else name,
            fids=frame.index.tolist(),
            geometries=list(frame.geometry) if spatial else [None] * len(frame),
            cells={str(column): [_cell(value, str(column) in whole) for value in frame[column].tolist()] for column in columns},
            crs=frame.crs if spatial else None,
        )


def open_vector_file(path: Path, file: str) -> VectorFile:
    """A GeoPackage, GeoJSON or zipped Shapefile; raises CityFileInvalid for anything else.

    Text in GBK (GB 18030) where the format has UTF-8, or says nothing, is recognised: `encoding` is then `gb18030`.
    """
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    source, encoding = _source(path, file)
    try:
        names = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
        driver = str(pyogrio.read_info(source, layer=_layer_of(source, names[0]))["driver"]) if names else ""
    except (DataLayerError, DataSourceError) as error:
        raise CityFileInvalid(f"{file} cannot be read: {_told(error, source)}", hint=f"is it complete, and a {FORMATS}?") from error
    if not names:
        raise CityFileInvalid(f"{file} holds no layer", hint="is it the right file?")
    if driver not in DRIVERS:
        raise CityFileInvalid(f"{file} is a {driver} file, which is not read", hint=f"convert it to {FORMATS}")
    kept = tuple(name for name in names if name != STYLES)
    skipped = tuple(name for name in names if name == STYLES)
    return VectorFile(source=source, file=file, driver=driver, names=kept, skipped=skipped, encoding=encoding)


def _source(path: Path, file: str) -> tuple[Any, str | None]:
    with path.open("rb") as stream:
        head = stream.read(64)
    if head.startswith(SQLITE):
        return path, None
    if head.startswith(ZIP):
        return path, _zip_encoding(path, file)
    if head.startswith(SHAPEFILE):
        raise CityFileInvalid(f"{file} is one part of a Shapefile", hint="zip it with its .shx, .dbf, .prj and .cpg and import the .zip")
    bare = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if bare.startswith(b"<"):
        raise CityFileInvalid(f"{file} is XML: CityGML, GML and KML are not read", hint="convert it to CityJSON or GeoPackage")
    if not bare.startswith((b"{", b"[")):
        raise CityFileInvalid(f"{file} is none of the formats known by its first bytes", hint=f"give a {FORMATS}")
    content = path.read_bytes()
    encoding = _encoding(content, file)
    return (path, None) if encoding == "utf-8" else (content.decode(encoding).encode(), encoding)


def _zip_encoding(path: Path, file: str) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            silent = [n for n in names if n.lower().endswith(".dbf") and not {f"{n[:-4]}.cpg", f"{n[:-4]}.CPG"} & set(names)]
            tables = b"".join(_dbf_text(archive.read(name)) for name in silent)
    except zipfile.BadZipFile as error:
        raise CityFileInvalid(f"{file} cannot be unpacked: {error}", hint="is the file complete?") from error
    return None if tables.isascii() else _encoding(tables, file)


def _dbf_text(table: bytes) -> bytes:
    """Field names and records of a dBASE table that does not name its code page (dBASE level 5, header byte 29)."""
    if len(table) < 33 or table[29] not in (0x00, 0x03, 0x57):
        return b""
    start = int.from_bytes(table[8:10], "little")
    names = b" ".join(table[at : at + 11].rstrip(b"\x00").split(b"\x00")[0] for at in range(32, start - 1, 32))
    return names + b" " + table[start:]


def _encoding(content: bytes, file: str) -> str:
    for encoding in OURS:
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise CityFileInvalid(f"{file} is neither UTF-8 nor GB 18030 text", hint="export it again as UTF-8")


def _layer_of(source: Any, name: str) -> str | None:
    return None if isinstance(source, bytes) else name


def _of_shapefile(driver: str, encoding: str | None) -> str | None:
    return encoding if driver == "ESRI Shapefile" else None


def _cell(value: Any, whole: bool) -> Any:
    value = json_value(value)
    return int(value) if whole and isinstance(value, float) and np.isfinite(value) else value


def _told(error: Exception, source: Any) -> str:
    return str(error).replace(str(source), "it") if isinstance(source, Path) else str(error)
