"""An incident as one reader may know it: made of the parts they may know of and of nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from twin.incidents.commands import version_of
from twin.incidents.kinds import AlarmKinds, severity_of
from twin.incidents.state import Part, Status
from twin.incidents.words import leading_kind, title_of

__all__ = ["Knows", "View"]

Knows: TypeAlias = Callable[[str, str | None, tuple[str, ...]], bool]
"""Whether a reader may know of what happened on a site, at its most protected place, under some labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`parts` are those the reader may know of, at least one; `whole` whether they are all there are."""

    id: int
    parts: Sequence[Part]
    whole: bool

    @property
    def site(self) -> str:
        """The site it is of."""
        return self.parts[0].spot.site

    @property
    def status(self) -> Status:
        """Open while anything the reader knows of is, else acknowledged while anything is."""
        found = {part.status for part in self.parts}
        return next(status for status in Status if status in found)

    @property
    def counts(self) -> dict[str, int]:
        """Code → alarms, held ones too."""
        counts: dict[str, int] = {}
        for part in self.parts:
            for code, (alarms, _) in part.kinds.items():
                counts[code] = counts.get(code, 0) + alarms
        return counts

    @property
    def count(self) -> int:
        """All alarms."""
        return sum(self.counts.values())

    @property
    def held(self) -> int:
        """Those of them that were counted while a device flapped, and told to nobody."""
        return sum(held for part in self.parts for _, held in part.kinds.values())

    @property
    def flapping(self) -> bool:
        """Whether a device flaps."""
        return any(part.flapping for part in self.parts)

    @property
    def since_us(self) -> int:
        """The first alarm."""
        return min(part.first_us for part in self.parts)

    @property
    def until_us(self) -> int:
        """The last alarm."""
        return max(part.last_us for part in self.parts)

    @property
    def latest(self) -> Part:
        """The part with the last alarm, of those with a position if any has one: where the incident is."""
        return max(self.parts, key=lambda part: (part.lat == part.lat, part.last_us, -part.id))

    @property
    def version(self) -> str:
        """What a change says it is of."""
        return version_of(self.parts)

    def severity(self, kinds: AlarmKinds) -> int:
        """That of the parts together: of several kinds in two parts it may be higher than that of each."""
        told: dict[str, int] = {}
        for part in self.parts:
            for code, count in part.told.items():
                told[code] = told.get(code, 0) + count
        return max(severity_of(told, kinds), *(part.severity for part in self.parts))

    def kind(self, kinds: AlarmKinds) -> str:
        """The code that stands for all."""
        return leading_kind(self.counts, kinds)

    def title(self, kinds: AlarmKinds) -> dict[str, str]:
        """`{zh, en}`."""
        return title_of(self.counts, kinds)
