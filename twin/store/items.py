"""Features across sites, page by page: those of a kind or a layer, in windows of degrees, now or as of a time.

The order is that in which ids first came, which a later revision does not change: a page goes on after the identity of its last item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, true

from spatial.feature import Kind
from twin.auth import Labels
from twin.store import schema
from twin.store.features import feature_rows, features_of
from twin.store.rows import FeatureRow
from twin.store.values import from_microseconds, to_microseconds

__all__ = [
    "Items",
    "Moment",
    "Window",
    "begun_of",
    "condition_of",
    "count_items",
    "extent_of",
    "identities_of",
    "moment_between",
    "read_items",
]

FEATURE, IDENTITY, MODEL, SITE, REVISION = schema.feature.c, schema.identity.c, schema.model.c, schema.site.c, schema.revision.c


class Window(NamedTuple):
    """Degrees west, south, east, north, closed, and heights in metres above the ellipsoid or None for any: what lies outside it is
    not meant; what lies inside is to be looked at exactly."""

    west: float
    south: float
    east: float
    north: float
    low_m: float | None = None
    high_m: float | None = None


class Moment(NamedTuple):
    """Revisions by id: the last one recorded by the end of a time, and by its start (None: no start)."""

    end: int
    start: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Which features are meant: of these sites (by code), of one kind or layer, with one of these labels.

    None for `windows` is everywhere; with windows, what has no height is at any. `where` are further conditions on the columns of
    `feature`, `identity`, `model` and `site`. `when` None is now.
    """

    sites: frozenset[str]
    labels: Labels
    kind: Kind | None = None
    layer: str | None = None
    windows: Sequence[Window] | None = None
    where: tuple[ColumnElement[bool], ...] = ()
    when: Moment | None = None


def read_items(connection: Connection, items: Items, *, after: int, limit: int) -> list[FeatureRow]:
    """At most `limit` of them whose identity is above `after`."""
    query = _chosen(features_of(items.labels, when=_state(items.when)), items)
    query = query.where(FEATURE.identity_id > after).order_by(FEATURE.identity_id).limit(limit)
    return feature_rows(connection, query, items.labels)


def identities_of(items: Items) -> Select[Any]:
    """The identities of them by the windows alone, in no order: for who brings one."""
    return _counted(select(FEATURE.identity_id), items)


def count_items(connection: Connection, items: Items) -> int:
    """How many there are, by the windows alone."""
    return int(connection.execute(_counted(select(func.count()), items)).scalar_one())


def extent_of(connection: Connection, items: Items) -> tuple[float | None, ...]:
    """West, south, east, north in degrees, lowest and highest metres above the ellipsoid of all of them; None where nothing says."""
    columns = (func.min(FEATURE.west), func.min(FEATURE.south), func.max(FEATURE.east), func.max(FEATURE.north))
    query = _counted(select(*columns, func.min(FEATURE.low_m), func.max(FEATURE.high_m)), items)
    return tuple(connection.execute(query).one())


def begun_of(connection: Connection, items: Items) -> datetime | None:
    """When the first of them was recorded, those that have ended among them; None where there were none."""
    query = (
        select(func.min(FEATURE.revision_from))
        .join(schema.identity, IDENTITY.id == FEATURE.identity_id)
        .join(schema.model, MODEL.id == FEATURE.model_id)
        .join(schema.site, SITE.id == MODEL.site_id)
        .where(true() if items.labels is None else FEATURE.label.in_(sorted(items.labels)))
    )
    first = connection.execute(_chosen(query, items)).scalar_one()
    recorded = select(REVISION.recorded_us).where(REVISION.id == first)
    return None if first is None else from_microseconds(connection.execute(recorded).scalar_one())


def moment_between(connection: Connection, start: datetime | None, end: datetime | None) -> Moment | None:
    """The revisions of a time, closed at both ends; None where both are open, which is now and ever before it began."""
    if start is None and end is None:
        return None
    last = select(func.coalesce(func.max(REVISION.id), 0))
    until = last if end is None else last.where(REVISION.recorded_us <= to_microseconds(end))
    before = None if start is None else connection.execute(last.where(REVISION.recorded_us <= to_microseconds(start))).scalar_one()
    return Moment(int(connection.execute(until).scalar_one()), None if before is None else int(before))


def _state(when: Moment | None) -> ColumnElement[bool]:
    """The one state of each identity that is meant: the last that began by the end, unless it was over before the start."""
    if when is None:
        return FEATURE.revision_to.is_(None)
    later = schema.feature.alias("later")
    newer = select(later.c.id).where(
        later.c.identity_id == FEATURE.identity_id, later.c.revision_from <= when.end, later.c.revision_from > FEATURE.revision_from
    )
    over = when.end if when.start is None else when.start
    lasts = FEATURE.revision_to.is_(None) | (FEATURE.revision_to > over)
    return and_(FEATURE.revision_from <= when.end, lasts, ~newer.exists())


def condition_of(items: Items) -> ColumnElement[bool]:
    """What says of a row of `feature`, with its rows of `identity`, `model` and `site`, that it is meant: for statements of others."""
    own = (IDENTITY.id == FEATURE.identity_id, MODEL.id == FEATURE.model_id, SITE.id == MODEL.site_id, _state(items.when))
    seen = true() if items.labels is None else FEATURE.label.in_(sorted(items.labels))
    return and_(*own, seen, *_conditions(items))


def _counted(query: Select[Any], items: Items) -> Select[Any]:
    joined = (
        query.select_from(schema.feature)
        .join(schema.identity, IDENTITY.id == FEATURE.identity_id)
        .join(schema.model, MODEL.id == FEATURE.model_id)
        .join(schema.site, SITE.id == MODEL.site_id)
        .where(_state(items.when), true() if items.labels is None else FEATURE.label.in_(sorted(items.labels)))
    )
    return _chosen(joined, items)


def _chosen(query: Select[Any], items: Items) -> Select[Any]:
    return query.where(*_conditions(items))


def _conditions(items: Items) -> list[ColumnElement[bool]]:
    found = [SITE.code.in_(sorted(items.sites)), *items.where]
    if items.kind is not None:
        found.append(FEATURE.kind == str(items.kind))
    if items.layer is not None:
        found.append(MODEL.key == items.layer)
    if items.windows is not None:
        found.append(or_(*map(_meets, items.windows)))
    return found


def _meets(window: Window) -> ColumnElement[bool]:
    plan = and_(FEATURE.west <= window.east, FEATURE.east >= window.west, FEATURE.south <= window.north, FEATURE.north >= window.south)
    if window.low_m is None or window.high_m is None:
        return plan
    return and_(plan, FEATURE.low_m.is_(None) | and_(FEATURE.low_m <= window.high_m, FEATURE.high_m >= window.low_m))
