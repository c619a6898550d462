"""A question to a collection, whatever it is kept as."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from spatial.feature import Kind
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.features import FeatureQuery
from twin.queries.items.item import Item
from twin.queries.items.records import RecordQuery
from twin.queries.items.records_as_of import RecordsAsOf
from twin.queries.items.sites import SiteQuery

__all__ = ["ItemQuery", "item_query", "iter_pages"]

READ_AT_ONCE = 2_000


class ItemQuery(Protocol):
    """Asked on one connection, which sees one state of the records."""

    def page(self, *, after: str, limit: int) -> ItemPage:
        """At most `limit` items behind the one a page before ended with."""

    def one(self, item_id: str) -> Item:
        """One item by its id; raises NotFound."""

    def count(self) -> int | None:
        """How many items match, None where there are too many to look at each."""

    def extent(self) -> tuple[float | None, ...]:
        """West, south, east, north in degrees, lowest and highest height above the ellipsoid; None where nothing says."""

    def begun(self) -> datetime | None:
        """Since when the collection has something to tell; None where it has nothing yet."""


def item_query(
    connection: Connection, catalogue: Catalogue, collection: Collection, reader: ItemReader, asked: Asked | None = None
) -> ItemQuery:
    """The question; raises FilterInvalid for one that does not fit the collection."""
    if collection.kind is Kind.SITE:
        return SiteQuery(connection, collection, reader, asked or Asked())
    if collection.record is not None and asked is not None and asked.span is not None:
        return RecordsAsOf(connection, catalogue, collection, reader, asked)
    if collection.record is not None:
        return RecordQuery(connection, catalogue, collection, reader, asked or Asked())
    return FeatureQuery(connection, collection, reader, asked)


def iter_pages(query: ItemQuery) -> Iterator[list[Item]]:
    """All items that match, some thousands at a time."""
    after: str | None = ""
    while after is not None:
        page = query.page(after=after, limit=READ_AT_ONCE)
        if page.items:
            yield page.items
        after = page.after
