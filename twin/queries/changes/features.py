"""The changes of features behind a mark: what each revision of a model or layer brought, changed and ended, for whom it may concern."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, select, union

from spatial.feature import DEVICES, Kind
from twin.queries.changes.position import FeatureMark
from twin.queries.items.catalogue import KINDS, RECORDS, Collection, ItemReader
from twin.store import FeatureRow, schema
from twin.store.features import feature_rows, features_of
from twin.store.values import from_microseconds

__all__ = ["FeatureChanges", "differing_fields"]

FEATURE, IDENTITY, MODEL, SITE, REVISION = schema.feature.c, schema.identity.c, schema.model.c, schema.site.c, schema.revision.c
READ_AT_ONCE = 500
Told = tuple[dict[str, Any], FeatureMark]
NAMES = {kind: name for name, (kind, _, _) in KINDS.items()}
DEVICE_NAMES = {Kind(kind): name for name, kind in RECORDS.items() if kind in DEVICES}
"""A device's feature is an item of its register: `camera:C-017` is `C-017` of `cameras`, for who may read registers."""


class FeatureChanges:
    """The changes of features on one connection; of one collection where it is named."""

    def __init__(self, connection: Connection, collections: Sequence[Collection], reader: ItemReader, only: Collection | None) -> None:
        self._connection, self._reader, self._only = connection, reader, only
        self._layers = [one for one in collections if one.layer is not None]

    def behind(self, mark: FeatureMark) -> Iterator[Told]:
        """Each change the reader may know of, with the mark behind it, revision by revision."""
        sites = sorted(self._reader.sites)
        query = (
            select(REVISION.id, REVISION.number, REVISION.recorded_us, MODEL.key, SITE.code)
            .join(schema.model, MODEL.id == REVISION.model_id)
            .join(schema.site, SITE.id == MODEL.site_id)
            .where(REVISION.id >= mark.revision, SITE.code.in_(sites))
            .order_by(REVISION.id)
        )
        for revision in self._connection.execute(query).all():
            after = mark.identity if revision.id == mark.revision else 0
            while identities := self._identities(revision.id, after):
                yield from self._told(revision, identities)
                after = identities[-1]

    def _identities(self, revision: int, after: int) -> list[int]:
        """The next identities of which a state began or ended with the revision."""
        parts = [
            select(FEATURE.identity_id)
            .where(column == revision, FEATURE.identity_id > after)
            .distinct()
            .order_by(FEATURE.identity_id)
            .limit(READ_AT_ONCE)
            .subquery()
            for column in (FEATURE.revision_from, FEATURE.revision_to)
        ]
        both = union(*(select(part.c.identity_id) for part in parts)).subquery()
        query = select(both.c.identity_id).order_by(both.c.identity_id).limit(READ_AT_ONCE)
        return list(map(int, self._connection.execute(query).scalars()))

    def _told(self, revision: Any, identities: Sequence[int]) -> Iterator[Told]:
        before, after = (self._states(column == revision.id, identities) for column in (FEATURE.revision_to, FEATURE.revision_from))
        for identity in identities:
            event = self._event(revision, before.get(identity), after.get(identity))
            if event is not None:
                yield event, FeatureMark(int(revision.id), identity)

    def _states(self, when: Any, identities: Sequence[int]) -> dict[int, FeatureRow]:
        labels = self._reader.labels
        query = features_of(labels, when=when).where(FEATURE.identity_id.in_(identities))
        return {row.identity: row for row in feature_rows(self._connection, query, labels)}

    def _event(self, revision: Any, before: FeatureRow | None, after: FeatureRow | None) -> dict[str, Any] | None:
        row = after or before
        if row is None:
            return None
        collection = self._collection_of(row)
        if self._only is not None and collection != self._only.id:
            return None
        known = collection is not None and after is not None
        id_ = str(row.feature.id)
        item = id_.partition(":")[2] if collection in DEVICE_NAMES.values() else id_
        event = {
            "type": "removed" if after is None else "added" if before is None else "changed",
            "collection": collection,
            "id": item,
            "site": row.site,
            "href": f"/collections/{quote(collection or '', safe='')}/items/{quote(item, safe='')}" if known else None,
            "recorded_at": from_microseconds(revision.recorded_us).isoformat(),
            "revision": f"{revision.key}@{revision.number}",
        }
        if before is None or after is None:
            return event
        fields = differing_fields(before, after)
        return event | {"fields": fields} if fields else None

    def _collection_of(self, row: FeatureRow) -> str | None:
        for one in self._layers:
            layer = one.layer
            if layer is not None and (layer.site, layer.model) == (row.site, row.model_key) and row.feature.id.startswith(layer.prefix):
                return one.id
        kind = Kind(row.feature.kind)
        return NAMES.get(kind) or (DEVICE_NAMES.get(kind) if self._reader.records is not None else None)


def differing_fields(before: FeatureRow, after: FeatureRow) -> dict[str, Any]:
    """Field → old and new; of a shape and of long properties only that they differ."""
    old, new = _facts(before), _facts(after)
    fields = {
        name: {"old": old.get(name), "new": new.get(name)} for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)
    }
    return fields | ({"geometry": {}} if _shape(before) != _shape(after) else {})


def _facts(row: FeatureRow) -> dict[str, Any]:
    feature = row.feature
    own = {name: getattr(feature, name) for name in ("name", "long_name", "parent", "building", "storey", "space", "label")}
    attributes = feature.properties.get("attributes", {})
    others = {name: value for name, value in feature.properties.items() if name != "attributes"}
    return {"class": feature.class_name, **own, **others, **dict(attributes)}


def _shape(row: FeatureRow) -> tuple[Any, ...]:
    feature = row.feature
    shapes = (None if one is None else one.wkb for one in (feature.footprint, feature.geographic))
    return (*shapes, feature.z_range, None if row.box is None else row.box.tolist())
