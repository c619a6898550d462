"""The IFC file a worker draws from: opened once, with its unit and placements."""

from functools import cached_property
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import numpy as np

from bim.placement import Placements, PlacementUnresolved
from bim.units import read_units
from spatial.mesh import Float64

__all__ = ["SourceFile"]


class SourceFile:
    """One IFC file, opened once per worker."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> None:
        """Parse the file now rather than at first use."""
        _ = self.model

    @cached_property
    def model(self) -> Any:
        """The parsed file."""
        return ifcopenshell.open(self.path)

    @cached_property
    def unit_scale(self) -> float:
        """Metres in one length unit of the file."""
        return read_units(self.model).length_unit_m

    @cached_property
    def placements(self) -> Placements:
        """Placements, resolved once each; those along a curve or on a grid by ifcopenshell, in milliseconds."""
        return Placements(self.unit_scale, self._matrix_along)

    @cached_property
    def settings(self) -> Any:
        """How ifcopenshell is asked for shapes: in their own frame, triangles not welded, shells turned outward."""
        settings = ifcopenshell.geom.settings()
        settings.set("weld-vertices", False)
        settings.set("reorient-shells", True)
        settings.set("use-world-coords", False)
        # By default bodies in contexts typed `$` or `Plan` are dropped, and the openings with them.
        settings.set("context-ids", [context.id() for context in self.model.by_type("IfcGeometricRepresentationContext")])
        return settings

    def _matrix_along(self, placement: Any) -> Float64:
        try:
            shape = ifcopenshell.geom.create_shape(self.settings, placement)
        except RuntimeError as failure:
            raise PlacementUnresolved(f"{placement.is_a()} #{placement.id()}: {failure}", None) from failure
        return np.array(shape.matrix, dtype=np.float64).reshape(4, 4).T
