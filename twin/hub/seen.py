"""Which batches were taken: the same source and number again is the same batch, sent again."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Seen"]

SOURCES_AT_MOST = 4096
AHEAD_AT_MOST = 4096


@dataclass(slots=True)
class Seen:
    """By source the number up to which all were taken, and those above it; a source counts from 1. The least recent source is forgotten
    when there are more than 4,096: a gateway takes a new source at each start."""

    sources: dict[str, tuple[int, set[int]]] = field(default_factory=dict)

    def has(self, source: str, number: int) -> bool:
        """Whether the batch was taken."""
        low, ahead = self.sources.get(source, (0, set()))
        return number <= low or number in ahead

    def take(self, source: str, number: int) -> None:
        """The batch is taken. A hole that 4,096 later ones have left behind is closed: who sends in order does not come back to it."""
        low, ahead = self.sources.pop(source, (0, set()))
        ahead.add(number)
        while low + 1 in ahead:
            low += 1
            ahead.remove(low)
        while len(ahead) > AHEAD_AT_MOST:
            low = min(ahead)
            ahead.remove(low)
        self.sources[source] = low, ahead
        while len(self.sources) > SOURCES_AT_MOST:
            del self.sources[next(iter(self.sources))]

    def told(self) -> dict[str, list[int]]:
        """As JSON, for a checkpoint."""
        return {source: [low, *sorted(ahead)] for source, (low, ahead) in self.sources.items()}

    @classmethod
    def untold(cls, told: dict[str, list[int]]) -> Seen:
        """From `told`."""
        return cls({source: (low, set(ahead)) for source, (low, *ahead) in told.items()})
