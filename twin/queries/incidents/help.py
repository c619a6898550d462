"""Who can see an incident and who can come: the cameras and the guards with their ways, by the questions of sight and routes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from spatial.frame import SiteFrame
from twin.auth import Labels
from twin.queries.incidents.around import Spot3
from twin.queries.incidents.live_state import LiveRow
from twin.queries.routes import Network, nearest, route
from twin.queries.routes.networks import guard_posts, line_in_degrees
from twin.queries.routes.places import PlaceGiven
from twin.queries.sight.answerer import Sight
from twin.store import Store

__all__ = ["ground_below", "guards_coming", "seeing_cameras"]

GUARDS = 3
EDITION_SHOWN = "2014"


def seeing_cameras(
    sight: Sight, site: str, labels: Labels, target: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], tuple[float, float, float]]:
    """The cameras that see any of feet, chest and head there, the nearest first, and where that is: lon, lat, height of the floor.

    The same question as `/spatial/visible-from`; a camera that would have to turn is not among them.
    """
    answer = json.loads(sight.ask("visible", site, labels, {"targets": [dict(target)]}))
    (told,) = answer["targets"]
    names = answer["features"]
    cameras = [
        {
            "id": one["camera"],
            "name": names.get(one["camera"], {}).get("name"),
            "distance_m": one["distance_m"],
            "pixels_per_metre": one["pixels_per_metre"],
            "class": one["classes"].get(EDITION_SHOWN),
            "classes": one["classes"],
            "sees": one["sees"],
        }
        for one in told["cameras"]
        if any(one["sees"].values())
    ]
    lon, lat, height = told["target"]["lon_lat_height"]
    return cameras, (lon, lat, height)


def ground_below(sight: Sight, site: str, labels: Labels, lon: float, lat: float) -> tuple[float, float, float]:
    """The ground at a point: lon, lat, ellipsoidal height."""
    target = {"lon": lon, "lat": lat, "height_m": 0.0, "datum": "ground"}
    return seeing_cameras(sight, site, labels, target)[1]


def guards_coming(
    network: Network, frame: SiteFrame, store: Store, labels: Labels, spot: Spot3, live: Sequence[LiveRow]
) -> list[dict[str, Any]]:
    """The three guards, at posts and on their rounds, that are nearest along the way, with it. Raises as `nearest` does."""
    posts: dict[str, PlaceGiven] = dict(guard_posts(store, frame.site.code, labels))
    for row in live:
        if row.lon is not None and row.lat is not None:
            height = frame.site.height_m if row.height_m is None else row.height_m
            posts[row.device] = [float(value) for value in frame.from_lon_lat_height([[row.lon, row.lat, height]])[0]]
    target: PlaceGiven = spot.place if spot.place in network.rooms else list(spot.site_xyz)  # type: ignore[assignment]
    found = nearest(network, target, posts, GUARDS)
    names = store.find_features([one.id for one in found.found], labels, site=frame.site.code)
    told = []
    for one in found.found:
        way = route(network, posts[one.id], target)
        known = names.get(one.id)
        told.append(
            {
                "id": one.id,
                "name": known.feature.name if known is not None else one.id.partition("/")[2] or None,
                "route_m": round(one.metres, 2),
                "seconds": round(one.seconds, 1),
                "route": line_in_degrees(way, frame),
            }
        )
    return told
