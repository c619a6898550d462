"""What the columns of records are to who filters and reads them."""

from twin.codes import ColumnType, RecordKind
from twin.queries.cql2.queryables import ValueType
from twin.queries.records.documents import withheld_columns
from twin.records.scope import Reader

__all__ = ["TYPES", "record_types"]

TYPES = {
    ColumnType.TEXT: ValueType.STRING,
    ColumnType.ENUM: ValueType.STRING,
    ColumnType.TERM: ValueType.STRING,
    ColumnType.REF: ValueType.STRING,
    ColumnType.INTEGER: ValueType.INTEGER,
    ColumnType.NUMBER: ValueType.NUMBER,
    ColumnType.DATE: ValueType.DATE,
    ColumnType.MONTH: ValueType.STRING,
    ColumnType.INSTANT: ValueType.INSTANT,
    ColumnType.BOOLEAN: ValueType.BOOLEAN,
    ColumnType.MONEY: ValueType.INTEGER,
}
JSON_TYPES = {ValueType.DATE: "string", ValueType.INSTANT: "string"}


def record_types(kind: RecordKind, reader: Reader) -> dict[str, str]:
    """Column → JSON type, without those that are not for the reader; money is whole fen."""
    withheld = withheld_columns(kind, reader)
    return {
        column.name: JSON_TYPES.get(TYPES[column.type], TYPES[column.type].value) for column in kind.columns if column.name not in withheld
    }
