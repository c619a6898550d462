"""Events of incidents: one for each part that a batch or a person changed, so that each reader meets only what they may know of."""

from collections.abc import Iterator
from typing import Any

from twin.incidents.apply import Changes
from twin.incidents.event import INCIDENT, Event
from twin.incidents.kinds import AlarmKinds
from twin.incidents.state import Part
from twin.incidents.words import leading_kind, title_of

__all__ = ["event_of", "news_of"]


def news_of(changes: Changes, kinds: AlarmKinds, now_us: int) -> Iterator[Event]:
    """The events of a batch: `opened`, `reopened`, `raised` (to be told to people: `notify`) or `alarms`; `flapping` and `quiet`.

    Alarms that are held make none.
    """
    for number, (what, fresh) in changes.news.items():
        part = changes.touched[number]
        yield event_of(part, what, kinds, now_us, notify=what != "alarms", alarms=fresh)
    for said in changes.log:
        if said.what in ("flapping", "quiet"):
            yield event_of(said.part, said.what, kinds, now_us, notify=said.what == "flapping", **said.facts)


def event_of(part: Part, change: str, kinds: AlarmKinds, now_us: int, *, notify: bool, **more: Any) -> Event:
    """An event about one part; severity, count and title are those of the part."""
    data = {
        "incident": part.incident,
        "change": change,
        "notify": notify,
        "kind": leading_kind(part.kinds_counted, kinds),
        "title": title_of(part.kinds_counted, kinds),
        "severity": part.severity,
        "state": part.status.value,
        "count": part.count,
        "flapping": part.flapping > 0,
        "lon": None if part.lon != part.lon else part.lon,
        "lat": None if part.lat != part.lat else part.lat,
        **more,
    }
    site, place, labels = part.spot.protection()
    return Event(type=INCIDENT, subject=f"incident/{part.incident}", time_us=now_us, site=site, place=place, labels=labels, data=data)
