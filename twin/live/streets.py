"""The streets that vehicles may drive on: lines for the tracker, each of whose segments knows the feature that it is of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sensors.roads import NO_ROAD, Roads

__all__ = ["NO_STREETS", "Streets"]

Float64 = NDArray[np.float64]
METRES_A_DEGREE = 111_000.0
REACH_M = 60.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streets:
    """Segments (m, 4) of degrees (lon, lat, lon, lat), and the feature id of each (m,)."""

    segments: Float64
    features: tuple[str, ...]

    @classmethod
    def of(cls, lines: Iterable[tuple[str, BaseGeometry]]) -> Streets:
        """Of the lines (degrees of longitude and latitude, CRS84) of features by their ids; what is no line is left out."""
        segments, features = [np.zeros((0, 4))], list[str]()
        for feature, line in lines:
            for part in shapely.get_parts(line) if shapely.get_dimensions(line) == 1 else ():
                points = shapely.get_coordinates(part)
                segments.append(np.hstack([points[:-1], points[1:]]))
                features += [feature] * (len(points) - 1)
        return cls(segments=np.concatenate(segments), features=tuple(features))

    def __len__(self) -> int:
        return len(self.segments)

    def joined(self, other: Streets) -> Streets:
        """These and those."""
        return Streets(segments=np.concatenate([self.segments, other.segments]), features=self.features + other.features)

    def roads(self) -> Roads | None:
        """To be searched, by segment; None where there are none."""
        if not len(self):
            return None
        cosine = float(np.cos(np.radians(np.abs(self.segments[:, 1::2]).max())))
        scale = METRES_A_DEGREE * max(cosine, 0.01), METRES_A_DEGREE
        return Roads.of(self.segments, reach_m=REACH_M, metres_per_unit=scale)

    def feature(self, segment: int) -> str | None:
        """The id of the feature that a segment is of; None for none."""
        return self.features[segment] if 0 <= segment < len(self.features) else None

    def numbers_in(self, other: Streets) -> NDArray[np.int32]:
        """(m,) the number that each segment has among others, `NO_ROAD` where it is not there."""
        known = {(feature, *line): at for at, (feature, line) in enumerate(zip(other.features, other.segments.tolist(), strict=True))}
        mine = zip(self.features, self.segments.tolist(), strict=True)
        return np.array([known.get((feature, *line), NO_ROAD) for feature, line in mine], dtype=np.int32)

    def told(self) -> dict[str, list[object]]:
        """As JSON, for a checkpoint."""
        return {"segments": self.segments.tolist(), "features": list(self.features)}

    @classmethod
    def untold(cls, told: dict[str, list[object]]) -> Streets:
        """From `told`."""
        segments = np.array(told["segments"], dtype=np.float64).reshape(-1, 4)
        return cls(segments=segments, features=tuple(str(one) for one in told["features"]))


NO_STREETS = Streets.of(())
