"""Merging models: which city building gives way to which BIM building.

A city building is *replaced* where the BIM buildings together cover at least `min_overlap` of its footprint; or where it
holds at least `min_overlap` of one BIM building's footprint and that building covers at least `min_city_share` of it (a
city footprint is often drawn too large, yet a whole block must not vanish for a kiosk in it). Heights play no part. Its
descendants go with it, and a city building all of whose parts are replaced goes too.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature

__all__ = ["replaced_by_buildings"]

MIN_OVERLAP = 0.5
MIN_CITY_SHARE = 0.25


def replaced_by_buildings(
    bim_buildings: Sequence[Feature],
    city: Sequence[Feature],
    *,
    min_overlap: float = MIN_OVERLAP,
    min_city_share: float = MIN_CITY_SHARE,
) -> dict[str, str]:
    """City feature id → id of the BIM building that takes its place (the one that overlaps it most), city order.

    Only city features of a class `Building…` are looked at, their descendants follow; footprints are site xy metres; features
    without an area take no part. Example: a BIM plan of 10 × 10 m on a city plan of 12 × 12 m shares 69 % of it: replaced.
    """
    bim = [feature for feature in bim_buildings if _area(feature) > 0]
    candidates = [feature for feature in city if feature.class_name.startswith("Building") and _area(feature) > 0]
    found: dict[str, str] = {}
    if bim and candidates:
        plans = np.array([_plan(feature) for feature in bim], dtype=object)
        tree = shapely.STRtree(plans)
        for feature in candidates:
            building = _replacement(feature, bim, plans, tree.query(_plan(feature), predicate="intersects"), min_overlap, min_city_share)
            if building is not None:
                found[feature.id] = building
    _spread(found, city)
    return {feature.id: found[feature.id] for feature in city if feature.id in found}


def _replacement(
    feature: Feature,
    bim: Sequence[Feature],
    plans: np.ndarray[tuple[int], np.dtype[np.object_]],
    touched: np.ndarray[tuple[int], np.dtype[np.int64]],
    min_overlap: float,
    min_city_share: float,
) -> str | None:
    if not len(touched):
        return None
    plan, area = _plan(feature), _area(feature)
    overlaps = shapely.area(shapely.intersection(plans[touched], plan))
    together = float(shapely.intersection(shapely.union_all(plans[touched]), plan).area)
    city_shares, own_shares = overlaps / area, overlaps / shapely.area(plans[touched])
    inside = bool(((own_shares >= min_overlap) & (city_shares >= min_city_share)).any())
    if together / area < min_overlap and not inside:
        return None
    return bim[int(touched[int(np.argmax(overlaps))])].id


def _spread(found: dict[str, str], city: Sequence[Feature]) -> None:
    children: dict[str, list[Feature]] = {}
    for feature in city:
        if feature.parent is not None:
            children.setdefault(feature.parent, []).append(feature)
    _give_down(found, list(found), children)
    pending = True
    while pending:
        pending = False
        for name, below in children.items():
            parts = [child for child in below if child.class_name.startswith("Building")]
            if name not in found and parts and all(part.id in found for part in parts):
                found[name] = found[parts[0].id]
                _give_down(found, [name], children)
                pending = True


def _give_down(found: dict[str, str], names: Iterable[str], children: dict[str, list[Feature]]) -> None:
    stack = list(names)
    while stack:
        name = stack.pop()
        for child in children.get(name, ()):
            if child.id not in found:
                found[child.id] = found[name]
                stack.append(child.id)


def _plan(feature: Feature) -> BaseGeometry:
    plan = feature.footprint if feature.footprint is not None else shapely.Polygon()
    return plan if plan.is_valid else shapely.make_valid(plan, method="structure")


def _area(feature: Feature) -> float:
    return 0.0 if feature.footprint is None else float(_plan(feature).area)
