"""A small building as features: two storeys of three rooms, each with two desks, by hand and without a reader."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from sqlalchemy import create_engine, text

from spatial.feature import DEVICES, Feature, FeatureId, Kind
from spatial.frame import Site
from spatial.issue import Issue, Severity
from spatial.mesh import Float64
from spatial.source import Source
from twin.store import LedgerEntry, NewRevision, RevisionRow, Store

NOW = datetime(2026, 11, 24, 8, 30, 0, 123456, tzinfo=UTC)
SITE = Site(code="PS", name="屏山大院", lon=119.2946, lat=26.0896, height_m=21.5, crs="EPSG:4549", geoid_separation_m=10.2)


def feature(model: str, local: str, kind: Kind, parent: str | None = None, **facts: Any) -> Feature:
    """A feature of a model; `parent`, `building`, `storey`, `space` are local ids."""
    for name in ("building", "storey", "space"):
        if name in facts:
            facts[name] = FeatureId(f"{model}:{facts[name]}")
    return Feature(
        id=FeatureId(f"{model}:{local}"),
        kind=kind,
        class_name=facts.pop("class_name", f"Ifc{kind.value.title()}"),
        parent=None if parent is None else FeatureId(f"{model}:{parent}"),
        source=facts.pop("source", Source(file="tower.ifc", sha256="a" * 64, entity=f"#{local}", global_id=local)),
        **facts,
    )


def tower(model: str = "tower") -> list[Feature]:
    """site → building → 2 storeys → 3 rooms each → 2 desks each: 22 features."""
    features = [
        feature(model, "site", Kind.SITE, name="大院"),
        feature(model, "b", Kind.BUILDING, "site", name="主楼", properties={"attributes": {"层数": 2}}),
    ]
    for level in (10, 9):
        storey = f"s{level}"
        features.append(feature(model, storey, Kind.STOREY, "b", name=f"{level}F", building="b", z_range=(level * 3.0, level * 3.0 + 3)))
        for number in (10, 9, 1):
            room = f"r{level}-{number}"
            footprint = shapely.box(number, 0, number + 1, 4).difference(shapely.box(number + 0.2, 1, number + 0.4, 2))
            above: dict[str, Any] = {"building": "b", "storey": storey}
            features.append(
                feature(
                    model,
                    room,
                    Kind.SPACE,
                    storey,
                    name=f"室{number}",
                    footprint=footprint,
                    z_range=(level * 3.0, level * 3.0 + 2.8),
                    **above,
                )
            )
            features += [feature(model, f"d{level}-{number}-{i}", Kind.ELEMENT, room, name=f"桌 {i}", space=room, **above) for i in (1, 2)]
    return features


def boxes(features: Sequence[Feature]) -> dict[str, Float64]:
    """A box for each room and desk, somewhere within 100 m, by its id alone."""
    chosen = {item.id: zlib.crc32(item.id.encode()) % 1000 / 10 for item in features if item.kind in (Kind.SPACE, Kind.ELEMENT)}
    return {name: np.array([[x, 0.0, 1.0], [x + 0.5, 2.0, 3.25]]) for name, x in chosen.items()}


LEDGER = (
    LedgerEntry(local_id="d9-1-1", entity="#17", class_name="IfcFurniture", outcome="placed"),
    LedgerEntry(local_id="d9-1-2", entity="#18", class_name="IfcFurniture", outcome="boxed"),
    LedgerEntry(local_id="d9-9-1", entity="#19", class_name="IfcFurniture", outcome="failed", reason="几何为空"),
)
ISSUES = (
    Issue(code="STOREY_EMPTY", path="#3 IfcBuildingStorey", message="屋面 holds nothing", source="tower.ifc"),
    Issue(code="GEOMETRY_EMPTY", path="#19 IfcFurniture", message="no triangles", severity=Severity.ERROR),
)


def new_revision(sha256: str = "a" * 64, model_key: str = "tower", **facts: Any) -> NewRevision:
    """An import about to be recorded."""
    given: dict[str, Any] = {
        "site": "PS",
        "kind": "bim",
        "name": "主楼",
        "file": "tower.ifc",
        "who": "刘工",
        "tool": "hand",
        "schema": "IFC4",
        "seconds": 1.25,
        "similarity": np.diag([2.0, 2.0, 2.0, 1.0]).tolist(),
        "mesh_pack": "tower.npz",
        "georeference": {"verdict": "placed", "residual_m": 0.001},
        "counts": {"elements": {"read": 3}, "rooms": 6},
    }
    return NewRevision(sha256=sha256, model_key=model_key, **given | facts)


def record(store: Store, features: Sequence[Feature], new: NewRevision | None = None, **facts: Any) -> RevisionRow:
    """The revision recorded, with boxes, ledger and findings."""
    return store.record_revision(new or new_revision(), features, boxes(features), LEDGER, ISSUES, now=NOW, **facts)


def relabelled(features: Sequence[Feature], labels: dict[str, str]) -> list[Feature]:
    """The same features, some with another label, by id."""
    return [replace(item, label=labels.get(item.id, item.label)) for item in features]


EXTENTS = ("geographic", "west", "south", "east", "north", "low_m", "high_m")


def without_extents(url: str) -> None:
    """Take the tables of a store back to those before 0007, with 0008, 0009 and 0010."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for index in ("ix_change_since", "ix_register_revision_clock", "ix_feature_revision_from", "ix_feature_revision_to"):
            connection.execute(text(f"DROP INDEX {index}"))
        connection.execute(text("CREATE INDEX ix_change_since ON change (kind, since)"))
        for name in ("first_record", "last_record"):
            connection.execute(text(f"ALTER TABLE register_revision DROP COLUMN {name}"))
        for name in ("store_fact", "share_package"):
            connection.execute(text(f"DROP TABLE {name}"))
        for name in EXTENTS:
            connection.execute(text(f"ALTER TABLE feature DROP COLUMN {name}"))
        for kind in (*DEVICES, "guard", "visit"):
            connection.execute(text(f"DROP TABLE {kind}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0006'"))
    engine.dispose()
