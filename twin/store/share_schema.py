"""The tables of sharing: facts of the store itself, and what left to whom (docs/decisions/030)."""

from sqlalchemy import BigInteger, Column, Integer, Table, UniqueConstraint

from twin.store.schema import BIG, BYTES_TEXT
from twin.store.stocktake_schema import metadata

__all__ = ["metadata", "package", "store_fact"]

store_fact = Table("store_fact", metadata, Column("name", BYTES_TEXT, primary_key=True), Column("value", BYTES_TEXT, nullable=False))
"""What a store is by itself: `changes_key`, hexadecimal, under which its tokens are sealed; a restore renews it."""

package = Table(
    "share_package",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=False),
    Column("receiver", BYTES_TEXT, nullable=False),
    Column("dataset", BYTES_TEXT, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", BYTES_TEXT, nullable=False),
    Column("state", BYTES_TEXT, nullable=False),
    Column("reason", BYTES_TEXT, nullable=False),
    Column("definition", BYTES_TEXT, nullable=False),
    Column("position", BYTES_TEXT, nullable=False),
    Column("manifest_sha256", BYTES_TEXT, nullable=False),
    Column("manifest", BYTES_TEXT, nullable=False),
    Column("folder", BYTES_TEXT, nullable=False),
    Column("who", BYTES_TEXT, nullable=False),
    Column("recorded_us", BigInteger, nullable=False),
    UniqueConstraint("receiver", "dataset", "sequence"),
)
"""A package that left: `manifest` says its fields, masks and counts; `prepared` until it lies where the receiver takes it."""
