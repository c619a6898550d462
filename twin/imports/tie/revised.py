"""Links of rooms under a new revision of their model: they stay where the GlobalId does, and what lost its space is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from spatial.feature import Kind
from twin.imports.tie.links import MANUAL, StandingLink
from twin.imports.tie.scene import Scene, feature_key
from twin.link.facts import Decision, Link, WorkItem
from twin.link.revise import RoomOutline, revise_links
from twin.store import FeatureRow, Store
from twin.store import record_schema as schema

__all__ = ["RevisedRooms", "changed_since", "feature_facts", "restore", "revise_rooms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisedRooms:
    """`kept` stand as they are, `lost` are ids of links that end; the `waiting` records are linked to nothing until a person says so."""

    kept: tuple[Decision, ...]
    lost: frozenset[int]
    waiting: frozenset[str]
    items: tuple[WorkItem, ...]


def feature_facts(scene: Scene) -> dict[str, dict[str, Any]]:
    """What is kept of each room beside a link: the revision that brought its present state, and its number."""
    return {key: {"revision": scene.rows[key][1].revision, "number": feature.name or ""} for key, _, feature in scene.of_kind(Kind.SPACE)}


def revise_rooms(
    store: Store, connection: Connection, scene: Scene, standing: Sequence[StandingLink], lost_before: Sequence[StandingLink]
) -> RevisedRooms:
    """What new revisions mean for the links of rooms.

    A link made by the linker is kept as it is where the model has changed the room since and its record has not been changed. One
    whose room is gone while its model is still there is lost; it stays in the work list until the record has another link.
    """
    facts = feature_facts(scene)
    models = {_model(key) for key in scene.rows}
    linked = {one.record_id for one in standing if one.feature in scene.rows}
    lost = [one for one in standing if one.feature not in scene.rows and one.method != MANUAL and _model(one.feature) in models]
    told = [one for one in lost_before if one.record_id not in linked and one.feature not in scene.rows and _model(one.feature) in models]
    changed = changed_since(connection, [*standing, *told])
    revised = [
        one
        for one in standing
        if one.method != MANUAL
        and one.feature in facts
        and one.facts.get("revision", facts[one.feature]["revision"]) != facts[one.feature]["revision"]
        and one.id not in changed
    ]
    waiting = [one for one in (*lost, *told) if one.id not in changed]
    items = _items(store, scene, [*waiting, *revised])
    return RevisedRooms(
        kept=tuple(Decision(record_id=str(one.record_id), space_id=one.feature, made=True) for one in revised),
        lost=frozenset(one.id for one in lost),
        waiting=frozenset(str(one.record_id) for one in waiting),
        items=items,
    )


def restore(links: Iterable[Link], standing: Sequence[StandingLink], kept: Sequence[Decision]) -> list[Link]:
    """The links, those kept with the method and evidence they had rather than as decisions."""
    pairs = {(one.record_id, one.space_id) for one in kept}
    before = {(str(one.record_id), one.feature): one.as_link() for one in standing}
    return [before[link.record_id, link.space_id] if (link.record_id, link.space_id) in pairs else link for link in links]


def _model(key: str) -> str:
    """Site and model of a feature: `1/tower` of `1/tower:2O2F…`."""
    return key.rsplit(":", 1)[0]


def changed_since(connection: Connection, links: Sequence[StandingLink]) -> set[int]:
    """Ids of links whose record was changed after they were made."""
    change = schema.change.c
    newest: dict[int, int] = {}
    records = sorted({one.record_id for one in links})
    for start in range(0, len(records), 500):
        query = select(change.record_id, change.recorded_us).where(change.record_id.in_(records[start : start + 500]))
        for row in connection.execute(query):
            newest[row.record_id] = max(row.recorded_us, newest.get(row.record_id, 0))
    return {one.id for one in links if newest.get(one.record_id, 0) > one.since_us}


def _items(store: Store, scene: Scene, links: Sequence[StandingLink]) -> tuple[WorkItem, ...]:
    """Findings by model: rooms as they were when each link was made against rooms as they are."""
    by_state: dict[tuple[str, int], list[StandingLink]] = defaultdict(list)
    for one in links:
        by_state[_model(one.feature), int(one.facts.get("revision", 0))].append(one)
    after: dict[str, list[RoomOutline]] = defaultdict(list)
    for key, site_id, _ in scene.of_kind(Kind.SPACE):
        after[_model(key)].append(_outline(key, scene.rows[key][1], scene.rows, site_id))
    items: list[WorkItem] = []
    for (model, revision), own in by_state.items():
        before = _rooms_at(store, scene, model, revision)
        items += revise_links([one.as_link() for one in own], before, after[model]).items
    return tuple(items)


def _rooms_at(store: Store, scene: Scene, model: str, revision: int) -> list[RoomOutline]:
    if not revision:
        return []
    site_id, model_key = model.split("/", 1)
    site = scene.sites[int(site_id)].code
    rows = list(store.features(site, None, model_key=model_key, kinds={Kind.SPACE, Kind.STOREY}, at=revision))
    by_key = {feature_key(int(site_id), row.feature.id): (int(site_id), row) for row in rows}
    return [_outline(key, row, by_key, int(site_id)) for key, (_, row) in by_key.items() if row.feature.kind is Kind.SPACE]


def _outline(key: str, row: FeatureRow, rows: Mapping[str, tuple[int, FeatureRow]], site_id: int) -> RoomOutline:
    feature = row.feature
    storey = rows.get(feature_key(site_id, feature.storey)) if feature.storey else None
    name = (storey[1].feature.name or "") if storey else ""
    return RoomOutline(id=key, storey=name, number=feature.name or "", outline=feature.footprint)
