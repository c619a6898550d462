"""Who is inside, for one reader: over a worker's copy of the lists, without what stands in places the reader may not know of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from twin.live.inside import iter_area, key_of
from twin.queries.incidents.live_state import InsideRow, SeenRow
from twin.queries.live.replica import Replica
from twin.queries.live.told import moment
from twin.queries.live.visible import Permitted
from twin.queries.place.scene import Scenes

__all__ = ["InsideLists", "inside_told"]

PUBLIC = "public"


class InsideLists:
    """See `twin.queries.incidents.live_state.Inside`: over a worker's replica."""

    def __init__(self, replica: Replica, scenes: Scenes) -> None:
        self._replica = replica
        self._scenes = scenes

    def inside(self, site: str, building: str | None) -> Sequence[InsideRow]:
        """See `Inside`."""
        area = site if building is None else building
        return [self._row(site, row) for row in iter_area(self._replica.state.inside, area, "person") if row["site"] == site]

    def seen(self, site: str, places: Collection[str], since_us: int) -> Sequence[SeenRow]:
        """See `Inside`."""
        wanted = frozenset(places)
        found = []
        for row in iter_area(self._replica.state.inside, "", "person"):
            if row["site"] == site and row["since_us"] >= since_us:
                here = sorted(wanted.intersection(row["place"]))
                found += [SeenRow(person=_key(row), time_us=row["since_us"], place=place) for place in here[:1]]
        return found

    def _row(self, site: str, row: dict[str, Any]) -> InsideRow:
        labels = self._scenes.labels_of(site, row["place"])
        hidden = [feature for feature, label in labels.items() if label != PUBLIC]
        return InsideRow(
            person=_key(row),
            since_us=row["since_us"],
            through=row["through"],
            place=row["place"][1] if len(row["place"]) > 1 else row["place"][0],
            seen_us=row["seen_us"],
            protected=hidden[0] if hidden else row["place"][0],
            labels=tuple(sorted(set(labels.values()))) or (PUBLIC,),
        )


def inside_told(
    replica: Replica, permitted: Permitted, site: str, building: str | None, kind: str, *, now_us: int, after: str | None, limit: int
) -> dict[str, Any]:
    """Those inside a site or a building that the reader may know of: `{at, site, building, kind, numberMatched, inside, next}`, by key.

    Who is inside is as visible as the gates they came through and were seen at last, and what those stand in.
    """
    area = site if building is None else building
    rows = [row for row in iter_area(replica.state.inside, area, kind) if row["site"] == site and _is_shown(replica, permitted, row)]
    rows.sort(key=_key)
    page = [row for row in rows if after is None or _key(row) > after]
    told = [
        {
            "key": _key(row),
            "since": moment(row["since_us"]),
            "through": row["through"],
            "seen": moment(row["seen_us"]),
            "seen_at": row["seen_at"],
        }
        for row in page[:limit]
    ]
    return {
        "at": moment(now_us),
        "site": site,
        "building": building,
        "kind": kind,
        "numberMatched": len(rows),
        "inside": told,
        "next": _key(page[limit - 1]) if len(page) > limit else None,
    }


def _is_shown(replica: Replica, permitted: Permitted, row: dict[str, Any]) -> bool:
    """Whether both where one came in and where one was seen last may be known of."""
    last = replica.state.inside.get(key_of("", row["who"]), row)
    return all(permitted.knows(one["through"], one["place"]) for one in (row, last))


def _key(row: dict[str, Any]) -> str:
    return str(row["who"]).partition("/")[2]
