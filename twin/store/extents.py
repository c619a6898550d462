"""What the features of a site are called and where they are, as columns: all that an index of places needs, without their properties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from spatial.mesh import Float64
from twin.store import schema
from twin.store.encode import BOX
from twin.store.sites import site_row

__all__ = ["Extents", "read_extents", "read_labels"]

FEATURE, IDENTITY, MODEL = schema.feature.c, schema.identity.c, schema.model.c
WORDS = ("kind", "class_name", "name", "long_name", "parent", "building", "storey", "space", "label")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extents:
    """Current features of a site by id (bytes), every label: `footprints` (n,) polygons or None, `z_ranges` (n, 2) and `boxes` (n, 2, 3)
    site metres, NaN for none; `scene_revision` says of which state, `area_m2` NaN where nobody measured it."""

    scene_revision: int
    ids: list[str]
    words: dict[str, list[str | None]]
    footprints: NDArray[np.object_]
    z_ranges: Float64
    boxes: Float64
    area_m2: Float64

    def __len__(self) -> int:
        return len(self.ids)


def read_extents(connection: Connection, site: str) -> Extents:
    """The extents of a site as this connection sees it; raises SiteUnknown."""
    row = site_row(connection, site)
    numbers = ("z_low", "z_high", *BOX, "area_m2")
    query = (
        select(IDENTITY.feature_id, *(FEATURE[name] for name in (*WORDS, "footprint", *numbers)))
        .join(schema.identity, IDENTITY.id == FEATURE.identity_id)
        .join(schema.model, MODEL.id == FEATURE.model_id)
        .where(FEATURE.revision_to.is_(None), MODEL.site_id == row["id"])
        .order_by(IDENTITY.feature_id)
    )
    found: list[Any] = [tuple(one) for one in connection.execute(query)]
    columns: list[Any] = list(zip(*found, strict=True)) if found else [()] * (2 + len(WORDS) + len(numbers))
    shared: dict[str | None, str | None] = {}
    words = {name: [shared.setdefault(cell, cell) for cell in columns[1 + i]] for i, name in enumerate(WORDS)}
    plain = np.array(columns[2 + len(WORDS) :], dtype=np.float64).reshape(len(numbers), -1).T
    shapes = np.empty(len(found), dtype=object)
    shapes[:] = shapely.from_wkb(np.array(columns[1 + len(WORDS)], dtype=object)) if found else []
    return Extents(
        scene_revision=int(row["scene_revision"]),
        ids=list(columns[0]),
        words=words,
        footprints=shapes,
        z_ranges=np.ascontiguousarray(plain[:, 0:2]),
        boxes=np.ascontiguousarray(plain[:, 2:8]).reshape(-1, 2, 3),
        area_m2=plain[:, 8],
    )


def read_labels(connection: Connection, site: str) -> dict[str, str]:
    """Id → label of every current feature of a site; raises SiteUnknown."""
    query = (
        select(IDENTITY.feature_id, FEATURE.label)
        .join(schema.identity, IDENTITY.id == FEATURE.identity_id)
        .join(schema.model, MODEL.id == FEATURE.model_id)
        .where(FEATURE.revision_to.is_(None), MODEL.site_id == site_row(connection, site)["id"])
    )
    return {str(feature_id): str(label) for feature_id, label in connection.execute(query)}
