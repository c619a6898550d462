"""The map of assets: what stands in each building, by number and value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.feature import Kind
from twin.errors import Invalid
from twin.queries.inventory import place_inventory
from twin.queries.maps.outlines import Outlines, open_outlines
from twin.queries.planner.report import ledger_sources
from twin.queries.records.context import Registers
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader

if TYPE_CHECKING:
    from viewer.deck import BuildingAssets, DeckPage

__all__ = ["buildings_below", "map_of_assets"]

LARGEST = 3


def map_of_assets(registers: Registers, reader: Reader, *, place: int | None) -> DeckPage:
    """The page of the buildings at and below a place, None for all. Raises NotFound, Invalid (`MAP_NEEDS_VALUES`)."""
    from viewer.deck import AssetsByBuilding, Words, assets_page

    if not reader.values:
        raise Invalid("a map of assets is one of values", path="", code="MAP_NEEDS_VALUES", hint="ask with a role that reads values")
    outlines = open_outlines(registers.store, reader, {Kind.BUILDING, Kind.CITY_OBJECT})
    rows = buildings_below(registers, reader, place)
    with registers.store.database.reading() as connection:
        sources = ledger_sources(connection, ("asset", "building"))
    facts = AssetsByBuilding(
        title=Words("各楼栋资产", "Assets by building"),
        as_of=registers.today().isoformat(),
        sources=sources,
        surroundings=outlines.surroundings(),
        buildings=tuple(_building(registers, reader, row, outlines) for row in rows),
    )
    return assets_page(facts)


def buildings_below(registers: Registers, reader: Reader, place: int | None) -> list[Any]:
    """The rows of the tree of places that are buildings, at and below a place, and that the reader may know of."""
    with registers.store.database.reading() as connection:
        places = registers.shelf.places(connection)
    start = 0 if place is None else places.position(place)
    stop = len(places) if place is None else (0 if start == NOWHERE else int(places.end[start]))
    return [places.rows[at] for at in range(start, stop) if places.rows[at].kind == "building" and places.is_visible(at, reader.labels)]


def _building(registers: Registers, reader: Reader, row: Any, outlines: Outlines) -> BuildingAssets:
    from viewer.deck import BuildingAssets, Words

    found = place_inventory(registers, int(row.id), reader, class_length=None)
    largest = sorted(found["by_class"], key=lambda one: -one["count"])[:LARGEST]
    said = [(*_words(one["class"]), one["count"]) for one in largest]
    return BuildingAssets(
        name=str(row.name),
        count=int(found["total"]["count"]),
        value_fen=int(found["total"].get("value") or 0),
        classes=Words("、".join(f"{zh} {count}" for zh, _, count in said), ", ".join(f"{en} {count}" for _, en, count in said)),
        outline=outlines.of(row.site_id, row.feature_id),
    )


def _words(one: dict[str, Any]) -> tuple[str, str]:
    """A class in Chinese and English; one that no table names with the edition its code is of."""
    if one["code"] is None:
        return "未分类", "no class"
    named = f"{one['code']} ({one['edition']})" if one["edition"] else str(one["code"])
    return str(one["zh"] or named), str(one["en"] or named)
