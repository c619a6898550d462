"""Merging models: which city building gives way to which BIM building, and by which overlap.

A city building is *replaced* where the BIM buildings together cover at least `min_overlap` of its footprint; or where BIM
buildings that each lie in it with at least `min_overlap` of their own footprint together cover at least `min_city_share` of it
(a city footprint is often drawn too large, or one block stands for several buildings, yet a whole block must not vanish for a
kiosk in it). Heights play no part. Its descendants go with it, and a city building all of whose parts are replaced goes too.
Nothing is kept between calls: where a model is gone, or stands elsewhere in a new revision, the city building is back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature

__all__ = ["Replacement", "find_replacements", "replaced_by_buildings"]

MIN_OVERLAP = 0.5
MIN_CITY_SHARE = 0.25
CANDIDATES = frozenset({"Building", "BuildingPart"})
Reason = Literal["covered", "contains", "goes with", "all parts replaced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Why a city feature gives way to `building`, the BIM building that overlaps it most.

    `covered`: the BIM buildings `together` cover enough of it; `contains`: they lie in it; then `overlap_m2` is what it shares
    with `building`, `city_share` what they all cover of its footprint, `building_share` what of `building` lies in it.
    `goes with` names in `because_of` the feature it lies under, `all parts replaced` the first of its parts.
    """

    building: str
    reason: Reason
    together: tuple[str, ...] = ()
    overlap_m2: float | None = None
    city_share: float | None = None
    building_share: float | None = None
    because_of: str | None = None


def replaced_by_buildings(
    bim_buildings: Sequence[Feature],
    city: Sequence[Feature],
    *,
    min_overlap: float = MIN_OVERLAP,
    min_city_share: float = MIN_CITY_SHARE,
) -> dict[str, str]:
    """City feature id → id of the BIM building that takes its place, city order; `find_replacements` without the evidence."""
    found = find_replacements(bim_buildings, city, min_overlap=min_overlap, min_city_share=min_city_share)
    return {name: replacement.building for name, replacement in found.items()}


def find_replacements(
    bim_buildings: Sequence[Feature],
    city: Sequence[Feature],
    *,
    min_overlap: float = MIN_OVERLAP,
    min_city_share: float = MIN_CITY_SHARE,
) -> dict[str, Replacement]:
    """City feature id → what takes its place and why, city order.

    Only city features of class Building and BuildingPart are looked at, their descendants follow; footprints are site xy
    metres; features without an area take no part. Example: a BIM plan of 10 × 10 m in a city plan of 12 × 12 m covers 69 % of
    it: replaced.
    """
    bim = [feature for feature in bim_buildings if _area(feature) > 0]
    candidates = [feature for feature in city if feature.class_name in CANDIDATES and _area(feature) > 0]
    found: dict[str, Replacement] = {}
    if bim and candidates:
        plans = np.array([_plan(feature) for feature in bim], dtype=object)
        tree = shapely.STRtree(plans)
        for feature in candidates:
            replacement = _replacement(feature, bim, plans, tree.query(_plan(feature), predicate="intersects"), min_overlap, min_city_share)
            if replacement is not None:
                found[feature.id] = replacement
    _spread(found, city)
    return {feature.id: found[feature.id] for feature in city if feature.id in found}


def _replacement(
    feature: Feature,
    bim: Sequence[Feature],
    plans: np.ndarray[tuple[int], np.dtype[np.object_]],
    touched: np.ndarray[tuple[int], np.dtype[np.int64]],
    min_overlap: float,
    min_city_share: float,
) -> Replacement | None:
    if not len(touched):
        return None
    plan, area = _plan(feature), _area(feature)
    overlaps = shapely.area(shapely.intersection(plans[touched], plan))
    own_shares = overlaps / shapely.area(plans[touched])
    inside = own_shares >= min_overlap
    covered, contained = (float(shapely.intersection(shapely.union_all(plans[touched[some]]), plan).area) / area for some in (..., inside))
    if covered < min_overlap and contained < min_city_share:
        return None
    largest = int(np.argmax(overlaps))
    return Replacement(
        building=bim[int(touched[largest])].id,
        reason="covered" if covered >= min_overlap else "contains",
        together=tuple(
            bim[int(k)].id for k in touched[np.argsort(-overlaps, kind="stable")] if shapely.area(plans[k].intersection(plan)) > 0
        ),
        overlap_m2=float(overlaps[largest]),
        city_share=covered,
        building_share=float(own_shares[largest]),
    )


def _spread(found: dict[str, Replacement], city: Sequence[Feature]) -> None:
    children: dict[str, list[Feature]] = {}
    for feature in city:
        if feature.parent is not None:
            children.setdefault(feature.parent, []).append(feature)
    _give_down(found, list(found), children)
    pending = True
    while pending:
        pending = False
        for name, below in children.items():
            parts = [child for child in below if child.class_name == "BuildingPart"]
            if name not in found and parts and all(part.id in found for part in parts):
                found[name] = Replacement(building=found[parts[0].id].building, reason="all parts replaced", because_of=parts[0].id)
                _give_down(found, [name], children)
                pending = True


def _give_down(found: dict[str, Replacement], names: Iterable[str], children: dict[str, list[Feature]]) -> None:
    stack = list(names)
    while stack:
        name = stack.pop()
        for child in children.get(name, ()):
            if child.id not in found:
                found[child.id] = Replacement(building=found[name].building, reason="goes with", because_of=name)
                stack.append(child.id)


def _plan(feature: Feature) -> BaseGeometry:
    plan = feature.footprint if feature.footprint is not None else shapely.Polygon()
    return plan if plan.is_valid else shapely.make_valid(plan, method="structure")


def _area(feature: Feature) -> float:
    return 0.0 if feature.footprint is None else float(_plan(feature).area)
