"""Cards against titles: buildings and vehicles without a title, titles without one of them, areas and holders that differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import get_kind
from twin.codes.plate import normalise_plate
from twin.queries.assetops.reconcile.difference import Difference, Side
from twin.queries.assetops.reconcile.sheet import NOTHING
from twin.queries.assetops.reconcile.told import Teller
from twin.queries.assetops.rules import Rules, shipped_rules
from twin.records.counters import clock_of
from twin.store import record_schema as schema
from twin.store.record_schema import column_name

__all__ = ["title_differences"]

TITLES, BUILDINGS, VEHICLES = "权证", "楼栋台账", "车辆台账"
WANTED: Mapping[str, Sequence[str]] = {
    "title": ("code", "nature", "building", "vehicle", "holder", "area"),
    "building": ("name", "holder", "ownership", "gross_area"),
    "vehicle": ("plate", "unit", "state"),
}


def title_differences(connection: Connection, teller: Teller) -> Iterator[Difference]:
    """`TITLE_MISSING`, `TITLE_WITHOUT_THING`, `TITLE_AREA_DIFFERS` (of all titles of a building together), `TITLE_HOLDER_DIFFERS`."""
    rules = shipped_rules()
    titles, buildings, vehicles = (_rows(connection, kind) for kind in WANTED)
    term = schema.term.c
    named = {
        row.id: row for row in connection.execute(select(term.id, term.text, term.record_id).where(term.domain.in_(["building", "unit"])))
    }
    houses = {row.record_id: row for row in buildings}
    cars = {row.plate: row for row in vehicles if row.plate}
    of_house: dict[int, list[Any]] = defaultdict(list)
    of_car: dict[str, list[Any]] = defaultdict(list)
    for row in titles:
        house = named[row.building_id].record_id if row.building_id is not None else None
        plate = normalise_plate(row.vehicle or "")
        if house is not None and house in houses:
            of_house[house].append(row)
        elif plate in cars:
            of_car[plate].append(row)
        else:
            said = row.vehicle or (named[row.building_id].text if row.building_id is not None else "")
            yield _difference(
                teller,
                "TITLE_WITHOUT_THING",
                row.key,
                _side(teller, TITLES, row, said),
                Side(name=_register(row, rules), says=""),
                _unit(row.holder_id, named),
                row,
            )
    for record, row in houses.items():
        yield from _of_building(teller, row, of_house.get(record, []), named, rules)
    for plate, row in cars.items():
        yield from _of_vehicle(teller, row, of_car.get(plate, []), named, rules)


def _of_building(teller: Teller, row: Any, titles: Sequence[Any], named: Mapping[int, Any], rules: Rules) -> Iterator[Difference]:
    own = [title for title in titles if title.nature in rules.building_titles]
    unit = _unit(row.holder_id, named)
    if not own:
        if row.ownership in rules.owned:
            yield _difference(
                teller, "TITLE_MISSING", row.key, Side(name=TITLES, says=""), _side(teller, BUILDINGS, row, row.key), unit, row
            )
        return
    areas = [title.area for title in own if title.area is not None]
    if areas and row.gross_area is not None:
        said = sum(areas)
        if abs(said - row.gross_area) > max(rules.area_m2, rules.area_share * row.gross_area):
            left = _side(teller, TITLES, own[0], f"{said:g} m²")
            right = _side(teller, BUILDINGS, row, f"{row.gross_area:g} m²")
            yield _difference(teller, "TITLE_AREA_DIFFERS", row.key, left, right, unit, row)
    yield from _holders(teller, BUILDINGS, row, own, unit, named)


def _of_vehicle(teller: Teller, row: Any, titles: Sequence[Any], named: Mapping[int, Any], rules: Rules) -> Iterator[Difference]:
    own = [title for title in titles if title.nature in rules.vehicle_titles]
    unit = _unit(row.unit_id, named)
    if row.state in rules.vehicle_gone:
        return
    if not own:
        yield _difference(teller, "TITLE_MISSING", row.key, Side(name=TITLES, says=""), _side(teller, VEHICLES, row, row.plate), unit, row)
        return
    yield from _holders(teller, VEHICLES, row, own, unit, named)


def _holders(teller: Teller, register: str, row: Any, titles: Sequence[Any], unit: int, named: Mapping[int, Any]) -> Iterator[Difference]:
    """Where both name units that are known, and other ones."""
    for title in titles:
        holder = _unit(title.holder_id, named)
        if holder >= 0 and unit >= 0 and holder != unit:
            left, right = (
                _side(teller, name, one, teller.unit_words(who)) for name, one, who in ((TITLES, title, holder), (register, row, unit))
            )
            yield _difference(teller, "TITLE_HOLDER_DIFFERS", f"{title.key} {row.key}", left, right, unit, row)


def _difference(teller: Teller, code: str, key: str, left: Side, right: Side, unit: int, row: Any) -> Difference:
    return Difference(
        code=code,
        key=key,
        left=left,
        right=right,
        unit=teller.unit_key(unit),
        unit_name=teller.unit_words(unit) or None,
        record_id=row.record_id,
    )


def _side(teller: Teller, name: str, row: Any, says: str) -> Side:
    file, line = teller.source(row.revision_id if row.revision_id is not None else NOTHING, row.line if row.line is not None else NOTHING)
    return Side(name=name, says=says, file=file, line=line)


def _register(row: Any, rules: Rules) -> str:
    return VEHICLES if row.vehicle or row.nature in rules.vehicle_titles else BUILDINGS


def _unit(term: int | None, named: Mapping[int, Any]) -> int:
    """The record of the unit that a text names, −2 − its id where it names none that is known, −1 for no text."""
    if term is None:
        return NOTHING
    record = named[term].record_id if term in named else None
    return int(record) if record is not None else -2 - term


def _rows(connection: Connection, kind_name: str) -> list[Any]:
    kind, table, now = get_kind(kind_name), schema.kind_table(kind_name), clock_of(connection, kind_name)
    names = ("record_id", "key", "revision_id", "line", *(column_name(kind.column(name)) for name in WANTED[kind_name]))
    query = select(*(table.c[name] for name in names)).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None))
    return list(connection.execute(query.order_by(table.c.key)))
