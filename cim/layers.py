"""Vector layers (GeoPackage, GeoJSON, Shapefile) to features and meshes on the ground of the site."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import GEOSException

from cim.city_layer import FAILED, PLACED, WITHOUT_GEOMETRY, CityLayer, LedgerRow, Outcome, Progress
from cim.drape import Drape
from cim.draw import Drawn, Painter, Undrawable
from cim.floors import add_room, add_storeys, places_of, room_of_row
from cim.ground import Ground
from cim.rooms import ROOM_CLASS, Room, Storeys, check_rooms, room_feature
from cim.rows import OUTSIDE, Row, Rows, read_rows
from cim.shade import add_flat, add_smooth
from cim.storeys import StoreyPlace
from spatial.errors import MeshError, OutsideSite
from spatial.feature import Feature, Kind, feature_id
from spatial.frame import SiteFrame
from spatial.issue import Issue, Severity
from spatial.mesh import MeshBuilder
from spatial.scene import LayerKind
from spatial.source import Source, sha256_of

__all__ = ["read_layers"]

ORIGIN = shapely.Point(0, 0)
SEVERITY = {
    "GROUND_OUTSIDE": Severity.WARNING,
    "STOREYS_UNCLEAR": Severity.WARNING,
    "STOREYS_WITHOUT_HEIGHT": Severity.WARNING,
    "STOREY_HEIGHTS_DISAGREE": Severity.WARNING,
    "WIDTH_MISSING": Severity.INFO,
    "HEIGHT_MISSING": Severity.INFO,
}


@dataclass(frozen=True, slots=True)
class _Context:
    key: str
    file: str
    digest: str
    radius_m: float


def read_layers(
    path: Path,
    layer_key: str,
    site_frame: SiteFrame,
    *,
    crs: str | None = None,
    force_crs: bool = False,
    ground: Ground | None = None,
    source_name: str | None = None,
    storeys: Sequence[StoreyPlace] = (),
    progress: Progress | None = None,
) -> CityLayer:
    """Every row of every layer, drawn by its class on the ground; z in the geometries is not used.

    Without `ground` all lies at the height of the site's origin, with the finding GROUND_MISSING. What has no height or
    width is drawn with a stated one (`properties["derived"]`) and a finding; what cannot be drawn is `failed`, and still a
    feature. Raises CityFileInvalid, CrsError, CrsDisagrees, and OutsideSite where nothing lies within the site's radius.
    """
    context = _Context(layer_key, source_name or path.name, sha256_of(path), site_frame.site.radius_m)
    read = read_rows(path, site_frame, ground, crs=crs, force_crs=force_crs, file=context.file)
    issues = list(read.issues)
    if ground is None:
        message = "the site has no terrain yet: everything lies at the height of the site's origin"
        issues.append(Issue(code="GROUND_MISSING", path=context.file, message=message, source=context.file))
        ground = Ground.level(site_frame, _reach(read, context.radius_m))
    rows = tuple(_cut(row, context, issues) for row in read.rows)
    drawing = _Drawing(context, Painter(rows, Drape(ground)), storeys, issues)
    for done, row in enumerate(sorted(rows, key=lambda row: row.class_name == ROOM_CLASS), start=1):
        drawing.take(row)
        if progress is not None:
            progress(done, len(rows))
    issues += check_rooms(drawing.rooms, context.file)
    if drawing.is_elsewhere:
        raise OutsideSite(
            f"nothing of {context.file} lies within {context.radius_m:,.0f} m of site {site_frame.site.code}",
            hint="wrong site, wrong CRS, or a larger --radius-m",
        )
    return CityLayer(
        key=layer_key,
        kind=LayerKind.CITY,
        features=tuple(drawing.features),
        meshes=drawing.builder.build(),
        ledger=tuple(drawing.ledger),
        schema=read.driver,
        crs=read.crs,
        issues=tuple(issues),
        sha256=context.digest,
        ground_dependent=True,
    )


class _Drawing:
    """What the rows of a file become, row by row; rooms after the buildings whose storeys they stand on."""

    def __init__(self, context: _Context, painter: Painter, storeys: Sequence[StoreyPlace], issues: list[Issue]) -> None:
        self.builder = MeshBuilder()
        self.features: list[Feature] = []
        self.ledger: list[LedgerRow] = []
        self.rooms: list[Room] = []
        self._context, self._painter, self._issues = context, painter, issues
        self._places = list(storeys)
        self._storeys: Storeys | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether nothing is placed, and something because it lies outside the site."""
        placed = any(row.outcome == PLACED for row in self.ledger)
        return not placed and any(row.reason.startswith(OUTSIDE) for row in self.ledger)

    def take(self, row: Row) -> None:
        """Draw a row, or tell why not."""
        if row.class_name == ROOM_CLASS and row.geometry is not None and not row.repeats:
            self._take_room(row)
        else:
            self._take_object(row)

    def _take_room(self, row: Row) -> None:
        context = self._context
        self._storeys = self._storeys or Storeys(self._places)
        room, outcome, reason = room_of_row(row, self._storeys, context.key, context.radius_m)
        if outcome == PLACED:
            add_room(self.builder, context.key, room)
        self.rooms.append(room)
        self.features.append(room_feature(room, context.key, _source(context, row)))
        self._note(row, outcome, reason)
        if reason:
            code = "ROOM_STOREY_UNKNOWN" if outcome == WITHOUT_GEOMETRY else _code(reason)
            self._issues.append(Issue(code=code, path=row.entity, message=reason, source=context.file))

    def _take_object(self, row: Row) -> None:
        context = self._context
        drawn, outcome, reason = _drawn(row, self._painter, context)
        if outcome == PLACED:
            outcome, reason = _add(self.builder, context, row, drawn)
        feature = _feature(context, row, drawn)
        self.features.append(feature)
        if outcome == PLACED:
            self.features += add_storeys(self.builder, feature, drawn.storeys)
            self._places += places_of(feature, drawn.storeys)
        self._note(row, outcome, reason)
        for code, text in drawn.findings + ([(_code(reason), reason)] if outcome == FAILED else []):
            self._issues.append(Issue(code=code, path=row.entity, message=text, severity=_severity(code, row), source=context.file))

    def _note(self, row: Row, outcome: Outcome, reason: str) -> None:
        self.ledger.append(LedgerRow(local_id=row.local_id, entity=row.entity, class_name=row.class_name, outcome=outcome, reason=reason))


def _cut(row: Row, context: _Context, issues: list[Issue]) -> Row:
    """The row without what of a line or surface lies beyond the radius, where the site's frame does not hold; a finding says so."""
    if row.geometry is None or row.class_name == "Building":
        return row
    reach = float(np.linalg.norm(shapely.get_coordinates(row.geometry), axis=1).max())
    if reach <= context.radius_m or shapely.distance(row.geometry, ORIGIN) > context.radius_m:
        return row
    message = f"reaches {reach:,.0f} m from the site's origin; cut at its radius of {context.radius_m:,.0f} m"
    issues.append(Issue(code="GEOREF_OUTSIDE_SITE", path=row.entity, message=message, source=context.file))
    return replace(row, geometry=row.geometry.intersection(ORIGIN.buffer(context.radius_m, quad_segs=64)))


def _code(reason: str) -> str:
    return "GEOREF_OUTSIDE_SITE" if reason.startswith(OUTSIDE) else "GEOMETRY_EMPTY"


def _severity(code: str, row: Row) -> Severity:
    if code == "HEIGHT_MISSING" and row.class_name == "Building":
        return Severity.WARNING
    return SEVERITY.get(code, Severity.ERROR)


def _drawn(row: Row, painter: Painter, context: _Context) -> tuple[Drawn, Outcome, str]:
    if row.fault:
        return Drawn(), FAILED, row.fault
    if row.geometry is None:
        return Drawn(), WITHOUT_GEOMETRY, ""
    if row.repeats:
        return Drawn(footprint=row.geometry), WITHOUT_GEOMETRY, f"the same as {row.repeats}, where it is drawn"
    if row.geometry.distance(ORIGIN) > context.radius_m:
        return Drawn(footprint=row.geometry), FAILED, f"{OUTSIDE} of {context.radius_m:,.0f} m"
    try:
        return painter.draw(row), PLACED, ""
    except Undrawable as error:
        return Drawn(footprint=row.geometry), FAILED, str(error)
    except (GEOSException, MeshError) as error:
        return Drawn(footprint=row.geometry), FAILED, f"{type(error).__name__}: {error}"


def _add(builder: MeshBuilder, context: _Context, row: Row, drawn: Drawn) -> tuple[Outcome, str]:
    name = feature_id(context.key, row.local_id)
    added = len(drawn.instances)
    for mesh, rgba, matrix in drawn.instances:
        builder.add_mesh(name, mesh, rgba, matrix)
    for corners, normals, rgba in drawn.parts:
        try:
            if normals is None:
                add_flat(builder, name, corners, rgba)
            else:
                add_smooth(builder, name, corners, normals, rgba)
            added += 1
        except MeshError:
            continue
    return (PLACED, "") if added else (FAILED, "no triangle has an area")


def _feature(context: _Context, row: Row, drawn: Drawn) -> Feature:
    properties: dict[str, Any] = {"attributes": dict(row.attributes)}
    if drawn.derived:
        properties["derived"] = drawn.derived
    return Feature(
        id=feature_id(context.key, row.local_id),
        kind=Kind.CITY_OBJECT,
        class_name=row.class_name,
        source=_source(context, row),
        name=row.name,
        footprint=drawn.footprint,
        geographic=row.geographic,
        z_range=_z_range(drawn),
        properties=properties,
    )


def _source(context: _Context, row: Row) -> Source:
    return Source(file=context.file, sha256=context.digest, entity=row.entity)


def _z_range(drawn: Drawn) -> tuple[float, float] | None:
    heights = [corners[:, :, 2] for corners, _, _ in drawn.parts]
    heights += [np.array([[level.low, level.high]]) for level, _, _ in drawn.storeys]
    heights += [(mesh.vertices @ matrix[2, :3] + matrix[2, 3])[:, None] for mesh, _, matrix in drawn.instances]
    if not heights:
        return None
    return min(float(z.min()) for z in heights), max(float(z.max()) for z in heights)


def _reach(read: Rows, radius_m: float) -> float:
    points = shapely.get_coordinates(np.array([row.geometry for row in read.rows], dtype=object))
    farthest = float(np.abs(points).max(initial=1.0))
    return min(farthest + 50.0, radius_m * 1.5)
