"""Alarms made up for tests, and an own way of grouping them that shares no code with the one that is tested."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from twin.codes import shipped_tables
from twin.incidents import AlarmKinds, Alarms, Spot

NOW = 1_800_000_000_000_000
S = 1_000_000
KINDS = AlarmKinds.on(shipped_tables(), date(2026, 12, 1))


def alarm(device: str = "door/D1", kind: str = "door_forced", *, at_s: float = 0, site: str = "s", **more: Any) -> dict[str, Any]:
    """One alarm `at_s` seconds after NOW; `place`, `protected`, `labels`, `place_kind` make its spot."""
    spot = {name: more.pop(name) for name in ("place", "place_kind", "protected", "labels") if name in more}
    return {"device": device, "kind": kind, "spot": Spot(site=site, **spot), "time_us": NOW + int(at_s * S), **more}


def alarms(*rows: dict[str, Any]) -> Alarms:
    return Alarms.of(rows)


@dataclass
class Brute:
    """Groups by looking at every alarm there was, with the words of docs/incidents.md alone.

    `families`, `metres`, `seconds` by kind, `at_once_s` by family; `longest_s` after which an incident's part is forgotten.
    """

    families: dict[str, str]
    metres: dict[str, float]
    seconds: dict[str, float]
    longest_s: float
    at_once_s: dict[str, float] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    incidents: int = 0
    parts: list[dict[str, Any]] = field(default_factory=list)

    def take(self, rows: Sequence[dict[str, Any]], now_us: int) -> list[tuple[int, int]]:
        """(incident, part) of each alarm."""
        return [self._one(row, now_us) for row in rows]

    def _one(self, row: dict[str, Any], now_us: int) -> tuple[int, int]:
        kind, spot = row["kind"], row["spot"]
        mine = [other for other in self.seen if other["spot"].site == spot.site and self.families[other["kind"]] == self.families[kind]]
        oldest = now_us - self.longest_s * 1e6
        found = None
        for test in (self._at_once, self._same_device, self._same_place, self._near):
            parts = {part for part in {other["part"] for other in mine} if test(row, [o for o in mine if o["part"] == part], oldest)}
            if parts:
                last = {part: max(o["time_us"] for o in mine if o["part"] == part) for part in parts}
                found = min(parts, key=lambda part: (-last[part], part))
                break
        incident = self.parts[found]["incident"] if found is not None else None
        protection = (spot.site, spot.protected, tuple(sorted(set(spot.labels))))
        fitting = [
            number
            for number, part in enumerate(self.parts)
            if incident is not None and part["incident"] == incident and part["protection"] == protection
        ]
        if incident is None:
            self.incidents += 1
            incident = self.incidents
        if fitting:
            number = fitting[-1]
        else:
            number = len(self.parts)
            self.parts.append({"incident": incident, "protection": protection})
        self.seen.append({**row, "part": number})
        return incident, number + 1

    def _in_time(self, row: dict[str, Any], others: list[dict[str, Any]], oldest: float, within_s: float | None = None) -> bool:
        within = (self.seconds[row["kind"]] if within_s is None else within_s) * 1e6
        first, last = min(o["time_us"] for o in others), max(o["time_us"] for o in others)
        return last >= oldest and first - within <= row["time_us"] <= last + within

    def _same_device(self, row: dict[str, Any], others: list[dict[str, Any]], oldest: float) -> bool:
        same = [other for other in others if other["device"] == row["device"]]
        return bool(same) and self._in_time(row, same, oldest)

    def _same_place(self, row: dict[str, Any], others: list[dict[str, Any]], oldest: float) -> bool:
        same = [other for other in others if other["spot"].place is not None and other["spot"].place == row["spot"].place]
        return bool(same) and self._in_time(row, same, oldest)

    def _at_once(self, row: dict[str, Any], others: list[dict[str, Any]], oldest: float) -> bool:
        within_s = self.at_once_s.get(self.families[row["kind"]], 0)
        return bool(within_s) and self._in_time(row, others, oldest, within_s)

    def _near(self, row: dict[str, Any], others: list[dict[str, Any]], oldest: float) -> bool:
        if row.get("lon_lat") is None:
            return False
        lon, lat = row["lon_lat"]
        for device in {other["device"] for other in others}:
            said = [other for other in others if other["device"] == device]
            placed = [other for other in said if other.get("lon_lat") is not None]
            if not placed or not self._in_time(row, said, oldest):
                continue
            east, north = placed[-1]["lon_lat"][0] - lon, placed[-1]["lon_lat"][1] - lat
            if math.hypot(east * math.cos(math.radians(lat)), north) * 111_320 <= self.metres[row["kind"]]:
                return True
        return False
