"""The context of an incident in one call: where, who and what is there, who sees it, who can come, what to do.

A part that cannot be answered is None, and `unanswered` says why; the others are answered all the same.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

import numpy as np

from spatial.errors import SpatialError
from spatial.frame import SiteFrame
from twin.auth import Labels
from twin.codes import Tables, get_kind
from twin.errors import Invalid, NotReady, TwinError
from twin.incidents import AlarmKinds, Knows, View
from twin.incidents.event import iso_of
from twin.queries.asset_filter import AssetFilter, find_assets
from twin.queries.incidents.around import Spot3, doors_around, gates_around, room_of
from twin.queries.incidents.help import ground_below, guards_coming, seeing_cameras
from twin.queries.incidents.live_state import LiveRow, LiveState
from twin.queries.incidents.procedure import procedure_of
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers
from twin.queries.records.documents import record_document
from twin.queries.routes.networks import Networks
from twin.queries.sight.answerer import Sight
from twin.records.columns import NO_VALUE
from twin.records.read import records_where
from twin.records.scope import Reader
from twin.store import Store
from twin.store import record_schema as schema

__all__ = ["Sources", "context_of"]

NEAR_M = 100.0
APART = "ROUTE_PLACE_APART"
"""What hangs above the ground (the camera that saw it) is near no path: who comes walks to the ground below it."""
ASSETS_SHOWN = 20
PEOPLE = ("person", "guard")
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Whom the context asks; `live` is None where no hub is connected."""

    store: Store
    scenes: Scenes
    networks: Networks
    sight: Sight
    registers: Registers
    tables: Tables
    kinds: AlarmKinds
    live: LiveState | None


def context_of(view: View, sources: Sources, reader: Reader, knows: Knows, day: date) -> dict[str, Any]:
    """`{incident, room, doors, gates, people, vehicles, assets, assets_total, cameras, guards, procedure, unanswered}` for one reader.

    People are told to who may read persons; assets come most valuable first with their values for who may read values, by their
    codes without them for others.
    """
    unanswered: dict[str, dict[str, str]] = {}

    def tried(part: str, ask: Callable[[], Part]) -> Part | None:
        try:
            return ask()
        except (TwinError, SpatialError) as error:
            unanswered[part] = {"code": error.code, "message": str(error)}
            return None

    site, labels = view.site, reader.labels
    places = tried("room", lambda: sources.scenes.site(site))
    frame = None if places is None else places.frame
    spot = _spot(view, frame, sources.store, labels)
    told: dict[str, Any] = {"incident": view.id, "room": None, "doors": None, "gates": None}
    if places is not None:
        told |= {
            "room": room_of(places, spot, labels),
            "doors": doors_around(places, spot, labels),
            "gates": gates_around(places, spot, labels),
        }
    seen = tried("cameras", lambda: seeing_cameras(sources.sight, site, labels, _target(view, spot)))
    if seen is not None and frame is not None and not np.isfinite(spot.site_xyz).all():
        xyz = frame.from_lon_lat_height([seen[1]])[0].tolist()
        spot = Spot3(place=spot.place, site_xyz=(xyz[0], xyz[1], xyz[2]))
    live = tried("people", lambda: _live(view, spot, sources.live, knows))
    if live is None:
        unanswered["vehicles"] = unanswered["people"]
    told |= _moving(live, reader)
    if not reader.persons:
        unanswered["people"] = {"code": "FORBIDDEN", "message": f"{reader.name} may not read persons"}
    found = tried("assets", lambda: _assets(sources.registers, reader, spot.place))
    told["assets"], told["assets_total"] = found if found is not None else (None, None)
    told["cameras"] = None if seen is None else seen[0]
    guards = [row for row in live or () if row.device.startswith("guard/")]
    told["guards"] = tried("guards", lambda: _guards(sources, site, labels, spot, guards))
    told["procedure"] = procedure_of(view.kind(sources.kinds), sources.kinds, sources.tables, day)
    return told | {"unanswered": unanswered}


def _spot(view: View, frame: SiteFrame | None, store: Store, labels: Labels) -> Spot3:
    """By the position that was reported, else by the place's own outline and floor."""
    part, nan = view.latest, float("nan")
    if frame is not None and part.lat == part.lat:
        known = part.height_m == part.height_m
        x, y, z = frame.from_lon_lat_height([[part.lon, part.lat, part.height_m if known else frame.site.height_m]])[0].tolist()
        return Spot3(place=part.spot.place, site_xyz=(x, y, z if known else nan))
    row = store.find_features([part.spot.place], labels, site=view.site).get(part.spot.place) if part.spot.place else None
    if row is None or row.box is None:
        return Spot3(place=part.spot.place, site_xyz=(nan, nan, nan))
    middle = row.box.mean(axis=0)
    return Spot3(place=part.spot.place, site_xyz=(float(middle[0]), float(middle[1]), float(row.box[0, 2])))


def _target(view: View, spot: Spot3) -> dict[str, Any]:
    part = view.latest
    if part.lat != part.lat:
        if spot.place is None:
            raise NotReady("nobody knows where it is", code="INCIDENT_PLACE_UNKNOWN", hint="its devices have neither place nor position")
        return {"feature": spot.place}
    if part.height_m == part.height_m:
        return {"lon": part.lon, "lat": part.lat, "height_m": part.height_m, "datum": "ellipsoidal"}
    return {"lon": part.lon, "lat": part.lat, "height_m": 0.0, "datum": "ground"}


def _live(view: View, spot: Spot3, live: LiveState | None, knows: Knows) -> list[LiveRow]:
    if live is None:
        raise NotReady("no hub is connected: nobody knows where things are now", code="HUB_ABSENT", hint="twin serve starts one")
    part = view.latest
    rows: list[LiveRow] = [] if spot.place is None else [*live.inside(view.site, spot.place)]
    if part.lat == part.lat:
        rows += live.near(view.site, part.lon, part.lat, NEAR_M, (*PEOPLE, "vehicle"))
    known = {row.device: row for row in reversed(rows) if knows(row.site, row.protected, row.labels)}
    return list(known.values())[::-1]


def _moving(live: Sequence[LiveRow] | None, reader: Reader) -> dict[str, Any]:
    if live is None:
        return {"people": None, "vehicles": None}
    people = [_row(row) for row in live if row.device.partition("/")[0] in PEOPLE] if reader.persons else None
    return {"people": people, "vehicles": [_row(row) for row in live if row.device.startswith("vehicle/")]}


def _row(row: LiveRow) -> dict[str, Any]:
    place = {"lon": row.lon, "lat": row.lat, "height_m": row.height_m, "place": row.place}
    return {"id": row.device, "kind": row.device.partition("/")[0], **place, "time": iso_of(row.time_us), **(row.more or {})}


def _assets(registers: Registers, reader: Reader, place: str | None) -> tuple[list[dict[str, Any]], int]:
    with registers.store.database.reading() as connection:
        view = registers.shelf.assets(connection)
        row = next((row for row in view.places.rows if row.feature_id is not None and row.feature_id == place), None)
        if row is None:
            return [], 0
        found = find_assets(connection, view, AssetFilter(place=row.id), reader, registers.texts)
        positions = np.arange(len(view.columns)) if found is None else found
        shown = positions
        if reader.values:
            values = view.columns.arrays["value"][positions]
            shown = positions[np.argsort(-np.where(values == NO_VALUE, -1, values), kind="stable")]
        records = [int(view.columns.arrays["record"][at]) for at in shown[:ASSETS_SHOWN]]
        rows = records_where(connection, get_kind("asset"), schema.kind_table("asset").c.record_id.in_(records)) if records else []
        by_id = {one.id: record_document(get_kind("asset"), one, reader, view.places) for one in rows}
    return [by_id[number] for number in records if number in by_id], len(positions)


def _guards(sources: Sources, site: str, labels: Labels, spot: Spot3, live: Iterable[LiveRow]) -> list[dict[str, Any]]:
    network = sources.networks.of(site, labels)
    if spot.place not in network.rooms and not np.isfinite(spot.site_xyz).all():
        raise NotReady("nobody knows how high it is", code="INCIDENT_PLACE_UNKNOWN", hint="its devices have neither room nor height")
    frame = SiteFrame.of(sources.store.get_site(site))
    try:
        return guards_coming(network, frame, sources.store, labels, spot, list(live))
    except Invalid as error:
        if error.code != APART:
            raise
    lon, lat, _ = frame.to_lon_lat_height([spot.site_xyz])[0].tolist()
    below = frame.from_lon_lat_height([ground_below(sources.sight, site, labels, lon, lat)])[0].tolist()
    return guards_coming(network, frame, sources.store, labels, replace(spot, site_xyz=(below[0], below[1], below[2])), list(live))
