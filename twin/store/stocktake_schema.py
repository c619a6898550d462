"""The tables of stock-takes: what was expected where, what was scanned, what came of it. On the one `metadata` of the store."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from twin.store.record_schema import metadata
from twin.store.schema import BIG, BYTES_TEXT

__all__ = ["metadata", "stock_take", "stock_take_expected", "stock_take_outcome", "stock_take_scan"]


def _id(name: str = "id") -> Column[int]:
    return Column(name, BIG, primary_key=True, autoincrement=False)


def _take() -> Column[int]:
    return Column("take_id", BIG, ForeignKey("stock_take.id"), primary_key=True, autoincrement=False)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, BYTES_TEXT, nullable=nullable)


def _big(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


stock_take = Table(
    "stock_take",
    metadata,
    _id(),
    _text("name"),
    _text("places"),
    _text("state"),
    _big("opened_us"),
    _text("opened_by"),
    _big("closed_us", nullable=True),
    _text("closed_by", nullable=True),
    Index("ix_stock_take_state", "state"),
)
"""`places`: JSON of the nodes it is of, as they were: id, path, kind, name, label."""

stock_take_expected = Table(
    "stock_take_expected",
    metadata,
    _take(),
    _id("record_id"),
    _text("code"),
    _text("tag", nullable=True),
    _big("place_id", nullable=True),
    _text("path"),
    _text("state", nullable=True),
    Column("due", Integer, nullable=False),
)
"""What stood there when the take was opened; `due` 0: it need not be found (lent, disposed of, no thing at all)."""

stock_take_scan = Table(
    "stock_take_scan",
    metadata,
    _id(),
    Column("take_id", BIG, ForeignKey("stock_take.id"), nullable=False),
    _text("digest"),
    _text("code"),
    _big("place_id", nullable=True),
    _text("path"),
    _text("said"),
    _text("who"),
    _big("at_us"),
    _big("received_us"),
    _text("source"),
    UniqueConstraint("take_id", "digest"),
)
"""`said`: the place in words as it came, JSON; `digest`: the same scan sent again is the same row."""

stock_take_outcome = Table(
    "stock_take_outcome",
    metadata,
    _take(),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    _text("outcome"),
    _text("code"),
    _big("record_id", nullable=True),
    _big("expected_place_id", nullable=True),
    _big("found_place_id", nullable=True),
    _big("scan_id", nullable=True),
    Column("due", Integer, nullable=False),
    Column("moved", Integer, nullable=False),
    _text("findings"),
    Index("ix_stock_take_outcome_record_id", "record_id"),
)
"""As it was judged when the take was closed; `moved` 1: its location was changed, a person having accepted it."""
