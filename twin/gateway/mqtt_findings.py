"""What a gateway could not take, counted by code, the latest of each kept to be looked at."""

from collections import Counter, deque
from collections.abc import Iterable

from sensors.mqtt_payload import Problem

__all__ = ["Findings"]


class Findings:
    """Counts of all problems since the start, and the last `most` of them."""

    def __init__(self, most: int = 1000) -> None:
        self.counts: Counter[str] = Counter()
        self._latest: deque[tuple[int, Problem]] = deque(maxlen=most)

    def add(self, problem: Problem, *, now_us: int) -> None:
        """Count a problem."""
        self.counts[problem.code] += 1
        self._latest.append((now_us, problem))

    def latest(self) -> Iterable[tuple[int, Problem]]:
        """(microseconds of UTC, problem), the newest first."""
        return reversed(self._latest)
