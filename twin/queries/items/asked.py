"""What is asked of a collection, and what comes of it a page at a time."""

from dataclasses import dataclass

from twin.queries.cql2 import Filter
from twin.queries.items.box import Box
from twin.queries.items.crs import OutputCrs
from twin.queries.items.item import Item
from twin.queries.items.time import Span

__all__ = ["Asked", "ItemPage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a collection is asked for; geometries in `filters` are in `filter_crs`, None: lon, lat degrees."""

    box: Box | None = None
    span: Span | None = None
    filters: tuple[Filter, ...] = ()
    filter_crs: OutputCrs | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """Items in an order of their collection's own; `after` goes on behind the last one, None where there are no more."""

    items: list[Item]
    after: str | None
