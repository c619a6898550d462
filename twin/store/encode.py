"""Between features and rows of the `feature` table: WKB, content hash, order among siblings."""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import RowMapping

from spatial.feature import Feature, FeatureId, Kind
from spatial.frame import SiteFrame
from spatial.mesh import Float64
from spatial.source import Source
from twin.store.degrees import EXTENT, extents
from twin.store.rows import FeatureRow
from twin.store.values import from_json, to_json, to_text

__all__ = ["BOX", "CONTENT", "decoded_features", "encoded_features", "order_key"]

BOX = ("x_min", "y_min", "z_min", "x_max", "y_max", "z_max")
PLACE = ("footprint", *BOX, "z_low", "z_high")
TREE = ("parent", "building", "storey", "space")
CONTENT = ("kind", "class_name", "name", "long_name", *TREE, "label", "global_id", "properties", *PLACE)
"""The columns that make a state of a feature: another value of one of them is another row."""

GRID_M = 1e-5
DIGITS = re.compile(r"\d+")


def order_key(feature: Feature) -> str:
    """What siblings are listed by: storeys from below, else by name with numbers as numbers (`9` before `10`), else by id."""
    name = feature.name or feature.long_name or feature.id
    natural = DIGITS.sub(lambda digits: digits[0].zfill(12), name.casefold())
    if feature.kind is Kind.STOREY and feature.z_range is not None and math.isfinite(feature.z_range[0]):
        return f"{round(feature.z_range[0] * 1000) + 10**9:011d} {natural}"
    return natural


def encoded_features(features: Sequence[Feature], boxes: Mapping[str, Float64], frame: SiteFrame) -> list[dict[str, Any]]:
    """One dictionary of columns a feature, without keys and revisions; footprints, z ranges and boxes are in the frame.

    Raises ValueError for a box that is not (2, 3) and finite, or a z range that is not.
    """
    shapes: NDArray[np.object_] = np.array([feature.footprint for feature in features], dtype=object)
    exact = shapely.to_wkb(shapely.force_2d(shapes), byte_order=1)
    on_grid = shapely.to_wkb(shapely.transform(shapes, lambda metres: np.round(metres / GRID_M) + 0.0), byte_order=1)
    stated = shapely.to_wkb(np.array([feature.geographic for feature in features], dtype=object), byte_order=1)
    rows = [_encoded(feature, exact[i], on_grid[i], boxes.get(feature.id), stated[i]) for i, feature in enumerate(features)]
    for row, extent in zip(rows, extents(features, [boxes.get(feature.id) for feature in features], frame).tolist(), strict=True):
        row |= {name: None if math.isnan(value) else value for name, value in zip(EXTENT, extent, strict=True)}
    return rows


def decoded_features(rows: Sequence[RowMapping], *, visible: frozenset[str] | None) -> list[FeatureRow]:
    """Features of rows that carry `feature.*`, `feature_id`, `site` and `model_key`.

    `parent`, `building`, `storey`, `space` are named only where they are in `visible`; None: all of them.
    """
    plans, stated = (np.atleast_1d(shapely.from_wkb([row[name] for row in rows])) for name in ("footprint", "geographic"))
    return [_decoded(*one, visible) for one in zip(rows, plans, stated, strict=True)]


def _encoded(
    feature: Feature, footprint: bytes | None, on_grid: bytes | None, box: Float64 | None, geographic: bytes | None
) -> dict[str, Any]:
    low, high = feature.z_range or (None, None)
    if low is not None and not (math.isfinite(low) and math.isfinite(high or 0.0)):
        raise ValueError(f"z range of {feature.id} is not finite: {feature.z_range}")
    columns: dict[str, Any] = {
        "kind": str(feature.kind),
        "class_name": to_text(feature.class_name),
        "name": _optional(feature.name),
        "long_name": _optional(feature.long_name),
        "parent": _optional(feature.parent),
        "building": _optional(feature.building),
        "storey": _optional(feature.storey),
        "space": _optional(feature.space),
        "label": feature.label,
        "footprint": footprint,
        "z_low": low,
        "z_high": high,
        "properties": to_json(feature.properties),
        "global_id": _optional(feature.source.global_id),
    }
    columns |= dict(zip(BOX, _box_values(feature.id, box), strict=True))
    compared = columns | {
        "footprint": geographic if footprint is None else on_grid,
        "properties": to_json(feature.properties, canonical=True),
    }
    columns["content_hash"] = _digest(compared[name] for name in CONTENT)
    return columns | {
        "geographic": geographic,
        "order_key": to_text(order_key(feature)),
        "area_m2": _area(feature),
        "source_file": to_text(feature.source.file),
        "source_sha256": feature.source.sha256,
        "source_entity": to_text(feature.source.entity),
    }


def _decoded(row: RowMapping, footprint: Any, geographic: Any, visible: frozenset[str] | None) -> FeatureRow:
    def reference(column: str) -> FeatureId | None:
        named = row[column]
        return FeatureId(named) if named is not None and (visible is None or named in visible) else None

    box = None if row["x_min"] is None else np.array([row[name] for name in BOX], dtype=np.float64).reshape(2, 3)
    return FeatureRow(
        feature=Feature(
            id=FeatureId(row["feature_id"]),
            kind=Kind(row["kind"]),
            class_name=row["class_name"],
            source=Source(file=row["source_file"], sha256=row["source_sha256"], entity=row["source_entity"], global_id=row["global_id"]),
            name=row["name"],
            long_name=row["long_name"],
            parent=reference("parent"),
            building=reference("building"),
            storey=reference("storey"),
            space=reference("space"),
            footprint=footprint,
            geographic=geographic,
            z_range=None if row["z_low"] is None else (row["z_low"], row["z_high"]),
            properties=from_json(row["properties"]),
            label=row["label"],
        ),
        site=row["site"],
        model_key=row["model_key"],
        revision=row["revision_from"],
        box=box,
        area_m2=row["area_m2"],
        identity=row["identity_id"],
        heights_m=None if row["low_m"] is None else (row["low_m"], row["high_m"]),
        ended=row["revision_to"],
    )


def _box_values(feature: str, box: Float64 | None) -> list[float] | list[None]:
    if box is None:
        return [None] * 6
    values = np.asarray(box, dtype=np.float64)
    if values.shape != (2, 3) or not np.isfinite(values).all():
        raise ValueError(f"box of {feature} is not (2, 3) finite metres: {values.tolist()}")
    return [float(value) for value in values.ravel()]


def _digest(values: Iterable[Any]) -> str:
    return hashlib.blake2b(b"\x1f".join(map(_canonical, values)), digest_size=16).hexdigest()


def _canonical(value: Any) -> bytes:
    """Metres on a grid of 0.01 mm, so that the last bit of a transform makes no new state."""
    if isinstance(value, float):
        return str(round(value / GRID_M)).encode()
    if isinstance(value, bytes):
        return value
    return b"\x00" if value is None else str(value).encode()


def _area(feature: Feature) -> float | None:
    measured = feature.properties.get("measured")
    area = measured.get("area_m2") if isinstance(measured, Mapping) else None
    if isinstance(area, int | float) and math.isfinite(area):
        return float(area)
    return None if feature.footprint is None else float(feature.footprint.area)


def _optional(value: str | None) -> str | None:
    return None if value is None else to_text(value)
