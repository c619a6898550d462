"""Guards who walk rounds between their posts along the streets, and run to where something is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.noise import position_noise
from sensors.simulate_model import model
from sensors.simulate_place import Compound

__all__ = ["Guards", "Walker"]

Float64 = NDArray[np.float64]


@dataclass(slots=True, kw_only=True, eq=False)
class Walker:
    """A guard: where they truly are, what is left of their way, how fast they go and until when they stay; `error` of their receiver."""

    xy: Float64
    error: Float64
    way: list[Float64]
    m_per_s: float
    stay_until_s: float
    heading_deg: float = 0.0
    moving: bool = False

    @property
    def said_xy(self) -> tuple[float, float]:
        """Where the receiver says they are."""
        return float(self.xy[0] + self.error[0]), float(self.xy[1] + self.error[1])


class Guards:
    """All guards on rounds; `step` second by second. The same rng and calls walk the same way."""

    def __init__(self, compound: Compound, rng: np.random.Generator) -> None:
        self._streets, self._rng = compound.streets, rng
        self._posts = [post.xy for post in compound.posts if np.isfinite(post.xy).all()]
        count = min(model("guard")["patrols"], len(self._posts))
        chosen = rng.permutation(len(self._posts))[:count]
        sigma = position_noise().open_sigma_m
        self.walkers: Sequence[Walker] = tuple(
            Walker(
                xy=self._posts[at].copy(),
                error=rng.standard_normal(2) * sigma,
                way=[],
                m_per_s=model("guard")["walk_m_s"],
                stay_until_s=float(rng.uniform(0, 5)),
            )
            for at in chosen.tolist()
        )

    def step(self, now_s: float, seconds: float = 1.0) -> None:
        """Walk on for some seconds."""
        noise = position_noise()
        kept = float(np.exp(-seconds / noise.open_s))
        for one in self.walkers:
            one.error = kept * one.error + (1 - kept**2) ** 0.5 * noise.open_sigma_m * self._rng.standard_normal(2)
            if not one.way and now_s >= one.stay_until_s:
                one.way = self._way(one.xy, self._posts[int(self._rng.integers(len(self._posts)))])
                one.m_per_s = model("guard")["walk_m_s"]
            one.moving = bool(one.way)
            self._walk(one, one.m_per_s * seconds)
            if one.moving and not one.way:
                one.stay_until_s = now_s + float(self._rng.uniform(*model("guard")["stay_s"]))

    def call(self, xy: Float64) -> int | None:
        """Send the nearest guard running to a point; which, None where there is none."""
        if not self.walkers:
            return None
        nearest = int(np.argmin([np.hypot(*(one.xy - xy)) for one in self.walkers]))
        self.walkers[nearest].way = self._way(self.walkers[nearest].xy, xy)
        self.walkers[nearest].m_per_s = model("guard")["run_m_s"]
        return nearest

    def _way(self, begin: Float64, end: Float64) -> list[Float64]:
        """Along the streets where that is no long way round, else straight."""
        streets = self._streets
        if np.hypot(*(end - begin)) < 1.0:
            return []
        if not len(streets.xy):
            return [end]
        arcs = streets.way(streets.nearest(begin), streets.nearest(end), walking=True) or []
        points = [point for arc in arcs for point in streets.line(arc)[1:]]
        first = [streets.xy[streets.nearest(begin)]] if arcs else []
        whole = [*first, *points, end]
        length = sum(float(np.hypot(*(b - a))) for a, b in zip([begin, *whole], whole, strict=False))
        return whole if arcs and length < 4 * np.hypot(*(end - begin)) else [end]

    def _walk(self, one: Walker, metres: float) -> None:
        while one.way and metres > 0:
            ahead = one.way[0] - one.xy
            apart = float(np.hypot(*ahead))
            if apart > 1e-9:
                one.heading_deg = float(np.degrees(np.arctan2(ahead[0], ahead[1])) % 360.0)
            if apart > metres:
                one.xy = one.xy + ahead * (metres / apart)
                return
            one.xy = one.way.pop(0)
            metres -= apart
