"""One event: what happened, where, and who may know of it; as CloudEvents 1.0 where it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["COMMAND", "GAP", "INCIDENT", "Event", "iso_of"]

INCIDENT = "pingshan.incident"
GAP = "pingshan.gap"
COMMAND = "pingshan.command"
"""A person told a vehicle something, or what came of it (`of` the id of the order)."""
SOURCE = "/pingshan/hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`type` is `pingshan.WORD`, `subject` the address of a device or `incident/7`, `time_us` when it happened (UTC since 1970).

    `place` is the feature id of the most protected place it happened in and `labels` all that a reader needs: they say who may know
    of it. `id` is 0 until it is committed.
    """

    type: str
    subject: str
    time_us: int
    site: str
    place: str | None = None
    labels: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    source: str = SOURCE
    id: int = 0

    def to_json(self) -> dict[str, Any]:
        """The event in the JSON format of CloudEvents 1.0 (§3.2: `data` is JSON); `site` and `place` are extension attributes.

        >>> Event(type=INCIDENT, subject="incident/7", time_us=0, site="s", id=3).to_json()["time"]
        '1970-01-01T00:00:00.000000Z'
        """
        told = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": iso_of(self.time_us),
            "datacontenttype": "application/json",
            "site": self.site,
            "data": dict(self.data),
        }
        return told if self.place is None else told | {"place": self.place}


def iso_of(time_us: int) -> str:
    """Microseconds of UTC as RFC 3339; years beyond 9999 or before 1 as the nearest that can be written.

    >>> iso_of(1_700_000_000_000_000)
    '2023-11-14T22:13:20.000000Z'
    """
    bounded = min(max(time_us, -62_135_596_800_000_000), 253_402_300_799_999_999)
    seconds, micros = divmod(bounded, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + f".{micros:06d}Z"
