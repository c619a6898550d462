"""The scene of a site for routes, read from the store and the mesh packs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from spatial.mesh import Float64, MeshSet, read_mesh_set
from twin.errors import StoreUnavailable
from twin.queries.routes.roads import Direction, direction_of, speed_of
from twin.queries.routes.rules import Rules
from twin.queries.routes.scene import BARRED, GATE, ROAD, SURFACES, BuildingScene, Door, Lift, Room, SiteScene, Slab, Stair, Way
from twin.settings import Settings
from twin.store import FeatureRow, Labels, RevisionRow, Store

__all__ = ["read_scene"]

DOORS = ("IfcDoor", "IfcDoorStandardCase")
WALLS = (
    "IfcWall", "IfcWallStandardCase", "IfcWallElementedCase", "IfcCurtainWall", "IfcPlate", "IfcMember", "IfcWindow",
    "IfcWindowStandardCase", "IfcColumn", "IfcColumnStandardCase", "IfcRailing",
)  # fmt: skip
STAIRS = ("IfcStair", "IfcRamp")
FLIGHTS = ("IfcStairFlight", "IfcRampFlight", "IfcSlab", "IfcSlabStandardCase")
LIFTS = ("IfcTransportElement",)
SLABS = FLIGHTS[2:]
ROOFS = ("ROOF", "LANDING")
TERRAIN = "TINRelief"
NAMED = (*DOORS, *STAIRS, *LIFTS, "IfcStairFlight", "IfcRampFlight")
DOOR_M = 0.3
"""What is narrower in plan is no door that anybody goes through."""
GATE_M = 1.0
"""How far the line of a gate in a register may lie from the gate that is drawn."""
BELOW_M = 1.0
"""Heights of registers are surveyed at the ground or on it: what is walked on may lie a little lower."""
LEVEL = 0.7
"""Cosine: faces flatter than 45° are walked on."""


def read_scene(store: Store, settings: Settings, site: str, labels: Labels, rules: Rules) -> SiteScene:
    """A site's scene as the reader may know of it; raises SiteUnknown."""
    revision = store.scene_revision(site)
    by_model: dict[str, list[FeatureRow]] = {}
    for row in store.features(site, labels):
        by_model.setdefault(row.model_key, []).append(row)
    hidden = [] if labels is None else _hidden(store, site, by_model)
    buildings: list[BuildingScene] = []
    ways: list[Way] = []
    ground: list[Float64] = [np.empty((0, 3, 3))]
    frame = SiteFrame.of(store.get_site(site))
    for current in store.list_models(site):
        rows = by_model.get(current.model_key, [])
        if current.kind == "bim":
            buildings += _buildings(rows, _load(settings, current), rules, hidden)
        else:
            ways += _ways(rows, rules, frame)
            ground.append(_ground(rows, _load(settings, current)))
    features = [row.feature for rows in by_model.values() for row in rows]
    return SiteScene(
        site=site,
        revision=revision,
        buildings=tuple(buildings),
        ways=tuple(ways),
        ground=np.concatenate(ground),
        names={feature.id: _name(feature) for feature in features if feature.kind is not Kind.ELEMENT or feature.class_name in NAMED},
        storey_names={feature.id: feature.name or "" for feature in features if feature.kind is Kind.STOREY},
        areas=_areas(features),
    )


def _areas(features: Iterable[Feature]) -> dict[str, tuple[BaseGeometry, tuple[float, float]]]:
    """What of registers is closed by where it lies: zones, and gates by the strip along their line in which the drawn gate stands."""
    found: dict[str, tuple[BaseGeometry, tuple[float, float]]] = {}
    for feature in features:
        if feature.kind in (Kind.ZONE, Kind.GATE) and feature.footprint is not None and feature.z_range is not None:
            outline = feature.footprint if feature.kind is Kind.ZONE else feature.footprint.buffer(GATE_M, cap_style="flat")
            if outline.area > 0:
                found[feature.id] = (outline, (feature.z_range[0] - BELOW_M, feature.z_range[1]))
    return found


def _load(settings: Settings, revision: RevisionRow) -> MeshSet | None:
    if revision.mesh_pack is None:
        return None
    try:
        meshes = read_mesh_set(settings.meshes_dir / revision.mesh_pack)
    except FileNotFoundError:
        message = f"the meshes of model {revision.model_key} are gone"
        raise StoreUnavailable(message, path=revision.mesh_pack, code="MESHES_MISSING", hint="restore them, or import it again") from None
    return meshes if revision.similarity is None else meshes.moved(np.array(revision.similarity))


def _hidden(store: Store, site: str, known: Mapping[str, Sequence[FeatureRow]]) -> list[Feature]:
    seen = {row.feature.id for rows in known.values() for row in rows}
    return [row.feature for row in store.features(site, None, kinds={Kind.SPACE}) if row.feature.id not in seen]


def _buildings(rows: Sequence[FeatureRow], meshes: MeshSet | None, rules: Rules, hidden: Sequence[Feature]) -> list[BuildingScene]:
    groups: dict[str, list[Feature]] = {}
    for row in rows:
        if row.feature.kind in (Kind.SPACE, Kind.ELEMENT):
            groups.setdefault(row.feature.building or "", []).append(row.feature)
    wanted = [row.feature.id for row in rows if row.feature.class_name in (*DOORS, *WALLS, *STAIRS, *FLIGHTS, *LIFTS)]
    corners = {} if meshes is None else _triangles(meshes.selected(wanted))
    return [_building(name, features, corners, rules, [one for one in hidden if one.building == name]) for name, features in groups.items()]


def _building(
    name: str, features: Sequence[Feature], corners: Mapping[str, Float64], rules: Rules, hidden: Sequence[Feature]
) -> BuildingScene:
    spaces = [feature for feature in features if feature.kind is Kind.SPACE]
    drawn = [feature for feature in features if feature.id in corners]
    rooms = [_room(space, space.footprint, space.z_range, rules) for space in spaces if space.footprint is not None and space.z_range]
    walls = [corners[feature.id] for feature in drawn if feature.class_name in WALLS]
    return BuildingScene(
        id=name,
        rooms=tuple(rooms),
        doors=tuple(_door(feature, corners[feature.id]) for feature in drawn if _is_door(feature, corners[feature.id])),
        stairs=tuple(_stairs(features, corners)),
        lifts=tuple(_lift(feature, corners[feature.id]) for feature in drawn if feature.class_name in LIFTS),
        slabs=tuple(_slab(feature, corners[feature.id]) for feature in drawn if _is_floor(feature)),
        walls=np.concatenate([np.empty((0, 3, 3)), *walls]),
        shapeless=tuple(space for space in spaces if space.footprint is None or not space.z_range),
        hidden=tuple((one.footprint, one.z_range[0]) for one in hidden if one.footprint is not None and one.z_range),
    )


def _room(space: Feature, outline: BaseGeometry, z_range: tuple[float, float], rules: Rules) -> Room:
    said = " ".join(filter(None, (space.name, space.long_name, str(space.properties.get("attributes", {}).get("description", ""))))).lower()
    boundaries: Iterable[Mapping[str, Any]] = space.properties.get("boundaries", ())
    return Room(
        id=space.id,
        name=_name(space),
        storey=space.storey,
        building=space.building,
        outline=outline,
        floor_z=z_range[0],
        top_z=z_range[1],
        use=next((kind for kind in ("lift", "stair") if any(word in said for word in rules.words[kind])), ""),
        doors=frozenset(row["element"] for row in boundaries if row["element"] and row["element_class"] in DOORS),
    )


def _is_door(feature: Feature, corners: Float64) -> bool:
    return feature.class_name in DOORS and bool(np.ptp(corners[:, :, :2].reshape(-1, 2), axis=0).max() > DOOR_M)


def _door(feature: Feature, corners: Float64) -> Door:
    plan = shapely.MultiPoint(corners[:, :, :2].reshape(-1, 2))
    ring = shapely.get_coordinates(shapely.minimum_rotated_rectangle(plan))
    sides = np.diff(ring[:3], axis=0) if len(ring) > 3 else np.array([ring[-1] - ring[0], [0.0, 0.0]])
    lengths = np.linalg.norm(sides, axis=1)
    along = sides[lengths.argmax()] / lengths.max()
    external = feature.properties.get("property_sets", {}).get("Pset_DoorCommon", {}).get("IsExternal")
    return Door(
        id=feature.id,
        name=_name(feature),
        building=feature.building,
        storey=feature.storey,
        middle=ring[:-1].mean(axis=0) if len(ring) > 3 else ring.mean(axis=0),
        normal=np.array([-along[1], along[0]]),
        width_m=float(lengths.max()),
        thickness_m=float(lengths.min()),
        sill_z=float(corners[:, :, 2].min()),
        external=external if isinstance(external, bool) else None,
    )


def _stairs(features: Sequence[Feature], corners: Mapping[str, Float64]) -> list[Stair]:
    """Stairs with their flights and landings; a flight that belongs to none is one by itself."""
    whole: dict[str, Feature] = {feature.id: feature for feature in features if feature.class_name in STAIRS}
    parts: dict[str, list[Float64]] = {}
    for feature in features:
        if feature.id in corners and feature.class_name in (*STAIRS, *FLIGHTS):
            home = feature.parent if feature.parent in whole else feature.id if feature.class_name not in SLABS else None
            if home is not None:
                parts.setdefault(home, []).append(_walked_on(corners[feature.id]))
                whole.setdefault(home, feature)
    return [_stair(whole[name], np.concatenate(found)) for name, found in parts.items() if sum(map(len, found))]


def _stair(feature: Feature, triangles: Float64) -> Stair:
    ramp = feature.class_name.startswith("IfcRamp")
    return Stair(id=feature.id, name=_name(feature), storey=feature.storey, building=feature.building, triangles=triangles, ramp=ramp)


def _is_floor(feature: Feature) -> bool:
    return feature.class_name in SLABS and feature.properties.get("attributes", {}).get("predefined_type") not in ROOFS


def _slab(feature: Feature, corners: Float64) -> Slab:
    return Slab(id=feature.id, name=_name(feature), storey=feature.storey, building=feature.building, triangles=_walked_on(corners))


def _walked_on(triangles: Float64) -> Float64:
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    level: NDArray[np.bool_] = normals[:, 2] > LEVEL * np.linalg.norm(normals, axis=1) + 1e-12
    return np.asarray(triangles[level])


def _lift(feature: Feature, corners: Float64) -> Lift:
    outline = shapely.MultiPoint(corners[:, :, :2].reshape(-1, 2)).convex_hull
    z = corners[:, :, 2]
    return Lift(id=feature.id, name=_name(feature), outline=outline, z_range=(float(z.min()), float(z.max())))


def _ways(rows: Sequence[FeatureRow], rules: Rules, frame: SiteFrame) -> list[Way]:
    found = []
    for feature in (row.feature for row in rows):
        if feature.footprint is None or feature.class_name not in (*SURFACES, *BARRED, GATE):
            continue
        if not feature.footprint.area and feature.class_name != "Fence":
            continue
        attributes = feature.properties.get("attributes", {})
        kind = str(attributes.get("kind", ""))
        is_gate = feature.class_name == GATE
        line = _line(feature, frame) if feature.class_name == ROAD else None
        found.append(
            Way(
                id=feature.id,
                name=_name(feature),
                class_name=feature.class_name,
                outline=feature.footprint,
                modes=rules.gates.get(kind, frozenset({"walk"})) if is_gate else frozenset(),
                kind_known=not is_gate or kind in rules.gates,
                line=line,
                direction=_direction(attributes, line),
                m_per_s=speed_of(attributes) if feature.class_name == ROAD else None,
            )
        )
    return found


def _line(feature: Feature, frame: SiteFrame) -> BaseGeometry | None:
    """The line that a road was drawn as, in site xy metres; None where it was drawn as a surface."""
    drawn = feature.geographic
    if drawn is None or drawn.is_empty or shapely.get_dimensions(drawn) != 1:
        return None
    moved: BaseGeometry = shapely.transform(
        shapely.force_2d(drawn),
        lambda points: frame.from_lon_lat_height(np.column_stack([points, np.full(len(points), frame.site.height_m)]))[:, :2],
    )
    return moved


def _direction(attributes: Mapping[str, Any], line: BaseGeometry | None) -> Direction:
    """A direction along a line that is not drawn is none that anybody knows."""
    said = direction_of(attributes)
    return Direction.UNKNOWN if line is None and said in (Direction.AHEAD, Direction.BACK) else said


def _ground(rows: Sequence[FeatureRow], meshes: MeshSet | None) -> Float64:
    drawn = [row.feature.id for row in rows if row.feature.class_name in (*SURFACES, TERRAIN)]
    found = {} if meshes is None else _triangles(meshes.selected(drawn))
    return np.concatenate([np.empty((0, 3, 3)), *found.values()])


def _triangles(meshes: MeshSet) -> dict[str, Float64]:
    parts: dict[str, list[Float64]] = {}
    for part in range(meshes.parts):
        corners = meshes.part_vertices(part)[meshes.meshes[meshes.part_mesh[part]].triangles]
        parts.setdefault(meshes.features[meshes.part_feature[part]], []).append(corners)
    return {name: np.concatenate(found) for name, found in parts.items()}


def _name(feature: Feature) -> str:
    parts: Collection[str | None] = (feature.name, feature.long_name if feature.kind is Kind.SPACE else None)
    return " ".join(dict.fromkeys(part for part in parts if part)) or feature.id
