"""Reading features: by id, down and up the tree, counted, in bulk; always with the labels the reader may know of.

A feature whose label is not permitted does not exist: not by id, not in a list, a count or an extent, nor as a name in
another feature's `parent`, `building`, `storey` or `space`, nor in the box of what lies above it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, exists, func, select, true, tuple_

from spatial.feature import Kind
from spatial.mesh import Float64
from twin.auth import Labels
from twin.errors import Invalid, NotFound
from twin.store import schema
from twin.store.encode import BOX, decoded_features
from twin.store.rows import FeatureRow
from twin.store.sites import site_row

__all__ = [
    "bounds",
    "children",
    "counts",
    "counts_under",
    "feature_rows",
    "features_of",
    "find_features",
    "get_feature",
    "iter_descendants",
    "iter_features",
    "path",
    "roots",
]

FEATURE, IDENTITY, CLOSURE, MODEL, SITE = (
    schema.feature.c,
    schema.identity.c,
    schema.feature_closure.c,
    schema.model.c,
    schema.site.c,
)
BATCH = 1000
REFERENCES = ("parent", "building", "storey", "space")
CURRENT = FEATURE.revision_to.is_(None)
EXTREMES = [(func.min if name.endswith("min") else func.max)(FEATURE[name]) for name in BOX]


def get_feature(connection: Connection, feature_id: str, labels: Labels, site: str | None) -> FeatureRow:
    """The current state of a feature; raises NotFound, and Invalid where several sites have the id and none is named."""
    identity_id = _identity(connection, feature_id, labels, site)
    return feature_rows(connection, _features(labels).where(FEATURE.identity_id == identity_id), labels)[0]


def find_features(connection: Connection, ids: Collection[str], labels: Labels, site: str | None) -> dict[str, FeatureRow]:
    """Id → current state, of those that exist."""
    found: dict[str, FeatureRow] = {}
    for part in _parts(_identities(connection, ids, labels, site).values()):
        rows = feature_rows(connection, _features(labels).where(FEATURE.identity_id.in_(part)), labels)
        found |= {row.feature.id: row for row in rows}
    return found


def roots(connection: Connection, site: str, labels: Labels, kinds: Collection[Kind] | None) -> list[FeatureRow]:
    """The features of a site that lie under nothing, in the order of siblings."""
    site_row(connection, site)
    query = _features(labels).where(SITE.code == site, FEATURE.parent.is_(None), _of_kinds(kinds))
    return feature_rows(connection, query.order_by(FEATURE.order_key, IDENTITY.feature_id), labels)


def children(
    connection: Connection, feature_id: str, labels: Labels, site: str | None, kinds: Collection[Kind] | None, after: str | None, limit: int
) -> list[FeatureRow]:
    """At most `limit` features directly below, in the order of siblings, those after the feature `after`."""
    above = _identity(connection, feature_id, labels, site)
    query = (
        _features(labels)
        .join(schema.feature_closure, CLOSURE.descendant_id == FEATURE.identity_id)
        .where(CLOSURE.ancestor_id == above, CLOSURE.depth == 1, _of_kinds(kinds))
    )
    if after is not None:
        query = query.where(tuple_(FEATURE.order_key, IDENTITY.feature_id) > tuple_(_order_key(connection, above, after), after))
    return feature_rows(connection, query.order_by(FEATURE.order_key, IDENTITY.feature_id).limit(limit), labels)


def iter_descendants(
    connection: Connection, feature_id: str, labels: Labels, site: str | None, kinds: Collection[Kind] | None
) -> Iterator[FeatureRow]:
    """Everything under a feature at any depth, nearest first."""
    query = (
        _features(labels)
        .join(schema.feature_closure, CLOSURE.descendant_id == FEATURE.identity_id)
        .where(CLOSURE.ancestor_id == _identity(connection, feature_id, labels, site), CLOSURE.depth > 0, _of_kinds(kinds))
        .order_by(CLOSURE.depth, FEATURE.order_key, IDENTITY.feature_id)
    )
    yield from _iter(connection, query, labels)


def path(connection: Connection, feature_id: str, labels: Labels, site: str | None) -> list[FeatureRow]:
    """What lies above a feature, the root first, the feature itself not among them."""
    query = (
        _features(labels)
        .join(schema.feature_closure, CLOSURE.ancestor_id == FEATURE.identity_id)
        .where(CLOSURE.descendant_id == _identity(connection, feature_id, labels, site), CLOSURE.depth > 0)
        .order_by(CLOSURE.depth.desc())
    )
    return feature_rows(connection, query, labels)


def iter_features(
    connection: Connection, site: str, labels: Labels, model_key: str | None, kinds: Collection[Kind] | None, at: int | None
) -> Iterator[FeatureRow]:
    """The features of a site or of one model, in the order in which they first came; `at` a revision, else now."""
    site_row(connection, site)
    query = _features(labels, at=at).where(SITE.code == site, _of_kinds(kinds)).order_by(FEATURE.identity_id)
    if model_key is not None:
        query = query.where(MODEL.key == model_key)
    yield from _iter(connection, query, labels)


def counts(connection: Connection, site: str, labels: Labels, model_key: str | None) -> dict[Kind, int]:
    """How many features of each kind a site has now, or one model of it."""
    site_row(connection, site)
    query = (
        select(FEATURE.kind, func.count())
        .join(schema.model, MODEL.id == FEATURE.model_id)
        .join(schema.site, SITE.id == MODEL.site_id)
        .where(CURRENT, SITE.code == site, _permitted(labels), true() if model_key is None else MODEL.key == model_key)
        .group_by(FEATURE.kind)
    )
    return {Kind(kind): count for kind, count in connection.execute(query)}


def counts_under(connection: Connection, ids: Collection[str], labels: Labels, site: str | None) -> dict[str, dict[Kind, int]]:
    """Id → kind → how many lie under it at any depth, itself not counted; ids that do not exist are left out."""
    found = _identities(connection, ids, labels, site)
    name_of = {identity_id: name for name, identity_id in found.items()}
    result: dict[str, dict[Kind, int]] = {name: {} for name in found}
    for part in _parts(name_of):
        query = (
            select(CLOSURE.ancestor_id, FEATURE.kind, func.count())
            .join(schema.feature, and_(FEATURE.identity_id == CLOSURE.descendant_id, CURRENT))
            .where(CLOSURE.ancestor_id.in_(part), CLOSURE.depth > 0, _permitted(labels))
            .group_by(CLOSURE.ancestor_id, FEATURE.kind)
        )
        for ancestor_id, kind, count in connection.execute(query):
            result[name_of[ancestor_id]][Kind(kind)] = count
    return result


def bounds(connection: Connection, site: str, labels: Labels) -> Float64 | None:
    """Lowest and highest corner over the boxes of a site, (2, 3) metres in its frame; None where nothing has a box."""
    site_row(connection, site)
    query = (
        select(*EXTREMES)
        .join(schema.model, MODEL.id == FEATURE.model_id)
        .join(schema.site, SITE.id == MODEL.site_id)
        .where(CURRENT, SITE.code == site, _permitted(labels), true() if labels is None else _childless())
    )
    values = connection.execute(query).one()
    return None if values[0] is None else np.array(values, dtype=np.float64).reshape(2, 3)


def _features(labels: Labels, *, at: int | None = None) -> Select[Any]:
    state = CURRENT if at is None else and_(FEATURE.revision_from <= at, FEATURE.revision_to.is_(None) | (FEATURE.revision_to > at))
    return features_of(labels, when=state)


def features_of(labels: Labels, *, when: ColumnElement[bool]) -> Select[Any]:
    """The states of features for which `when` holds, with the columns that `feature_rows` reads."""
    return (
        select(schema.feature, IDENTITY.feature_id, MODEL.key.label("model_key"), SITE.code.label("site"))
        .join(schema.identity, IDENTITY.id == FEATURE.identity_id)
        .join(schema.model, MODEL.id == FEATURE.model_id)
        .join(schema.site, SITE.id == MODEL.site_id)
        .where(when, _permitted(labels))
    )


def _permitted(labels: Labels) -> ColumnElement[bool]:
    return true() if labels is None else FEATURE.label.in_(sorted(labels))


def _of_kinds(kinds: Collection[Kind] | None) -> ColumnElement[bool]:
    return true() if kinds is None else FEATURE.kind.in_(sorted(kinds))


def _identity(connection: Connection, feature_id: str, labels: Labels, site: str | None) -> int:
    found = _identities(connection, [feature_id], labels, site).get(feature_id)
    if found is None:
        raise NotFound(f"there is no feature {feature_id}", path=feature_id)
    return found


def _identities(connection: Connection, ids: Iterable[str], labels: Labels, site: str | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(ids):
        query = (
            select(IDENTITY.feature_id, IDENTITY.id)
            .join(schema.feature, and_(FEATURE.identity_id == IDENTITY.id, CURRENT))
            .join(schema.site, SITE.id == IDENTITY.site_id)
            .where(IDENTITY.feature_id.in_(part), _permitted(labels), true() if site is None else SITE.code == site)
        )
        for name, identity_id in connection.execute(query):
            if found.setdefault(name, identity_id) != identity_id:
                raise Invalid(f"{name} exists in several sites", path=name, hint="name the site", code="FEATURE_AMBIGUOUS")
    return found


def _order_key(connection: Connection, above: int, after: str) -> str:
    """Where in the order a feature of the same site stands or, if it is gone meanwhile, last stood."""
    same_site = select(IDENTITY.site_id).where(IDENTITY.id == above).scalar_subquery()
    query = (
        select(FEATURE.order_key)
        .join(schema.identity, IDENTITY.id == FEATURE.identity_id)
        .where(IDENTITY.feature_id == after, IDENTITY.site_id == same_site)
        .order_by(FEATURE.revision_from.desc())
        .limit(1)
    )
    key = connection.execute(query).scalar_one_or_none()
    if key is None:
        raise NotFound(f"there is no feature {after} to go on after", path=after)
    return str(key)


def feature_rows(connection: Connection, query: Select[Any], labels: Labels) -> list[FeatureRow]:
    """The rows of a query by `features_of`, as a reader with these labels may know of them."""
    return list(_iter(connection, query, labels))


def _iter(connection: Connection, query: Select[Any], labels: Labels) -> Iterator[FeatureRow]:
    result = connection.execution_options(yield_per=BATCH).execute(query).mappings()
    for rows in result.partitions():
        decoded = decoded_features(rows, visible=_visible(connection, rows, labels))
        if labels is None:
            yield from decoded
            continue
        boxes = _boxes_without_hidden(connection, [row["identity_id"] for row in rows], labels)
        yield from (
            _with_box(row, boxes[stored["identity_id"]]) if stored["identity_id"] in boxes else row
            for row, stored in zip(decoded, rows, strict=True)
        )


def _boxes_without_hidden(connection: Connection, identity_ids: Sequence[int], labels: frozenset[str]) -> dict[int, Float64 | None]:
    """Identity → the box around what a reader may know of below it, of those under which something is hidden."""
    below = select(CLOSURE.ancestor_id).join(schema.feature, and_(FEATURE.identity_id == CLOSURE.descendant_id, CURRENT))
    inside = CLOSURE.depth > 0
    hiding = below.where(CLOSURE.ancestor_id.in_(identity_ids), inside, ~_permitted(labels)).distinct()
    found: dict[int, Float64 | None] = dict.fromkeys(connection.execute(hiding).scalars())
    for part in _parts(found):
        seen = below.add_columns(*EXTREMES).where(CLOSURE.ancestor_id.in_(part), inside, _permitted(labels), _childless())
        for identity_id, *values in connection.execute(seen.group_by(CLOSURE.ancestor_id)):
            found[identity_id] = None if values[0] is None else np.array(values, dtype=np.float64).reshape(2, 3)
    return found


def _with_box(row: FeatureRow, box: Float64 | None) -> FeatureRow:
    """The row with another box, and with the height of a building or site, which is that of all it holds, taken from it."""
    if row.feature.kind not in (Kind.BUILDING, Kind.SITE):
        return replace(row, box=box)
    z_range = None if box is None else (float(box[0, 2]), float(box[1, 2]))
    return replace(row, box=box, feature=replace(row.feature, z_range=z_range))


def _childless() -> ColumnElement[bool]:
    below = schema.feature_closure.alias("below")
    return ~exists().where(below.c.ancestor_id == FEATURE.identity_id, below.c.depth == 1)


def _visible(connection: Connection, rows: Sequence[RowMapping], labels: Labels) -> frozenset[str] | None:
    if labels is None:
        return None
    named = {row[column] for row in rows for column in REFERENCES} - {None}
    visible: set[str] = set()
    for part in _parts(named):
        query = (
            select(IDENTITY.feature_id)
            .join(schema.feature, and_(FEATURE.identity_id == IDENTITY.id, CURRENT))
            .join(schema.site, SITE.id == IDENTITY.site_id)
            .where(IDENTITY.feature_id.in_(part), SITE.code.in_({row["site"] for row in rows}), _permitted(labels))
        )
        visible |= set(connection.execute(query).scalars())
    return frozenset(visible)


def _parts(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while part := list(islice(rest, BATCH)):
        yield part
