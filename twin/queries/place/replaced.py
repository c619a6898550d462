"""What of the city gives way to models of buildings and is not drawn, as rows of a site's columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial.feature import Feature, FeatureId, Kind
from spatial.merge import replaced_by_buildings
from spatial.source import Source
from twin.store.extents import Extents

__all__ = ["replaced_rows"]


def replaced_rows(extents: Extents) -> NDArray[np.bool_]:
    """Whether each row is a city object whose place a model of a building takes, or lies in one: the tiles leave the same out."""
    kinds, building = extents.words["kind"], extents.words["building"]
    models, city = ([_feature(extents, row) for row, kind in enumerate(kinds) if kind == one] for one in ("building", "city_object"))
    gone = replaced_by_buildings(models, city)
    return np.array([name in gone or above in gone for name, above in zip(extents.ids, building, strict=True)], dtype=bool)


def _feature(extents: Extents, row: int) -> Feature:
    """As much of a feature as decides what replaces what."""
    words, name = extents.words, extents.ids[row]
    parent = words["parent"][row]
    return Feature(
        id=FeatureId(name),
        kind=Kind(str(words["kind"][row])),
        class_name=str(words["class_name"][row]),
        source=Source(file="", sha256="", entity=""),
        parent=None if parent is None else FeatureId(parent),
        footprint=extents.footprints[row],
    )
