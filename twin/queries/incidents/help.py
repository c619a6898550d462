"""Who can see an incident and who can come: the cameras and the guards with their ways, by the questions of sight and routes."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spatial.frame import SiteFrame
from twin.auth import Labels
from twin.errors import Invalid
from twin.queries.incidents.around import Spot3
from twin.queries.incidents.live_state import LiveRow
from twin.queries.routes import Network, nearest, route
from twin.queries.routes.distances import Nearest
from twin.queries.routes.networks import guard_posts, line_in_degrees
from twin.queries.routes.places import PlaceGiven, find_place, room_at
from twin.queries.sight.answerer import Sight
from twin.store import Store

__all__ = ["guards_coming", "nearest_to", "seeing_cameras"]

GUARDS = 3
ABOVE_GROUND_M = 100.0
"""So high above the ground a point out of doors (a camera on its mast, the middle of a zone) is still one that is walked to below."""
STEP_M = 1.0
"""Where only the ground's height is known, the floor of the room there is so much above it at most."""
ASIDE_M = (1.0, 3.0, 6.0, 12.0, 25.0)
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


def guards_coming(
    network: Network, frame: SiteFrame, store: Store, labels: Labels, spot: Spot3, live: Sequence[LiveRow]
) -> list[dict[str, Any]]:
    """The three guards, at posts and on their rounds, that are nearest along the way, with it. Raises as `nearest` does.

    To what stands in a fence or wall the way leads as near as one comes on foot, on the side that is reached sooner.
    """
    posts: dict[str, PlaceGiven] = dict(guard_posts(store, frame.site.code, labels))
    for row in live:
        if row.lon is not None and row.lat is not None:
            height = frame.site.height_m if row.height_m is None else row.height_m
            posts[row.device] = [float(value) for value in frame.from_lon_lat_height([[row.lon, row.lat, height]])[0]]
    found, target = nearest_to(network, spot, posts, GUARDS)
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


def nearest_to(network: Network, spot: Spot3, posts: Mapping[str, PlaceGiven], count: int) -> tuple[Nearest, PlaceGiven]:
    """The `count` posts nearest to where an incident is, and where one comes to there. Raises as `nearest` does."""
    answers = [(nearest(network, target, posts, count), target) for target in _targets(network, spot)]
    return min(answers, key=lambda one: (-len(one[0].found), *(guard.seconds for guard in one[0].found[:1])))


def _targets(network: Network, spot: Spot3) -> list[PlaceGiven]:
    """Where guards are to come to: the room, or the point on its ground; where a fence runs through that, points beside it that one
    walks to, one for each piece of the surface there."""
    if spot.place is not None and spot.place in network.rooms:
        return [spot.place]
    x, y, z = spot.site_xyz
    given: list[float] = [x, y, z]
    for above in (0.0, STEP_M):
        if room_at(network, np.array([x, y, z + above])) is not None:
            return [[x, y, z + above]]
    ground = network.ground.find(np.array([x, y]))
    if ground is not None and abs(z - ground) <= ABOVE_GROUND_M:
        given = [x, y, float(ground)]
    if _hangs_on(network, given) is not None:
        return [given]
    for metres in ASIDE_M:
        angles = np.arange(8) * math.pi / 4
        beside = [[x + metres * math.cos(angle), y + metres * math.sin(angle), given[2]] for angle in angles.tolist()]
        joined = {nodes: one for one in reversed(beside) if (nodes := _hangs_on(network, one)) is not None}
        if joined:
            return list(joined.values())
    return [given]


def _hangs_on(network: Network, given: PlaceGiven) -> tuple[int, ...] | None:
    try:
        return find_place(network, given).nodes
    except Invalid:
        return None
