"""Rooms of one storey from a DXF plan: closed outlines with numbers in them, put where the drawing stands."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cim.city_layer import FAILED, PLACED, WITHOUT_GEOMETRY, CityLayer, LedgerRow, Progress
from cim.coordinates import find_reading
from cim.dxf import Drawing, Label, Outline, read_drawing
from cim.floors import add_room
from cim.rooms import ROOM_CLASS, Room, check_rooms, room_feature
from cim.rows import to_degrees, to_site_xy
from cim.storeys import StoreyPlace
from spatial.errors import OutsideSite
from spatial.frame import SiteFrame
from spatial.issue import Issue, Severity
from spatial.mesh import Float64, MeshBuilder
from spatial.scene import LayerKind
from spatial.source import Source, sha256_of

__all__ = ["PlanAnchor", "read_plan"]

AREA = re.compile(r"^(?:面积|使用面积|s|a)?[:=]?(\d+(?:\.\d+)?)(?:㎡|m2|m²|平方米|平米)$", re.IGNORECASE)
NUMBER = re.compile(r"^(?:no\.?|#)?[a-z]{0,3}\d{0,3}[座栋楼#]?[-—_.]?[a-z]?\d{1,5}[a-z]?(?:-\d{1,3})?[室号房]?$", re.IGNORECASE)
NUMBER_TAGS: Final = frozenset({"number", "no", "roomno", "room_no", "roomnumber", "room_number", "房间号", "房号", "编号"})
NAME_TAGS: Final = frozenset({"name", "roomname", "room_name", "名称", "房间名称"})
ORIGIN = shapely.Point(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAnchor:
    """Where a drawing in coordinates of its own stands: `point` (metres of the drawing) at lon, lat degrees, its +Y axis turned
    `heading_deg` clockwise from true north."""

    lon: float
    lat: float
    heading_deg: float
    point: tuple[float, float] = (0.0, 0.0)


@dataclass(slots=True, eq=False)
class _Written:
    """What stands in one outline."""

    numbers: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    areas: list[float] = field(default_factory=list)


def read_plan(
    path: Path,
    layer_key: str,
    site_frame: SiteFrame,
    *,
    storey: StoreyPlace,
    place: str | PlanAnchor,
    layers: Sequence[str] = (),
    unit: str | None = None,
    source_name: str | None = None,
    progress: Progress | None = None,
) -> CityLayer:
    """The rooms of a drawing on one storey; `place` is the CRS of its coordinates or an anchor.

    Each closed polyline of the room layers is a room; a text inside is its number, name or area, of nested outlines that of the
    smallest. Every entity of those layers is in the ledger. Raises PlanInvalid, CrsError, and OutsideSite where no room
    lies within the site's radius.
    """
    file, digest = source_name or path.name, sha256_of(path)
    drawing = read_drawing(path, file, layers=layers, unit=unit)
    issues: list[Issue] = []
    ledger: list[LedgerRow] = []
    drawn = [outline for outline in drawing.outlines if _is_room(outline, ledger, issues, file)]
    shapes = [_sound(outline, issues, file) for outline in drawn]
    owners = _owners(drawing.labels, shapes)
    written = _written(drawing.labels, owners, len(shapes))
    placed = _placed(shapes, place, site_frame, issues, file)
    rooms = [
        _room(outline, shape, said, storey, name)
        for outline, shape, said, name in zip(drawn, placed, written, _local_ids(drawn, written), strict=True)
    ]
    builder, features, reach = MeshBuilder(), [], site_frame.site.radius_m
    for done, (room, said) in enumerate(zip(rooms, written, strict=True), start=1):
        near = room.outline.distance(ORIGIN) <= reach
        if near:
            add_room(builder, layer_key, room)
            features.append(room_feature(room, layer_key, Source(file=file, sha256=digest, entity=room.entity)))
        reason = "" if near else f"outside the site's radius of {reach:,.0f} m"
        ledger.append(_row(room.entity, ROOM_CLASS, PLACED if near else FAILED, reason, room.local_id))
        issues += _odd(room, said, reason, file)
        if progress is not None:
            progress(done, len(rooms))
    if rooms and not features:
        raise OutsideSite(f"no room of {file} lies within {reach:,.0f} m of site {site_frame.site.code}", hint="wrong --crs or --anchor?")
    issues += _of_the_drawing(drawing, owners, file)
    issues += (issue for issue in check_rooms(rooms, file) if issue.code != "ROOM_NUMBER_MISSING")
    ledger += _text_rows(drawing.labels, owners, rooms)
    ledger += [_row(name, kind, WITHOUT_GEOMETRY, reason, name) for name, kind, reason in drawing.others]
    return CityLayer(
        key=layer_key,
        kind=LayerKind.CITY,
        features=tuple(features),
        meshes=builder.build(),
        ledger=tuple(ledger),
        schema=f"DXF {drawing.version}",
        crs=place if isinstance(place, str) else "",
        issues=tuple(issues),
        sha256=digest,
        ground_dependent=False,
    )


def _is_room(outline: Outline, ledger: list[LedgerRow], issues: list[Issue], file: str) -> bool:
    if outline.gap_m > 0:
        code, reason = "OUTLINE_OPEN", f"the polyline is open by {outline.gap_m:.3f} m"
    elif len(outline.xy) < 3 or not np.isfinite(outline.xy).all() or not shapely.make_valid(shapely.Polygon(outline.xy)).area > 0:
        code, reason = "GEOMETRY_EMPTY", "the polyline encloses nothing"
    else:
        return True
    ledger.append(_row(outline.entity, ROOM_CLASS, FAILED, reason, f"outline-{outline.handle}"))
    issues.append(Issue(code=code, path=outline.entity, message=reason, severity=Severity.ERROR, source=file))
    return False


def _row(entity: str, class_name: str, outcome: str, reason: str, local_id: str) -> LedgerRow:
    return LedgerRow(local_id=local_id, entity=entity, class_name=class_name, outcome=outcome, reason=reason)  # type: ignore[arg-type]


def _sound(outline: Outline, issues: list[Issue], file: str) -> BaseGeometry:
    polygon = shapely.Polygon(outline.xy)
    if polygon.is_valid:
        return polygon
    message = "the outline crosses itself and was made valid"
    issues.append(Issue(code="GEOMETRY_REPAIRED", path=outline.entity, message=message, severity=Severity.INFO, source=file))
    valid = shapely.make_valid(polygon)
    return shapely.union_all([part for part in shapely.get_parts(valid) if shapely.get_dimensions(part) == 2])


def _owners(labels: Sequence[Label], shapes: Sequence[BaseGeometry]) -> list[int]:
    """For each text the smallest outline it lies in, -1 where it lies in none."""
    column = np.empty(len(shapes), dtype=object)
    column[:] = shapes
    owners = np.full(len(labels), -1, dtype=np.int64)
    if not len(shapes) or not labels:
        return [int(owner) for owner in owners]
    text, outline = shapely.STRtree(column).query(shapely.points([label.xy for label in labels]), predicate="intersects")
    order = np.argsort(-shapely.area(column)[outline], kind="stable")
    owners[text[order]] = outline[order]
    return [int(owner) for owner in owners]


def _written(labels: Sequence[Label], owners: Sequence[int], count: int) -> list[_Written]:
    found = [_Written() for _ in range(count)]
    for label, owner in zip(labels, owners, strict=True):
        if owner < 0:
            continue
        said = unicodedata.normalize("NFKC", label.text).strip()
        area = AREA.match("".join(said.split()))
        if area:
            found[owner].areas.append(float(area.group(1)))
        elif label.tag.lower() in NUMBER_TAGS or (label.tag.lower() not in NAME_TAGS and NUMBER.match("".join(said.split()))):
            found[owner].numbers.append(said)
        else:
            found[owner].names.append(said)
    return found


def _local_ids(outlines: Sequence[Outline], written: Sequence[_Written]) -> list[str]:
    """By number where a room has just one, as stable as that; else by the entity's handle."""
    taken: dict[str, int] = defaultdict(int)
    names = []
    for outline, said in zip(outlines, written, strict=True):
        wanted = said.numbers[0] if len(set(said.numbers)) == 1 else f"outline-{outline.handle}"
        taken[wanted] += 1
        names.append(wanted if taken[wanted] == 1 else f"{wanted}~{taken[wanted]}")
    return names


def _room(outline: Outline, shape: BaseGeometry, said: _Written, storey: StoreyPlace, local_id: str) -> Room:
    numbers = list(dict.fromkeys(said.numbers))
    return Room(
        local_id=local_id,
        entity=outline.entity,
        outline=shape,
        number=numbers[0] if len(numbers) == 1 else None,
        name=" ".join(said.names) or None,
        storey=storey,
        attributes={"numbers": numbers} if len(numbers) > 1 else {},
        declared_area_m2=said.areas[0] if len(said.areas) == 1 else None,
    )


def _placed(
    shapes: Sequence[BaseGeometry], place: str | PlanAnchor, frame: SiteFrame, issues: list[Issue], file: str
) -> list[BaseGeometry]:
    if isinstance(place, PlanAnchor):
        return [shapely.transform(shape, lambda xy: _anchored(xy, place, frame)) for shape in shapes]
    reading = find_reading(shapely.get_coordinates(np.array(shapes, dtype=object)), place, frame)
    issues += reading.issues(file, file)
    geographic, lost = to_degrees(shapes, reading)
    found = to_site_xy(geographic, frame, None)
    if lost.any():
        raise OutsideSite(f"{file}: {int(lost.sum())} outlines lie outside the domain of {place}", hint="wrong --crs?")
    return [shape for shape in found if shape is not None]


def _anchored(xy: Float64, anchor: PlanAnchor, frame: SiteFrame) -> Float64:
    at = frame.from_lon_lat_height(np.array([[anchor.lon, anchor.lat, frame.site.height_m]]))[0, :2]
    cos, sin = np.cos(np.radians(anchor.heading_deg)), np.sin(np.radians(anchor.heading_deg))
    x, y = (xy - np.array(anchor.point)).T
    turned: Float64 = np.column_stack((x * cos + y * sin, y * cos - x * sin)) + at
    return turned


def _odd(room: Room, said: _Written, reason: str, file: str) -> Iterator[Issue]:
    numbers = list(dict.fromkeys(said.numbers))
    if len(numbers) > 1:
        message = f"several numbers in one outline: {', '.join(numbers)}; none was taken"
        yield Issue(code="ROOM_NUMBERS_MANY", path=room.entity, message=message, source=file)
    elif not numbers:
        yield Issue(code="ROOM_NUMBER_MISSING", path=room.entity, message="no number in the outline", source=file)
    if reason:
        yield Issue(code="GEOREF_OUTSIDE_SITE", path=room.entity, message=reason, severity=Severity.ERROR, source=file)


def _of_the_drawing(drawing: Drawing, owners: Sequence[int], file: str) -> Iterator[Issue]:
    for label, owner in zip(drawing.labels, owners, strict=True):
        if owner < 0:
            message = f"{label.text!r} stands in no outline"
            yield Issue(code="TEXT_OUTSIDE_ROOMS", path=label.entity, message=message, source=file)
    if drawing.repaired:
        message = f"{drawing.repaired} texts are GBK under another code page; decoded as that"
        yield Issue(code="TEXT_ENCODING_REPAIRED", path=file, message=message, source=file)


def _text_rows(labels: Sequence[Label], owners: Sequence[int], rooms: Sequence[Room]) -> Iterator[LedgerRow]:
    """One row a text entity, however many lines it has."""
    seen: set[str] = set()
    for label, owner in zip(labels, owners, strict=True):
        if label.entity in seen:
            continue
        seen.add(label.entity)
        reason = f"text of {rooms[owner].entity}" if owner >= 0 else "text in no outline"
        yield _row(label.entity, "Text", WITHOUT_GEOMETRY, reason, f"text-{label.handle}")
