"""Lines of sight by brute force: every line against every triangle in float64 (Möller and Trumbore 1997), nothing left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Answer", "BruteScene"]

END_M = 0.005
SAME_PLACE_M = 0.001
ON_EDGE = 1e-12


@dataclass(frozen=True)
class Answer:
    """Whether a line is blocked, metres to the first surface, and all features with a surface within 1 mm of that."""

    blocked: bool
    distance_m: float
    features: frozenset[str]


class BruteScene:
    """Named meshes: vertices (n, 3), faces (m, 3)."""

    def __init__(self, solids: Sequence[tuple[str, NDArray[np.float64], NDArray[np.int64]]]) -> None:
        self.names = [name for name, _, _ in solids]
        self.owner = np.repeat(np.arange(len(solids)), [len(faces) for _, _, faces in solids])
        corners = np.concatenate([np.asarray(vertices)[faces] for _, vertices, faces in solids])
        self.bounds = np.array([corners.min(axis=(0, 1)), corners.max(axis=(0, 1))])
        self._first, self._one, self._two = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]

    def hits(self, start: NDArray[np.float64], direction: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """All crossings of one ray (3,), (3,): lengths of the direction, and triangles."""
        across = np.cross(direction, self._two)
        volume = np.einsum("ij,ij->i", self._one, across)
        with np.errstate(divide="ignore", invalid="ignore"):
            offset = (start - self._first) / volume[:, None]
            u = np.einsum("ij,ij->i", offset, across)
            other = np.cross(offset, self._one)
            v, along = other @ direction, np.einsum("ij,ij->i", self._two, other)
        met = np.flatnonzero((volume != 0) & (u >= -ON_EDGE) & (v >= -ON_EDGE) & (u + v <= 1 + ON_EDGE))
        return along[met], met

    def lines(self, start: NDArray[np.float64], end: NDArray[np.float64], without: frozenset[str] = frozenset()) -> list[Answer]:
        """The answers for lines between points (n, 3), hits within 5 mm of either end apart, as if `without` were not there."""
        kept = np.array([name not in without for name in self.names])
        return [self._line(one, other, kept) for one, other in zip(start, end, strict=True)]

    def decided(self, start: NDArray[np.float64], end: NDArray[np.float64], rng: np.random.Generator, without: frozenset[str]) -> bool:
        """Whether one line (3,), (3,) has the same answer when its ends are moved about by 2 mm: else it grazes something."""
        starts = start + rng.uniform(-0.002, 0.002, (24, 3))
        ends = end + rng.uniform(-0.002, 0.002, (24, 3))
        return len({(one.blocked, one.features) for one in self.lines(starts, ends, without)}) == 1

    def _line(self, start: NDArray[np.float64], end: NDArray[np.float64], kept: NDArray[np.bool_]) -> Answer:
        length = float(np.linalg.norm(end - start))
        along, triangle = self.hits(start, (end - start) / length)
        mine = (along >= END_M) & (along <= length - END_M) & kept[self.owner[triangle]]
        if not mine.any():
            return Answer(False, np.inf, frozenset())
        first = float(along[mine].min())
        near = mine & (along <= first + SAME_PLACE_M)
        return Answer(True, first, frozenset(self.names[k] for k in self.owner[triangle[near]]))
