"""The spaces of the scene that rooms are tied to: measured areas, and what the model itself says they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, select

from twin.store import record_schema as schema
from twin.store import schema as scene
from twin.store.values import from_json

__all__ = ["LinkedSpace", "linked_spaces", "measured_m2", "model_m2"]

AT_ONCE = 500
PART = "part"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedSpace:
    """A space a room is: measured area in m², what the model declares by name, how it was tied; `tier` as in `twin.link.Evidence`."""

    site_id: int
    feature_id: str
    area_m2: float | None
    declared_m2: Mapping[str, float] = field(default_factory=dict)
    method: str
    confidence: float
    tier: str


def linked_spaces(connection: Connection, record_ids: Sequence[int]) -> dict[int, tuple[LinkedSpace, ...]]:
    """Record → the spaces it is tied to now; records that are tied to none are left out."""
    found: dict[int, list[LinkedSpace]] = {}
    for start in range(0, len(record_ids), AT_ONCE):
        for row in connection.execute(_QUERY.where(schema.link.c.record_id.in_(record_ids[start : start + AT_ONCE]))):
            found.setdefault(row.record_id, []).append(_space(row))
    return {record: tuple(spaces) for record, spaces in found.items()}


def measured_m2(spaces: Iterable[LinkedSpace]) -> float | None:
    """The measured area of a room in m²: the sum of its spaces; None where one has none, or where it is but a part of a space.

    >>> measured_m2([])
    """
    areas = [None if space.tier == PART else space.area_m2 for space in spaces]
    known = [area for area in areas if area is not None]
    return round(sum(known), 2) if areas and len(known) == len(areas) else None


def model_m2(spaces: Sequence[LinkedSpace]) -> dict[str, float]:
    """What the model declares of the one space a room is (`NetFloorArea` …), m²; nothing where there are several or a part."""
    return dict(spaces[0].declared_m2) if len(spaces) == 1 and spaces[0].tier != PART else {}


def _space(row: Any) -> LinkedSpace:
    properties = from_json(row.properties) if '"declared"' in row.properties else {}
    said = [one for one in properties.get("declared", ()) if isinstance(one, dict) and "area" in str(one.get("name", "")).lower()]
    return LinkedSpace(
        site_id=row.site_id,
        feature_id=row.feature_id,
        area_m2=row.area_m2,
        declared_m2={str(one["name"]): one["value_si"] for one in said if isinstance(one.get("value_si"), int | float)},
        method=row.method,
        confidence=row.confidence,
        tier=from_json(row.evidence).get("tier", ""),
    )


_LINK, _FEATURE, _IDENTITY = schema.link.c, scene.feature.c, scene.identity.c
_QUERY = (
    select(
        _LINK.record_id,
        _LINK.site_id,
        _LINK.feature_id,
        _LINK.method,
        _LINK.confidence,
        _LINK.evidence,
        _FEATURE.area_m2,
        _FEATURE.properties,
    )
    .join(scene.identity, and_(_IDENTITY.site_id == _LINK.site_id, _IDENTITY.feature_id == _LINK.feature_id))
    .join(scene.feature, and_(_FEATURE.identity_id == _IDENTITY.id, _FEATURE.revision_to.is_(None)))
    .where(_LINK.until_us.is_(None), _LINK.state == "made")
    .order_by(_LINK.record_id, _LINK.id)
)
