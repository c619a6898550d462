"""A collection in one file: GeoParquet 1.1 (OGC), its items in degrees (OGC:CRS84), row group by row group."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.item import Item
from twin.queries.items.query import ItemQuery, iter_pages
from twin.queries.items.queryables import queryable_types

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MEDIA_TYPE", "write_parquet"]

MEDIA_TYPE = "application/vnd.apache.parquet"
PLACE = ("place", "place_feature")
REFERENCES = ("kind", "parent", "building", "storey", "space")
HEAD = {"columns": {"geometry": {"encoding": "WKB", "geometry_types": []}}, "primary_column": "geometry", "version": "1.1.0"}


def write_parquet(path: Path, collection: Collection, reader: ItemReader, query: ItemQuery) -> int:
    """Write all items that match into a new file; returns how many. A value that is not of its column's type is written as text."""
    import pyarrow.parquet as pq

    schema = _schema(collection, reader)
    written = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for items in iter_pages(query):
            file.write_table(_table(items, schema))
            written += len(items)
    return written


def _schema(collection: Collection, reader: ItemReader) -> pa.Schema:
    import pyarrow as pa

    types = {"string": pa.string(), "number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}
    own = ("id", *PLACE) if collection.record else REFERENCES
    columns = dict.fromkeys(own, "string") | queryable_types(collection, reader)
    fields = [(name, types[kind]) for name, kind in columns.items()]
    fields += [(name, pa.timestamp("us", tz="UTC")) for name in ("since", "until") if name not in columns and not collection.record]
    return pa.schema([*fields, ("geometry", pa.binary())], metadata={"geo": json.dumps(HEAD)})


def _table(items: Sequence[Item], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    rows: list[Mapping[str, Any]] = [
        {"id": item.id, "low_m": item.low_m, "high_m": item.high_m, "since": item.since, "until": item.until, **item.properties}
        for item in items
    ]
    columns = {field.name: _column([row.get(field.name) for row in rows], field.type) for field in schema if field.name != "geometry"}
    shapes = np.array([item.geometry for item in items], dtype=object)
    return pa.table({**columns, "geometry": pa.array(shapely.to_wkb(shapes), pa.binary())}, schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_string(kind):
        values = [value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]
    return pa.array(values, kind)
