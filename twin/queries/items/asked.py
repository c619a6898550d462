"""What is asked of a collection, and what comes of it a page at a time."""

from dataclasses import dataclass

from twin.queries.cql2 import Filter
from twin.queries.items.box import Box
from twin.queries.items.crs import OutputCrs
from twin.queries.items.item import Item
from twin.queries.items.sorting import SortBy
from twin.queries.items.time import Span

__all__ = ["Asked", "ItemPage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a collection is asked for; geometries in `filters` are in `filter_crs`, None: lon, lat degrees. Without `sort` the order
    is the collection's own."""

    box: Box | None = None
    span: Span | None = None
    filters: tuple[Filter, ...] = ()
    filter_crs: OutputCrs | None = None
    sort: tuple[SortBy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """Items in the order asked for; `after` goes on behind the last one, None where there are no more."""

    items: list[Item]
    after: str | None
