"""What was said once and is delivered again: an observation with the id of an event that its device gave is taken once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from sensors import Observation

__all__ = ["Again"]

KEPT = 100_000
EVENT = "event"
"""Member of a value that names the event for good: `[source, id]` of its CloudEvent."""


@dataclass(slots=True, eq=False)
class Again:
    """The ids of the last 100,000 events, the least recent first."""

    known: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def is_again(self, one: Observation) -> bool:
        """Whether it was taken before; it is known from now on. What has no id is never the same again."""
        event = one.value.get(EVENT)
        if event is None:
            return False
        name = f"{one.device} {one.stream} {event}"
        if name in self.known:
            self.known.move_to_end(name)
            return True
        self.known[name] = None
        if len(self.known) > KEPT:
            self.known.popitem(last=False)
        return False

    def told(self) -> list[str]:
        """As JSON, for a checkpoint."""
        return list(self.known)

    @classmethod
    def untold(cls, told: list[str]) -> Again:
        """From `told`."""
        return cls(OrderedDict.fromkeys(told))
