"""The tables of registers: one a kind, from its columns, and what they share (docs/decisions/010).

A row of a kind is a *version*: visible while `since <= clock < until` of its kind. `record_id` is one number for all kinds
and stays for ever; so histories, links and requests need no kind. Texts are unique by a 64-bit digest, which `interning`
tells from others of the same digest: an index of PostgreSQL takes no entry above 2,704 bytes.
"""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Double, ForeignKey, Index, Integer, Table, UniqueConstraint, text
from sqlalchemy.types import TypeEngine

from spatial.feature import DEVICES
from twin.codes import Column as RecordColumn
from twin.codes import ColumnType, RecordKind, get_kind, list_kinds
from twin.store.schema import BIG, BYTES_TEXT, metadata

__all__ = [
    "FOREVER",
    "article",
    "change",
    "clock",
    "column_name",
    "corrected",
    "counter",
    "kind_table",
    "link",
    "location",
    "metadata",
    "place",
    "register_issue",
    "register_quarantine",
    "register_revision",
    "request",
    "request_step",
    "stored_columns",
    "term",
    "term_window",
    "touched",
    "vanished",
    "work_item",
]

FOREVER = 2**62
"""`until` of a version that nothing has ended."""
PARTS = ("article", "location")
SQL_TYPES: dict[ColumnType, TypeEngine[Any]] = {
    ColumnType.TEXT: BYTES_TEXT,
    ColumnType.TERM: BIG,
    ColumnType.REF: BIG,
    ColumnType.ENUM: BYTES_TEXT,
    ColumnType.INTEGER: BigInteger(),
    ColumnType.NUMBER: Double(),
    ColumnType.MONEY: BigInteger(),
    ColumnType.DATE: BYTES_TEXT,
    ColumnType.MONTH: BYTES_TEXT,
    ColumnType.INSTANT: BigInteger(),
    ColumnType.BOOLEAN: Integer(),
}
SECONDARY: dict[str, tuple[str, ...]] = {
    "person": ("unit_id", "location_id"),
    "room": ("building_id", "used_by_id", "allocated_to_id"),
    "post": ("unit_id",),
    "building": (),
    "unit": ("parent_id",),
    "vehicle": ("unit_id",),
    "driver": ("unit_id",),
    "dispatch": ("vehicle", "planned_from"),
    "meter": ("unit_id", "location_id"),
    "energy": ("month", "unit_id"),
    "ledger_entry": ("ledger_id",),
    "title": ("asset",),
    **dict.fromkeys(DEVICES, ("unit_id",)),
}
"""Indexed columns beyond key and record; assets are asked through `twin.records.columns`."""


def _id(name: str = "id") -> Column[int]:
    return Column(name, BIG, primary_key=True, autoincrement=False)


def _big(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(name, BYTES_TEXT, nullable=nullable, primary_key=primary_key)


def column_name(column: RecordColumn) -> str:
    """The column of the table that keeps it: `unit_id` for a reference, `article_id` for what describes an article."""
    if column.part:
        return f"{column.part}_id"
    return f"{column.name}_id" if column.interned else column.name


def stored_columns(kind: RecordKind) -> dict[str, RecordColumn | None]:
    """Column of the table → the one column of the kind it keeps, None for an article or location; in the order of the kind."""
    found: dict[str, RecordColumn | None] = {}
    for column in kind.columns:
        found[column_name(column)] = None if column.part else column
    return found


def kind_table(name: str) -> Table:
    """The table of a kind; raises KeyError."""
    return _KIND_TABLES[name]


counter = Table("counter", metadata, _text("name", primary_key=True), _big("next"))

clock = Table("clock", metadata, _text("kind", primary_key=True), _big("now"))

register_revision = Table(
    "register_revision",
    metadata,
    _id(),
    _text("kind"),
    _text("source"),
    Column("number", Integer, nullable=False),
    _text("status"),
    _text("sha256"),
    _text("options"),
    _text("file"),
    _text("who"),
    _text("as_of"),
    _big("recorded_us"),
    _big("clock"),
    _text("facts"),
    _text("counts"),
    _big("first_record", nullable=True),
    _big("last_record", nullable=True),
    UniqueConstraint("kind", "source", "number"),
    Index("ix_register_revision_sha256", "kind", "sha256"),
    Index("ix_register_revision_clock", "kind", "clock"),
)

register_issue = Table(
    "register_issue",
    metadata,
    Column("revision_id", BIG, ForeignKey("register_revision.id"), primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, nullable=False),
    _big("record_id", nullable=True),
    _text("field"),
    _text("code"),
    _text("value"),
    _text("message"),
    _text("severity"),
    Index("ix_register_issue_record_id", "record_id"),
)

register_quarantine = Table(
    "register_quarantine",
    metadata,
    Column("revision_id", BIG, ForeignKey("register_revision.id"), primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, nullable=False),
    _text("code"),
    _text("message"),
    _text("cells"),
)

vanished = Table(
    "vanished",
    metadata,
    Column("revision_id", BIG, ForeignKey("register_revision.id"), primary_key=True, autoincrement=False),
    _id("record_id"),
)

term = Table(
    "term",
    metadata,
    _id(),
    _text("domain"),
    _text("text"),
    _text("folded"),
    _big("record_id", nullable=True),
    _text("method", nullable=True),
    Column("confidence", Double, nullable=True),
    _text("evidence", nullable=True),
    _text("decided_by", nullable=True),
    _big("digest"),
    UniqueConstraint("digest"),
    Index("ix_term_record_id", "record_id"),
    Index("ix_term_domain", "domain", "id"),
)

article = Table(
    "article",
    metadata,
    _id(),
    _text("name"),
    _text("class_code"),
    _text("class_edition"),
    _text("folded"),
    _big("digest"),
    UniqueConstraint("digest"),
    Index("ix_article_class", "class_edition", "class_code"),
)

location = Table(
    "location",
    metadata,
    _id(),
    _text("building"),
    _text("storey"),
    _text("room"),
    _big("place_id", nullable=True),
    _text("method", nullable=True),
    Column("confidence", Double, nullable=True),
    _text("evidence", nullable=True),
    _text("decided_by", nullable=True),
    _big("digest"),
    UniqueConstraint("digest"),
    Index("ix_location_place_id", "place_id"),
)

term_window = Table(
    "term_window",
    metadata,
    _text("domain", primary_key=True),
    _text("window", primary_key=True),
    _id("term_id"),
    sqlite_with_rowid=False,
)
"""Two characters that follow one another in a folded text, the last one alone too: how two Chinese characters are found.
The domain `article` holds names of articles by article id, `asset.specification` and others texts of terms by term id."""

place = Table(
    "place",
    metadata,
    _id(),
    _big("parent_id", nullable=True),
    _text("kind"),
    _text("path"),
    _big("site_id", nullable=True),
    _text("feature_id", nullable=True),
    _big("record_id", nullable=True),
    _text("name"),
    _text("number", nullable=True),
    _text("order_key"),
    _text("label"),
    Index("ix_place_path", "path"),
    Index("ix_place_parent_id", "parent_id"),
    Index("ix_place_feature", "site_id", "feature_id"),
    Index("ix_place_record_id", "record_id"),
)

link = Table(
    "link",
    metadata,
    _id(),
    _big("record_id"),
    _big("site_id"),
    _text("feature_id"),
    _text("method"),
    Column("confidence", Double, nullable=False),
    _text("evidence"),
    _text("state"),
    _text("who"),
    _big("since_us"),
    _big("until_us", nullable=True),
    Index("ix_link_record_id", "record_id"),
    Index("ix_link_feature", "site_id", "feature_id"),
)

work_item = Table(
    "work_item",
    metadata,
    _id(),
    _text("code"),
    _text("subject"),
    _big("record_id", nullable=True),
    _text("message"),
    _text("detail"),
    _text("state"),
    _big("opened_us"),
    _big("closed_us", nullable=True),
    _text("closed_by", nullable=True),
    UniqueConstraint("code", "subject", "opened_us"),
    Index("ix_work_item_state", "state", "code"),
    Index("ix_work_item_record_id", "record_id"),
)

change = Table(
    "change",
    metadata,
    _id(),
    _text("kind"),
    _big("record_id"),
    _text("field"),
    _text("old", nullable=True),
    _text("new", nullable=True),
    _text("valid_from"),
    _big("recorded_us"),
    _big("since"),
    _text("source"),
    _text("who"),
    _text("method"),
    _big("request_id", nullable=True),
    _big("reverts", nullable=True),
    Index("ix_change_record_id", "record_id"),
    Index("ix_change_since", "kind", "since", "id"),
)

corrected = Table(
    "corrected",
    metadata,
    _id("record_id"),
    _text("column_name", primary_key=True),
    _text("ledger_value"),
)
"""Columns of records that a person corrected, with what the ledger says there (JSON of the stored value): see `twin.records.changed`."""

request = Table(
    "request",
    metadata,
    _id(),
    _text("kind"),
    _big("record_id", nullable=True),
    _text("subject"),
    _text("payload"),
    _text("applicant"),
    _text("unit", nullable=True),
    _text("state"),
    Column("step", Integer, nullable=False),
    _big("opened_us"),
    _big("closed_us", nullable=True),
    Index("ix_request_record_id", "record_id"),
    Index("ix_request_state", "state", "kind"),
)

request_step = Table(
    "request_step",
    metadata,
    Column("request_id", BIG, ForeignKey("request.id"), primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    _text("action"),
    _text("who"),
    _big("at_us"),
    _text("note"),
)

touched = Table("touched", metadata, _id("seq"), _text("kind"), _big("record_id"), Index("ix_touched_kind", "kind", "seq"))
"""Records changed since the last import of their kind, in the order of commits: what a columns file does not show yet."""


def _kind_table(kind: RecordKind) -> Table:
    own: list[Column[Any]] = [
        Column(name, BIG if column is None else SQL_TYPES[column.type], nullable=True) for name, column in stored_columns(kind).items()
    ]
    placed: list[Column[Any]] = []
    indexes = [Index(f"ix_{kind.name}_{column}", column) for column in SECONDARY.get(kind.name, ())]
    if any(column.part == "location" for column in kind.columns):
        placed = [
            _big("place_id", nullable=True),
            _text("place_method", nullable=True),
            _text("place_reason", nullable=True),
            Column("slot", Integer, nullable=True),
            Column("x_m", Double, nullable=True),
            Column("y_m", Double, nullable=True),
            Column("z_m", Double, nullable=True),
            Column("accuracy_m", Double, nullable=True),
        ]
        unplaced = text("place_method IS NULL")
        indexes.append(Index(f"ix_{kind.name}_unplaced", "id", sqlite_where=unplaced, postgresql_where=unplaced))
    return Table(
        kind.name,
        metadata,
        _id(),
        _big("record_id"),
        _big("since"),
        _big("until"),
        _big("revision_id", nullable=True),
        Column("line", Integer, nullable=True),
        _big("row_hash"),
        _text("key"),
        *own,
        *placed,
        _text("ended", nullable=True),
        _text("extra", nullable=True),
        CheckConstraint("since < until", name="version"),
        Index(f"ix_{kind.name}_key", "key"),
        Index(f"ix_{kind.name}_record_id", "record_id"),
        *indexes,
    )


_KIND_TABLES = {kind.name: _kind_table(get_kind(kind.name)) for kind in list_kinds()}
