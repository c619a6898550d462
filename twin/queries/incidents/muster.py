"""The muster list at an evacuation: who was inside, who has been seen at an assembly point since, who is missing."""

from collections.abc import Collection
from typing import Any

from twin.incidents import Knows
from twin.incidents.event import iso_of
from twin.queries.incidents.live_state import Inside

__all__ = ["muster_of"]


def muster_of(
    inside: Inside, knows: Knows, site: str, building: str | None, *, since_us: int, points: Collection[str], persons: bool
) -> dict[str, Any]:
    """`{site, building, since, points, inside, safe, missing, safe_people, missing_people}`; the two lists are None for who may not read
    persons. Who went in by gates and doors and did not come out is inside; who was seen at a point since `since_us` is safe.

    Somebody who is in a place the reader may not know of is neither listed nor counted.
    """
    people = [row for row in inside.inside(site, building) if knows(site, row.protected, row.labels)]
    seen = {row.person: row for row in inside.seen(site, points, since_us)} if points else {}
    safe = [row for row in people if row.person in seen]
    missing = sorted((row for row in people if row.person not in seen), key=lambda row: (row.seen_us or row.since_us, row.person))
    told_safe = [
        {"person": row.person, "point": seen[row.person].place, "at": iso_of(seen[row.person].time_us)}
        for row in sorted(safe, key=lambda row: row.person)
    ]
    told_missing = [
        {
            "person": row.person,
            "since": iso_of(row.since_us),
            "through": row.through,
            "last_place": row.place,
            "last_seen": None if row.seen_us is None else iso_of(row.seen_us),
        }
        for row in missing
    ]
    return {
        "site": site,
        "building": building,
        "since": iso_of(since_us),
        "points": sorted(points),
        "inside": len(people),
        "safe": len(safe),
        "missing": len(missing),
        "safe_people": told_safe if persons else None,
        "missing_people": told_missing if persons else None,
    }
