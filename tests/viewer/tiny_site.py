"""A tiny compound for the page: two houses of three storeys, rooms, desks, a city block and the ground, and its documents."""

from dataclasses import dataclass, field

import numpy as np

from spatial.frame import Site, SiteFrame
from tests.viewer.tiny_tiles import Box, glb_of, tileset_of

__all__ = ["STOREY_HEIGHT_M", "TinySite"]

SITE = Site(code="tiny", name="屏山小院", lon=119.30, lat=26.10, height_m=30.0, crs="EPSG:4549", geoid_separation_m=10.0)
STOREY_HEIGHT_M = 3.6
WALL_M = 0.24
STATED = {"pset": "Qto_SpaceBaseQuantities", "name": "NetFloorArea", "value": 41.2, "unit": "m²", "value_si": 41.2}
ROOM_NAMES = ("档案室", "会议室")
Corner = tuple[float, float, float]


@dataclass(slots=True)
class TinySite:
    """Boxes by tileset, features by id, and the JSON the service would answer."""

    frame: SiteFrame = field(default_factory=lambda: SiteFrame.of(SITE))
    layers: dict[str, list[Box]] = field(default_factory=dict)
    buildings: list[dict[str, object]] = field(default_factory=list)
    features: dict[str, dict[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._add_house("east", "东楼", 8.0)
        self._add_house("west", "西楼", -32.0)
        self.layers["city"] = [
            Box(
                id="city:block",
                low=(-20, 40, 0),
                high=(10, 55, 12),
                class_name="Building",
                name="民居",
                kind="city_object",
                rgba=(0.7, 0.6, 0.55, 1),
            )
        ]
        self.layers["terrain"] = [
            Box(
                id="terrain:ground",
                low=(-120, -120, -2),
                high=(120, 120, -0.02),
                class_name="TINRelief",
                kind="terrain",
                rgba=(0.5, 0.6, 0.4, 1),
            )
        ]
        for key in ("city", "terrain"):
            for box in self.layers[key]:
                self._add_feature(box, [], {})

    def site(self) -> dict[str, object]:
        """GET /sites/tiny."""
        kinds = {"east": "building", "west": "building", "city": "city", "terrain": "terrain"}
        return {
            "code": SITE.code,
            "name": SITE.name,
            "origin": {"lon": SITE.lon, "lat": SITE.lat, "height_m": SITE.height_m},
            "to_ecef": self.frame.to_ecef.T.reshape(-1).tolist(),
            "revision": "r7",
            "tilesets": [
                {
                    "key": key,
                    "kind": kinds[key],
                    "name": key,
                    "url": f"/tiles/tiny/{key}/tileset.json",
                    "building_ids": [f"{key}:building"] if kinds[key] == "building" else [],
                    "z_range": [min(box.low[2] for box in boxes), max(box.high[2] for box in boxes)],
                }
                for key, boxes in self.layers.items()
            ],
            "counts": {
                "buildings": 2,
                "storeys": 6,
                "rooms": 12,
                "elements": sum(len(self.layers[key]) for key in ("east", "west")) - 12,
                "city_objects": 1,
                **dict.fromkeys(
                    ("cameras", "gates", "zones", "guard_posts", "perimeter_segments", "doors", "fire_points", "panic_buttons", "lifts"), 0
                ),
            },
            "bounds": {"site_xyz": [[-120, -120, -2], [120, 120, 12]]},
        }

    def tree(self) -> dict[str, object]:
        """GET /sites/tiny/tree."""
        return {"site": {"code": SITE.code, "name": SITE.name}, "buildings": self.buildings}

    def unplaced_tree(self) -> dict[str, object]:
        """The same where no model has a place yet: nothing is in the site's frame, and one building has no name."""
        nowhere = {"tileset_key": None, "centre": None, "radius_m": None, "z_range": None}
        west, east = ({**building, **nowhere, "storeys": []} for building in reversed(self.buildings))
        return {"site": {"code": SITE.code, "name": SITE.name}, "buildings": [west | {"name": None}, east]}

    def children(self, storey: str) -> list[dict[str, object]]:
        """The rooms of a storey, as entries of a page."""
        return [feature for feature in self.features.values() if feature["kind"] == "space" and feature["parent"] == storey]

    def tileset(self, key: str) -> dict[str, object]:
        """tileset.json of a layer."""
        return tileset_of(self.layers[key], self._origin(key), self.frame.to_ecef)

    def glb(self, key: str) -> bytes:
        """content.glb of a layer."""
        return glb_of(self.layers[key], self._origin(key))

    def lon_lat_height(self, xyz: Corner) -> dict[str, float]:
        """A site-frame point as the service writes it."""
        lon, lat, height = (float(number) for number in self.frame.to_lon_lat_height([xyz])[0])
        return {"lon": lon, "lat": lat, "height_m": height}

    def _origin(self, key: str) -> Corner:
        low = np.min([box.low for box in self.layers[key]], axis=0)
        return float(low[0]), float(low[1]), 1.5

    def _add_house(self, key: str, name: str, east: float) -> None:
        """12 m by 8 m, three storeys of two rooms, a desk in each, and a slab over each storey."""
        boxes: list[Box] = []
        storeys: list[dict[str, object]] = []
        building = f"{key}:building"
        self.layers[key] = boxes
        for level in range(3):
            z = level * STOREY_HEIGHT_M
            storey = f"{key}:storey{level}"
            path = [(building, "building", name, None), (storey, "storey", f"F{level + 1}", f"{level + 1}层")]
            self._add_storey(boxes, key, storey, path, east, z, level)
            entry = {
                "id": storey,
                "name": f"F{level + 1}",
                "long_name": f"{level + 1}层",
                "elevation_m": z,
                "z_range": [z, z + STOREY_HEIGHT_M],
            }
            storeys.append(entry | {"rooms": 2, "elements": 8})
            self._add_node(
                storey,
                "storey",
                "IfcBuildingStorey",
                f"F{level + 1}",
                f"{level + 1}层",
                building,
                path[:1],
                (east, -4, z),
                (east + 12, 4, z + 3.6),
            )
        top = 3 * STOREY_HEIGHT_M
        self._add_node(building, "building", "IfcBuilding", name, None, None, [], (east, -4, 0), (east + 12, 4, top))
        self.buildings.append(
            {
                "id": building,
                "name": name,
                "long_name": None,
                "tileset_key": key,
                "centre": self.lon_lat_height((east + 6, 0, top / 2)),
                "radius_m": 9.0,
                "z_range": [0, top],
                "rooms": 6,
                "elements": 24,
                "storeys": storeys,
            }
        )

    def _add_storey(
        self, boxes: list[Box], key: str, storey: str, path: list[tuple[str, str, str, str | None]], east: float, z: float, level: int
    ) -> None:
        up = z + STOREY_HEIGHT_M - 0.2
        walls = [
            ((east, -4, z), (east + 12, -4 + WALL_M, up)),
            ((east, 4 - WALL_M, z), (east + 12, 4, up)),
            ((east, -4, z), (east + WALL_M, 4, up)),
            ((east + 12 - WALL_M, -4, z), (east + 12, 4, up)),
            ((east + 6, -4, z), (east + 6 + WALL_M, 4, up)),
        ]
        for index, (low, high) in enumerate(walls):
            box = Box(id=f"{key}:wall{level}{index}", low=low, high=high, class_name="IfcWall", name=f"墙{index}", storey=storey)
            self._add(boxes, box, path, {"property_sets": {"Pset_WallCommon": {"IsExternal": index < 4, "LoadBearing": True}}})
        slab = Box(
            id=f"{key}:slab{level}",
            low=(east, -4, up),
            high=(east + 12, 4, up + 0.2),
            class_name="IfcSlab",
            storey=storey,
            rgba=(0.6, 0.6, 0.6, 1),
        )
        self._add(boxes, slab, path, {})
        for index, room_name in enumerate(ROOM_NAMES):
            x = east + index * 6 + 0.3
            number = f"{level + 1}0{index + 1}"
            room_id = f"{key}:room{number}"
            room = Box(
                id=room_id,
                low=(x, -3.7, z + 0.03),
                high=(x + 5.5, 3.7, up - 0.03),
                class_name="IfcSpace",
                name=room_name,
                kind="space",
                storey=storey,
                rgba=(0.75, 0.85, 0.95, 0.35),
            )
            area = {"measured": {"area_m2": 40.7, "volume_m3": 134.3}, "declared": [STATED] if index == 0 else []}
            self._add(boxes, room, path, area, name=number, long_name=room_name)
            desk = Box(
                id=f"{key}:desk{number}",
                low=(x + 2, -1, z),
                high=(x + 3.6, -0.2, z + 0.75),
                class_name="IfcFurniture",
                name="办公桌",
                storey=storey,
                space=room_id,
                rgba=(0.5, 0.33, 0.2, 1),
            )
            self._add(boxes, desk, [*path, (room_id, "space", number, room_name)], {"type": {"name": "办公桌 1600"}})

    def _add(
        self,
        boxes: list[Box],
        box: Box,
        path: list[tuple[str, str, str, str | None]],
        properties: dict[str, object],
        name: str | None = None,
        long_name: str | None = None,
    ) -> None:
        boxes.append(box)
        self._add_feature(box, path, properties, name, long_name)

    def _add_feature(
        self,
        box: Box,
        path: list[tuple[str, str, str, str | None]],
        properties: dict[str, object],
        name: str | None = None,
        long_name: str | None = None,
    ) -> None:
        parent = path[-1][0] if path else None
        self._add_node(box.id, box.kind, box.class_name, name or box.name or None, long_name, parent, path, box.low, box.high, properties)

    def _add_node(
        self,
        id_: str,
        kind: str,
        class_name: str,
        name: str | None,
        long_name: str | None,
        parent: str | None,
        path: list[tuple[str, str, str, str | None]],
        low: Corner,
        high: Corner,
        properties: dict[str, object] | None = None,
    ) -> None:
        middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2)
        steps = [*path, (id_, kind, name, long_name)]
        ancestors = {kind_: step_id for step_id, kind_, _, _ in path}
        measured = (properties or {}).get("measured")
        self.features[id_] = {
            "id": id_,
            "kind": kind,
            "class": class_name,
            "name": name,
            "long_name": long_name,
            "label": "public",
            "parent": parent,
            "path": [{"id": a, "kind": b, "name": c, "long_name": d} for a, b, c, d in steps],
            "building": ancestors.get("building"),
            "storey": ancestors.get("storey"),
            "space": ancestors.get("space"),
            "z_range": [low[2], high[2]],
            "centre": self.lon_lat_height(middle),
            "radius_m": float(np.linalg.norm(np.array(high) - np.array(low)) / 2),
            "counts": {"space": 2, "element": 8} if kind == "storey" else {},
            "area_m2": measured["area_m2"] if isinstance(measured, dict) else None,
            "properties": properties or {},
            "source": {"file": "tiny.ifc", "sha256": "ab" * 32, "entity": "#42", "global_id": id_.partition(":")[2]},
            "revision": {"id": "tiny-1", "number": 1, "imported_at": "2026-11-24T02:00:00+00:00", "who": "张工", "tool": "twin 0.1"},
        }
