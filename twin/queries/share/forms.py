"""Rows as they are written, one form a format: what is written, read back, and digested is the same.

| format | a row |
|---|---|
| parquet | a list: id, fields, the geometry as hexadecimal WKB (lon, lat) |
| csv | a list of texts: id, fields, the geometry as WKT |
| geojson, jsonfg | the feature, a line of its own in the file |
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from twin.queries.items.crs import CRS84, CRS84H, OutputCrs
from twin.queries.items.encode import JSONFG_CLASSES, features_of
from twin.queries.items.item import Item
from twin.queries.share.fields import GEOMETRY, value_of
from twin.queries.share.masks import masked, pseudonym, rounded
from twin.queries.share.plan import Plan

__all__ = ["Form", "RowFile", "digest_of", "forms_of", "id_of", "iter_forms", "masked_items", "open_rows"]

Form = Any
READ_AT_ONCE = 5_000
TYPES = {"string": pa.string(), "number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}
DEGREE_DIGITS, METRE_DIGITS = 9, 4
HEAD = '{"type":"FeatureCollection",'


class RowFile(Protocol):
    """A file that rows are written to."""

    def write(self, forms: Sequence[Form]) -> None:
        """Write rows."""

    def close(self) -> None:
        """Write the end."""


def masked_items(items: Sequence[Item], plan: Plan, key: bytes) -> list[Item]:
    """What of the items may leave, and nothing else: identifier, fields and geometry under their masks."""
    return [_masked(item, plan, key) for item in items]


def forms_of(items: Sequence[Item], plan: Plan) -> list[Form]:
    """The rows of masked items."""
    form = plan.dataset.format
    names = [column.shared.name for column in plan.columns]
    if form in ("geojson", "jsonfg"):
        return features_of(items, plan.reader.sites, _crs_of(plan, items), jsonfg=form == "jsonfg", feature_type=plan.dataset.name)
    rows = [[item.id, *(item.properties[name] for name in names)] for item in items]
    if form == "csv":
        rows = [["" if cell is None else _text(cell) for cell in row] for row in rows]
    if plan.shape is None:
        return rows
    shapes = np.array([item.geometry for item in items], dtype=object)
    if form == "csv":
        given = plan.crs.coordinates(shapes, [plan.reader.sites.get(item.site or "") for item in items])
        digits = METRE_DIGITS if plan.crs.projected else DEGREE_DIGITS
        return [[*row, text or ""] for row, text in zip(rows, shapely.to_wkt(given, rounding_precision=digits), strict=True)]
    return [[*row, text] for row, text in zip(rows, shapely.to_wkb(shapes, hex=True), strict=True)]


def digest_of(form: Form) -> bytes:
    """SHA-256 of a row as it is written."""
    return hashlib.sha256(json.dumps(form, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()).digest()


def id_of(form: Form) -> str:
    """The identifier of a row."""
    return str(form["id"] if isinstance(form, dict) else form[0])


def open_rows(path: Path, plan: Plan) -> RowFile:
    """A new file for rows of the plan."""
    if plan.dataset.format == "parquet":
        return _ParquetFile(path, plan)
    if plan.dataset.format == "csv":
        names = ["id", *(column.shared.name for column in plan.columns), *([GEOMETRY] if plan.shape else [])]
        return _CsvFile(path, names)
    return _JsonFile(path, plan.dataset.format == "jsonfg", plan.dataset.name)


def iter_forms(path: Path) -> Iterator[list[Form]]:
    """The rows of a file, some thousands at a time, as they were written."""
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(READ_AT_ONCE):
                yield [[cell.hex().upper() if isinstance(cell, bytes) else cell for cell in row.values()] for row in batch.to_pylist()]
        return
    with path.open(encoding="utf-8", newline="") as opened:
        if path.suffix == ".csv":
            rows: Iterator[Form] = iter(csv.reader(opened))
            next(rows, None)
        else:
            rows = (json.loads(line.rstrip(",\n")) for line in opened if line.startswith('{"type":"Feature",'))
        while part := list(islice(rows, READ_AT_ONCE)):
            yield part


class _ParquetFile:
    def __init__(self, path: Path, plan: Plan) -> None:
        fields = [("id", pa.string()), *((column.shared.name, TYPES[column.type]) for column in plan.columns)]
        metadata = None
        if plan.shape is not None:
            fields.append((GEOMETRY, pa.binary()))
            column = {"encoding": "WKB", "geometry_types": []}
            metadata = {"geo": json.dumps({"columns": {GEOMETRY: column}, "primary_column": GEOMETRY, "version": "1.1.0"})}
        self._schema = pa.schema(fields, metadata=metadata)
        self._shaped = plan.shape is not None
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, forms: Sequence[Form]) -> None:
        columns = [list(column) for column in zip(*forms, strict=True)]
        if self._shaped:
            columns[-1] = [None if text is None else bytes.fromhex(text) for text in columns[-1]]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._file.close()


class _CsvFile:
    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._writer.writerow(names)

    def write(self, forms: Sequence[Form]) -> None:
        self._writer.writerows(forms)

    def close(self) -> None:
        self._file.close()


class _JsonFile:
    """A feature collection, a feature a line."""

    def __init__(self, path: Path, jsonfg: bool, name: str) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")
        more = {"conformsTo": list(JSONFG_CLASSES), "featureType": name} if jsonfg else {}
        members = "".join(f"{json.dumps(key)}:{json.dumps(value)}," for key, value in more.items())
        self._file.write(f'{HEAD}{members}"features":[')
        self._between = "\n"

    def write(self, forms: Sequence[Form]) -> None:
        for form in forms:
            self._file.write(self._between + json.dumps(form, ensure_ascii=False, separators=(",", ":")))
            self._between = ",\n"

    def close(self) -> None:
        self._file.write("\n]}\n")
        self._file.close()


def _masked(item: Item, plan: Plan, key: bytes) -> Item:
    values = {}
    for column in plan.columns:
        name, mask = column.shared.name, column.shared.mask
        value = _typed(value_of(item, name), column.type if mask is None or mask.kind == "round" else "")
        values[name] = value if mask is None else masked(value, mask, name, key)
    geometry = item.geometry if plan.shape is not None else None
    if plan.shape is not None and plan.shape.mask is not None:
        assert isinstance(plan.shape.mask.argument, int)
        geometry = rounded(geometry, plan.shape.mask.argument)
    identifier = pseudonym("id", item.id, key) if plan.dataset.hashed else item.id
    return Item(id=identifier, site=item.site, geometry=geometry, properties=values)


def _typed(value: Any, type_: str) -> Any:
    """A value of the type of its column; what is not, as text where texts are kept, else nothing."""
    if value is None or not type_:
        return value
    if type_ == "string":
        return value if isinstance(value, str) else _text(value)
    if isinstance(value, bool | str):
        return value if type_ == "boolean" and isinstance(value, bool) else None
    return float(value) if type_ == "number" else int(value) if float(value).is_integer() else None


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _crs_of(plan: Plan, items: Sequence[Item]) -> OutputCrs:
    """Lon, lat keep heights where shapes have them."""
    high = any(item.geometry is not None and item.geometry.has_z for item in items)
    return OutputCrs(CRS84H, None, "ellipsoidal") if high and plan.crs.uri == CRS84 else plan.crs
