"""What a geometry engine is: asked for products, it answers with parts in each product's own frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bim.geometry.colour import Rgba
from spatial.mesh import Float64

__all__ = ["NO_SURFACE", "Drawn", "Engine", "Part"]

NO_SURFACE = "no representation with a surface"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Triangles of one colour: vertices (n, 3) float64 metres, triangles (m, 3); `matrix` takes them to the model frame.

    `rgba` None: the file gives no colour. `shared` names equal geometry within one engine, or is None.
    """

    vertices: Float64
    triangles: NDArray[np.int64]
    rgba: Rgba | None
    matrix: Float64
    shared: object = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """What an engine made of one product; no part means that it could not, and `reason` says why."""

    step_id: int
    parts: tuple[Part, ...]
    reason: str | None = None


class Engine(Protocol):
    """Makes meshes from one IFC file; it may crash or hang, it runs in a worker process of its own."""

    def draw(self, step_ids: Sequence[int]) -> list[Drawn]:
        """One answer for each product asked, in any order."""
        ...
