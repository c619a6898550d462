"""Rooms from plans: outlines with a number, put on a storey of the scene; never a room where no storey is known."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cim.extrude import level, walls
from cim.storeys import StoreyPlace, parse_storey
from spatial.feature import PUBLIC, Feature, FeatureId, Kind
from spatial.issue import Issue, Severity
from spatial.mesh import Float64
from spatial.source import Source

__all__ = ["ROOM_CLASS", "ROOM_RGBA", "Room", "Storeys", "check_rooms", "fold", "room_corners", "room_feature"]

ROOM_CLASS: Final = "BuildingRoom"
ROOM_RGBA: Final = (140, 190, 220, 64)
OVERLAP_M2: Final = 0.05
OVERLAP_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Room:
    """One outline of a plan in site xy metres with what is written in it, and the storey it lies on (None: not known)."""

    local_id: str
    entity: str
    outline: BaseGeometry
    number: str | None
    name: str | None = None
    storey: StoreyPlace | None = None
    own_storey: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    declared_area_m2: float | None = None


def fold(written: str) -> str:
    """A name as it is compared: compatibility forms unified, case and blanks ignored."""
    return "".join(unicodedata.normalize("NFKC", written).casefold().split())


class Storeys:
    """The storeys that rooms can be put on, by the names of their buildings and by where those stand."""

    def __init__(self, places: Sequence[StoreyPlace]) -> None:
        self._by_name: dict[str, list[StoreyPlace]] = defaultdict(list)
        by_outline: dict[str, list[StoreyPlace]] = defaultdict(list)
        for place in places:
            for name in {fold(name) for name in (place.building or "", *place.building_names) if name}:
                self._by_name[name].append(place)
            if place.building is not None and place.footprint is not None:
                by_outline[place.building].append(place)
        self._standing = list(by_outline.values())
        self._tree = shapely.STRtree([together[0].footprint for together in self._standing])

    def find(self, building: str | None, storey: Any, outline: BaseGeometry | None = None) -> tuple[StoreyPlace | None, str]:
        """The one storey that is meant, or None and why not.

        `building` is an id or name (None: the building in whose outline the room lies), `storey` what was written for it.
        """
        if building is not None:
            inside, where = self._by_name.get(fold(building), []), f"building {building!r}"
        else:
            inside, where = self._around(outline), "the building it lies in"
        if not inside:
            return None, f"{where} has no storeys in this site"
        wanted, level_number = fold(str(storey)) if storey is not None else "", parse_storey(storey)
        found = [place for place in inside if wanted and wanted in (fold(place.name), fold(place.id))]
        found = found or [place for place in inside if level_number is not None and place.number == level_number]
        if len(found) == 1:
            return found[0], ""
        return None, f"{where} has {len(found) or 'no'} storeys {str(storey)!r}, of {', '.join(sorted({place.name for place in inside}))}"

    def _around(self, outline: BaseGeometry | None) -> list[StoreyPlace]:
        if outline is None or outline.is_empty:
            return []
        hits = self._tree.query(shapely.point_on_surface(outline), predicate="within")
        return [place for hit in hits for place in self._standing[int(hit)]]


def room_corners(outline: BaseGeometry, low: float, high: float) -> Float64:
    """The solid of a room (m, 3, 3): floor facing down, ceiling up, sides outward."""
    return np.concatenate([walls(outline, low, high), level(outline, high), level(outline, low)[:, ::-1]])


def room_feature(room: Room, key: str, source: Source) -> Feature:
    """The space of a room: under its storey where both are of one file, else naming it."""
    place = room.storey
    properties: dict[str, Any] = {"attributes": dict(room.attributes)}
    if place is not None:
        height = place.z_range[1] - place.z_range[0]
        area = round(float(room.outline.area), 4)
        properties["measured"] = {"area_m2": area, "volume_m3": round(area * height, 4), "method": "plan"}
    if room.declared_area_m2 is not None:
        properties["declared"] = [
            {"name": "area", "value": room.declared_area_m2, "unit": "m2", "value_si": room.declared_area_m2, "pset": "plan"}
        ]
    storey = None if place is None else FeatureId(place.id)
    return Feature(
        id=FeatureId(f"{key}:{room.local_id}"),
        kind=Kind.SPACE,
        class_name=ROOM_CLASS,
        source=source,
        name=room.number or room.name,
        long_name=room.name if room.number else None,
        parent=storey if room.own_storey else None,
        building=None if place is None or place.building is None else FeatureId(place.building),
        storey=storey,
        footprint=room.outline,
        z_range=None if place is None else place.z_range,
        properties=properties,
        label=PUBLIC,
    )


def check_rooms(rooms: Iterable[Room], file: str) -> Iterator[Issue]:
    """What is odd among the rooms of each storey: overlaps, one number twice, none at all."""
    storeys: dict[str, list[Room]] = defaultdict(list)
    for room in rooms:
        storeys[room.storey.id if room.storey is not None else ""].append(room)
        if room.number is None:
            message = "no room number in it: it is tied to no room record by number"
            yield Issue(code="ROOM_NUMBER_MISSING", path=room.entity, message=message, source=file)
    for together in storeys.values():
        yield from _overlaps(together, file)
        yield from _repeated(together, file)


def _overlaps(rooms: Sequence[Room], file: str) -> Iterator[Issue]:
    outlines = np.array([room.outline for room in rooms], dtype=object)
    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    pairs = one < other
    one, other = one[pairs], other[pairs]
    shared = shapely.area(shapely.intersection(outlines[one], outlines[other]))
    least = np.minimum(shapely.area(outlines[one]), shapely.area(outlines[other]))
    for a, b, area in zip(one, other, np.where(shared > np.maximum(OVERLAP_M2, OVERLAP_SHARE * least), shared, 0.0), strict=True):
        if area > 0:
            message = f"shares {area:.2f} m² with {rooms[b].entity}"
            yield Issue(code="ROOMS_OVERLAP", path=rooms[a].entity, message=message, source=file)


def _repeated(rooms: Sequence[Room], file: str) -> Iterator[Issue]:
    first: dict[str, Room] = {}
    for room in rooms:
        if room.number is None:
            continue
        known = first.setdefault(fold(room.number), room)
        if known is not room:
            message = f"number {room.number} is also that of {known.entity}"
            yield Issue(code="ROOM_NUMBER_REPEATED", path=room.entity, message=message, severity=Severity.WARNING, source=file)
