"""CQL2 (OGC 21-065r2): filters as text and JSON, run in the store with the same rows on SQLite and PostgreSQL.

`parse` reads a filter into nodes, within bounds; a collection says what it can be asked about as `Queryables`; `compile_filter`
checks names and types and gives a condition of SQLAlchemy. Spatial conditions are answered by a `SpatialLeaf` that the caller
brings (`StoredGeometries` is one); what databases disagree on is decided in Python. See docs/decisions/020-filters.md.
"""

from twin.queries.cql2.attribute import attribute
from twin.queries.cql2.compile import compile_filter
from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.filter import Filter, Language, parse
from twin.queries.cql2.functions import FUNCTIONS
from twin.queries.cql2.queryables import Lookup, Queryable, Queryables, ValueType
from twin.queries.cql2.spatial import GeometrySource, SpatialLeaf, StoredGeometries

__all__ = [
    "FUNCTIONS",
    "Filter",
    "FilterInvalid",
    "GeometrySource",
    "Language",
    "Lookup",
    "Queryable",
    "Queryables",
    "SpatialLeaf",
    "StoredGeometries",
    "ValueType",
    "attribute",
    "compile_filter",
    "parse",
]
