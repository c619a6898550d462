"""Partition: which parts of a layer share one content, and where that content hangs in the tree.

A content holds one label, in a building one storey and one group, in a city layer one cell of a quadtree. A feature is
never divided. Each label is divided for itself: what one may not see must not show in how the rest is cut.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from spatial.feature import PUBLIC, Feature, Kind
from spatial.mesh import Float64
from spatial.scene import LayerKind
from tiles.geometry import Geometry, Ints
from tiles.limits import MAX_ROWS, MAX_TRIANGLES
from tiles.metadata import visible_id

__all__ = ["Group", "Plan", "group_of", "open_bounds", "partition"]

MAX_CITY_FEATURES = 2048
MAX_DEPTH = 16
# fmt: off
FABRIC = frozenset(
    {
        "IfcWall", "IfcSlab", "IfcRoof", "IfcDoor", "IfcWindow", "IfcStair", "IfcStairFlight", "IfcRamp", "IfcRampFlight",
        "IfcColumn", "IfcBeam", "IfcCurtainWall", "IfcPlate", "IfcMember", "IfcCovering", "IfcRailing", "IfcFooting", "IfcPile",
        "IfcChimney", "IfcShadingDevice", "IfcBuildingElementProxy", "IfcBuildingElement", "IfcBuiltElement",
        "IfcBuildingElementPart", "IfcElementAssembly", "IfcCivilElement", "IfcGeographicElement", "IfcEarthworksElement",
        "IfcEarthworksCut", "IfcEarthworksFill", "IfcReinforcedSoil", "IfcGeotechnicalStratum", "IfcCourse", "IfcPavement",
        "IfcKerb", "IfcRail", "IfcTrackElement", "IfcBearing", "IfcDeepFoundation", "IfcCaissonFoundation", "IfcMooringDevice",
        "IfcNavigationElement", "IfcVirtualElement",
    }
)
# fmt: on
SUBTYPE_ENDINGS = ("StandardCase", "ElementedCase")


class Group(StrEnum):
    """What a content of a building is for; a city or terrain content has the layer's kind."""

    FABRIC = "fabric"
    FURNISHING = "furnishing-and-equipment"
    SPACES = "spaces"
    CITY = "city"
    TERRAIN = "terrain"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plan:
    """One content to be: its parts (positions in the mesh set, ascending) and its place; `cell` is a quadkey, "" in a building."""

    label: str
    group: Group
    storey: str
    cell: str
    parts: Ints


def group_of(feature: Feature) -> Group:
    """The group of a building's feature: rooms are `spaces`, walls, slabs, windows … `fabric`, other elements furnishing or equipment."""
    if feature.kind is Kind.SPACE:
        return Group.SPACES
    if feature.kind is not Kind.ELEMENT:
        return Group.FABRIC
    name = feature.class_name
    for ending in SUBTYPE_ENDINGS:
        name = name.removesuffix(ending)
    return Group.FABRIC if name in FABRIC else Group.FURNISHING


def open_bounds(geometry: Geometry, features: Sequence[Feature]) -> Float64 | None:
    """Box (2, 3) of the public parts, None where there are none: what a layer's origin and quadtree may give away."""
    public = np.array([feature.label == PUBLIC for feature in features], dtype=bool)[geometry.part_feature]
    return np.array([geometry.part_low[public].min(axis=0), geometry.part_high[public].max(axis=0)]) if public.any() else None


def partition(kind: LayerKind, geometry: Geometry, features: Sequence[Feature], labels: Mapping[str, str]) -> list[Plan]:
    """The contents of a layer, in a fixed order.

    `features` are those the mesh set names, in its order; `labels` those of every feature of the layer.
    """
    keys = [_key(kind, feature, labels) for feature in features]
    order = sorted(set(keys))
    number = {key: index for index, key in enumerate(order)}
    part_key = np.array([number[key] for key in keys], dtype=np.int64)[geometry.part_feature]
    centres, weights = _feature_centres(geometry, len(features))
    bounds = open_bounds(geometry, features)
    plans: list[Plan] = []
    for index, (storey, group, label) in enumerate(order):
        parts = np.nonzero(part_key == index)[0]
        members = np.unique(geometry.part_feature[parts])
        if kind is LayerKind.BUILDING:
            cells = _halves(members, centres, weights)
        else:
            own = np.array([geometry.part_low[parts].min(axis=0), geometry.part_high[parts].max(axis=0)])
            cells = _quarters(members, centres, weights, own if bounds is None else bounds)
        for cell, chosen in cells:
            inside = parts[np.isin(geometry.part_feature[parts], chosen)]
            plans.append(Plan(label=label, group=Group(group), storey=storey, cell=cell, parts=inside))
    return plans


def _key(kind: LayerKind, feature: Feature, labels: Mapping[str, str]) -> tuple[str, str, str]:
    if kind is LayerKind.BUILDING:
        storey = feature.id if feature.kind is Kind.STOREY else feature.storey
        return visible_id(storey, feature.label, labels), group_of(feature).value, feature.label
    if feature.kind is Kind.SPACE:
        return visible_id(feature.storey, feature.label, labels), Group.SPACES.value, feature.label
    return "", Group.TERRAIN.value if kind is LayerKind.TERRAIN else Group.CITY.value, feature.label


def _feature_centres(geometry: Geometry, count: int) -> tuple[Float64, Ints]:
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, geometry.part_feature, geometry.part_low)
    np.maximum.at(high, geometry.part_feature, geometry.part_high)
    weights = np.zeros(count, dtype=np.int64)
    np.add.at(weights, geometry.part_feature, geometry.triangle_count[geometry.part_mesh])
    present = np.isfinite(low[:, 0])
    return np.where(present[:, None], (np.where(present[:, None], low, 0.0) + np.where(present[:, None], high, 0.0)) / 2, 0.0), weights


def _halves(members: Ints, centres: Float64, weights: Ints) -> list[tuple[str, Ints]]:
    if len(members) <= 1 or (len(members) <= MAX_ROWS and weights[members].sum() <= MAX_TRIANGLES):
        return [("", members)]
    points = centres[members]
    axis = int(np.argmax(points.max(axis=0) - points.min(axis=0)))
    order = np.argsort(points[:, axis], kind="stable")
    middle = len(order) // 2
    return _halves(np.sort(members[order[:middle]]), centres, weights) + _halves(np.sort(members[order[middle:]]), centres, weights)


def _quarters(members: Ints, centres: Float64, weights: Ints, bounds: Float64) -> list[tuple[str, Ints]]:
    centre = bounds.mean(axis=0)
    return _quarter("", members, centres, weights, centre[:2], float((bounds[1] - bounds[0])[:2].max()) / 2)


def _quarter(cell: str, members: Ints, centres: Float64, weights: Ints, middle: Float64, half: float) -> list[tuple[str, Ints]]:
    if len(members) <= 1 or (len(members) <= MAX_CITY_FEATURES and weights[members].sum() <= MAX_TRIANGLES):
        return [(cell, members)]
    if len(cell) >= MAX_DEPTH:
        return [(cell, chunk) for _, chunk in _halves(members, centres, weights)]
    east = centres[members, 0] >= middle[0]
    north = centres[members, 1] >= middle[1]
    result: list[tuple[str, Ints]] = []
    for digit in range(4):
        chosen = members[(east == bool(digit & 1)) & (north == bool(digit & 2))]
        if len(chosen):
            step = np.array([half / 2 if digit & 1 else -half / 2, half / 2 if digit & 2 else -half / 2])
            result += _quarter(cell + str(digit), chosen, centres, weights, middle + step, half / 2)
    return result
