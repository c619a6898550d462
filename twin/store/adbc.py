"""Arrow's own database drivers (ADBC): whole columns to and from either database, bound in C, without a Python object a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Double, Integer, Select, Table
from sqlalchemy.engine import make_url

from twin.errors import StoreUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["adbc_connection", "literal_sql", "stated", "unavailable"]


def adbc_connection(url: str) -> Any:
    """A DB-API connection of Arrow's drivers to the records of a URL; on SQLite see `twin.store.bulk_process` for where it may be open."""
    file = url.removeprefix("sqlite:///")
    if file != url:
        import adbc_driver_sqlite.dbapi as sqlite

        return sqlite.connect(file)
    import adbc_driver_postgresql.dbapi as postgresql

    return postgresql.connect(url.replace("postgresql+psycopg://", "postgresql://", 1))


def literal_sql(query: Select[Any], url: str) -> str:
    """A query as such a connection takes it: its values, which are ours, are written out."""
    return str(query.compile(dialect=make_url(url).get_dialect()(), compile_kwargs={"literal_binds": True}))


def stated(table: Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    """The columns that say anything, as the table has them."""
    import pyarrow as pa

    return pa.table({name: _cast(column, table, name) for name, column in columns.items() if column.null_count < len(column)})


def _cast(column: pa.Array, table: Table, name: str) -> pa.Array:
    """As PostgreSQL's binary COPY wants it: the very type of the column."""
    import pyarrow as pa

    kind = table.c[name].type
    if isinstance(kind, BigInteger):
        return column.cast(pa.int64())
    if isinstance(kind, Integer):
        return column.cast(pa.int32())
    return column.cast(pa.float64() if isinstance(kind, Double) else pa.string())


def unavailable(error: Exception) -> StoreUnavailable:
    """What the driver met, as an error of the records."""
    return StoreUnavailable(f"the records cannot be written: {error}", hint="check the disk and the server, then run it again")
