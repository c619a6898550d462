"""The tree of places as columns, and from where in it a position can be had."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64

__all__ = ["PlaceKind", "Places", "positioned"]

DEPTH = 32
STANDING_M2 = 0.01

Rows = NDArray[np.int64]


class PlaceKind(IntEnum):
    """The levels of the tree, from the root down (decision 010)."""

    EVERYTHING = 0
    SITE = 1
    BUILDING = 2
    STOREY = 3
    ROOM = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """One row a place; other columns name places by row, -1 for none.

    `id` (m,) int64 is the store's, `parent` (m,) a row, `kind` (m,) a PlaceKind, `xyz` (m, 3) float64 site metres on the floor of
    the place, NaN where nobody knows or where it lies `beyond` (m,) every site and is known in degrees alone, `extent_m` (m,) how
    far from there a thing of the place may be (half its diagonal). `outlines` holds the rooms that have one, by row, in site
    metres; `standing` what already stands in them.
    """

    id: Rows
    parent: Rows
    kind: NDArray[np.uint8]
    xyz: Float64
    extent_m: Float64
    outlines: Mapping[int, BaseGeometry] = field(default_factory=dict)
    standing: Mapping[int, BaseGeometry] = field(default_factory=dict)
    beyond: NDArray[np.bool_] | None = None

    def known(self) -> NDArray[np.bool_]:
        """Whether somebody knows where each place is: in site metres, or beyond every site in degrees, (m,) bool."""
        return positioned(self.xyz) if self.beyond is None else positioned(self.xyz) | self.beyond

    def nearest_positioned(self) -> Rows:
        """For each place the row of itself or its nearest ancestor with a position, (m,); -1 where none has.

        Ancestors are followed 32 deep, so that a tree that refers to itself ends too.
        """
        known = self.known()
        at = np.arange(len(self.id))
        for _ in range(DEPTH):
            climbing = (at >= 0) & ~known[at]
            if not climbing.any():
                return at
            at[climbing] = self.parent[at[climbing]]
        return np.where((at >= 0) & known[at], at, -1)

    def holds(self, outer: Rows, inner: Rows) -> NDArray[np.bool_]:
        """Whether each outer place is the inner one or above it in the tree, (n,) bool; nothing holds, or is held by, no place."""
        above = np.append(self.parent, -1)
        at, found = inner.copy(), np.zeros(len(inner), dtype=bool)
        for _ in range(DEPTH):
            found |= (at >= 0) & (at == outer)
            at = above[at]
        return found

    def with_outline(self) -> NDArray[np.bool_]:
        """Whether each place has an outline with room to stand in and a floor height, (m,) bool."""
        standable = np.zeros(len(self.id), dtype=bool)
        standable[[row for row, outline in self.outlines.items() if outline.area >= STANDING_M2]] = True
        return standable & np.isfinite(self.xyz[:, 2])


def positioned(xyz: Float64) -> NDArray[np.bool_]:
    """Which rows of (n, 3) coordinates are a position, (n,) bool."""
    known: NDArray[np.bool_] = np.isfinite(xyz[:, 0]) & np.isfinite(xyz[:, 1]) & np.isfinite(xyz[:, 2])
    return known
