"""A layer of a GeoPackage (OGC 12-128r18) as a source of blocks: its attributes, and its geometry as WKT that names its CRS.

The line of a row is its number in the layer, the header is line 0. A geometry of an EPSG system is `SRID=4490;POLYGON …`, of another
one WKT alone, so that nothing is assumed of it.
"""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from shapely.errors import ShapelyError

from twin.ledgers.block import BLOCK_ROWS, Block, SourceFacts
from twin.ledgers.errors import LedgerUnreadable

__all__ = ["GeoPackageLayer", "open_geopackage"]

ENVELOPE_BYTES = (0, 32, 48, 48, 64)
"""Length of the envelope by its code (clause 2.1.3)."""
EMPTY = 0b0001_0000
LAYERS = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
SYSTEMS = "SELECT srs_id, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE upper(organization) = 'EPSG'"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoPackageLayer:
    """A layer whose columns are known; `geometry` is the one of them that holds geometries, `epsg` says by srs_id which CRS they are in."""

    path: Path
    name: str
    names: tuple[str, ...]
    geometry: str
    epsg: dict[int, int]

    @property
    def facts(self) -> SourceFacts:
        """How it is read."""
        return SourceFacts(format="geopackage", encoding="utf-8", sheet=self.name)

    @property
    def top(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The names of the columns."""
        return ((0, self.names),)

    def blocks(self, after_line: int, width: int) -> Iterator[Block]:
        """The rows as columns of text. Raises LedgerUnreadable."""
        import pyarrow as pa

        at, line = self.names.index(self.geometry) if self.geometry else -1, 1
        columns = ", ".join(map(_quoted, self.names))
        try:
            with closing(_connection(self.path)) as connection:
                cursor = connection.execute(f"SELECT {columns} FROM {_quoted(self.name)} ORDER BY rowid")
                while rows := cursor.fetchmany(BLOCK_ROWS):
                    cells = [list(map(_text, column)) for column in zip(*rows, strict=True)]
                    if at >= 0:
                        cells[at] = [self._wkt(row[at], line + n) for n, row in enumerate(rows)]
                    lines = np.arange(line, line + len(rows), dtype=np.int64)
                    yield Block(lines=lines, cells=tuple(pa.array(texts, pa.string()) for texts in cells))
                    line += len(rows)
        except sqlite3.Error as error:
            raise LedgerUnreadable(f"the file is damaged after row {line - 1}: {error}", path=str(self.path)) from error

    def _wkt(self, blob: object, line: int) -> str:
        if blob is None:
            return ""
        try:
            if not isinstance(blob, bytes) or blob[:2] != b"GP":
                raise ValueError("no GeoPackage geometry")
            flags = blob[3]
            srs_id = struct.unpack_from("<i" if flags & 1 else ">i", blob, 4)[0]
            if flags & EMPTY:
                return ""
            shape = shapely.from_wkb(blob[8 + ENVELOPE_BYTES[flags >> 1 & 7] :])
        except (ValueError, IndexError, struct.error, ShapelyError) as error:
            raise LedgerUnreadable(f"the geometry of row {line} cannot be read: {error}", path=str(self.path)) from error
        text = shapely.to_wkt(shapely.force_2d(shape), rounding_precision=-1)
        return f"SRID={self.epsg[srs_id]};{text}" if srs_id in self.epsg else str(text)


def open_geopackage(path: Path, layer: str) -> GeoPackageLayer:
    """The layer of a GeoPackage, the only one where none is named. Raises LedgerUnreadable."""
    try:
        with closing(_connection(path)) as connection:
            known = [row[0] for row in connection.execute(LAYERS)]
            if (layer and layer not in known) or (not layer and len(known) != 1):
                said = f"no layer {layer!r}" if layer else f"{len(known)} layers"
                raise LedgerUnreadable(f"{said}: {', '.join(known) or 'none'}; name one in the mapping: [file] sheet = …", path=str(path))
            name = layer or known[0]
            names = tuple(row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(name)})"))
            shapes = connection.execute("SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (name,)).fetchone()
            systems = connection.execute(SYSTEMS)
            return GeoPackageLayer(path=path, name=name, names=names, geometry=shapes[0] if shapes else "", epsg=dict(systems.fetchall()))
    except sqlite3.Error as error:
        raise LedgerUnreadable(f"no GeoPackage: {error}", path=str(path)) from error


def _connection(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: object) -> str:
    if value is None or isinstance(value, bytes):
        return ""
    return repr(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
