"""Small IFC files made in code, each to hold one hazard."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid

Vector = Sequence[float]


class IfcBuilder:
    """A project with site, building and storey; `unit` is `m`, `mm`, `ft` or None for no unit assignment."""

    def __init__(self, schema: str = "IFC4", unit: str | None = "m", true_north: Vector | None = None) -> None:
        self.ifc: Any = ifcopenshell.file(schema=schema)
        self.schema = schema
        self.unit_m = {"m": 1.0, "mm": 0.001, "ft": 0.3048, None: 1.0}[unit]
        north = self.make("IfcDirection", true_north) if true_north is not None else None
        self.context = self.make("IfcGeometricRepresentationContext", None, "Model", 3, 1e-5, self.axes(), north)
        self.project = self.root("IfcProject", "Project", RepresentationContexts=[self.context], UnitsInContext=self._units(unit))
        self.site = self.spatial("IfcSite", "Site", self.project)
        self.building = self.spatial("IfcBuilding", "Building", self.site)
        self.storey = self.spatial("IfcBuildingStorey", "1F", self.building, z=0.0, Elevation=0.0)

    def make(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self.ifc.create_entity(name, *args, **kwargs)

    def root(self, name: str, label: str | None = None, **kwargs: Any) -> Any:
        kwargs.setdefault("GlobalId", ifcopenshell.guid.new())
        return self.make(name, Name=label, **kwargs)

    def axes(self, at: Vector = (0.0, 0.0, 0.0), x: Vector | None = None) -> Any:
        """IfcAxis2Placement3D at metres."""
        point = self.make("IfcCartesianPoint", [float(value) / self.unit_m for value in at])
        if x is None:
            return self.make("IfcAxis2Placement3D", point)
        up = self.make("IfcDirection", (0.0, 0.0, 1.0))
        return self.make("IfcAxis2Placement3D", point, up, self.make("IfcDirection", [float(value) for value in x]))

    def spatial(self, name: str, label: str, parent: Any, z: float | None = None, at: Vector | None = None, **kwargs: Any) -> Any:
        placed = at if at is not None else (0.0, 0.0, z or 0.0)
        relative = getattr(parent, "ObjectPlacement", None)
        placement = self.make("IfcLocalPlacement", relative, self.axes(placed))
        if name == "IfcSpace" and self.schema == "IFC2X3":
            kwargs.setdefault("InteriorOrExteriorSpace", "INTERNAL")
        entity = self.root(name, label, ObjectPlacement=placement, CompositionType="ELEMENT", **kwargs)
        self.root("IfcRelAggregates", RelatingObject=parent, RelatedObjects=[entity])
        return entity

    def box(self, name: str, label: str, at: Vector, size: Vector, container: Any = None, **kwargs: Any) -> Any:
        """An element that is a box: lowest corner and size in metres; contained where a container is given."""
        entity = self.root(name, label, ObjectPlacement=self.make("IfcLocalPlacement", None, self.axes(at)), **kwargs)
        entity.Representation = self.solid([(0.0, 0.0), (size[0], 0.0), (size[0], size[1]), (0.0, size[1])], size[2])
        if container is not None:
            self.contain(container, entity)
        return entity

    def room(self, label: str, outline: Sequence[Vector], z: float, height: float, storey: Any = None, **kwargs: Any) -> Any:
        """A space extruded from an outline in world metres."""
        space = self.spatial("IfcSpace", label, storey or self.storey, at=(0.0, 0.0, z), **kwargs)
        space.ObjectPlacement.PlacementRelTo = None
        space.Representation = self.solid(outline, height)
        return space

    def solid(self, outline: Sequence[Vector], height: float) -> Any:
        points = [self.make("IfcCartesianPoint", [float(value) / self.unit_m for value in point]) for point in (*outline, outline[0])]
        profile = self.make("IfcArbitraryClosedProfileDef", "AREA", None, self.make("IfcPolyline", points))
        up = self.make("IfcDirection", (0.0, 0.0, 1.0))
        body = self.make("IfcExtrudedAreaSolid", profile, self.axes(), up, height / self.unit_m)
        shape = self.make("IfcShapeRepresentation", self.context, "Body", "SweptSolid", [body])
        return self.make("IfcProductDefinitionShape", None, None, [shape])

    def contain(self, container: Any, *entities: Any) -> None:
        self.root("IfcRelContainedInSpatialStructure", RelatedElements=list(entities), RelatingStructure=container)

    def aggregate(self, whole: Any, *parts: Any) -> None:
        self.root("IfcRelAggregates", RelatingObject=whole, RelatedObjects=list(parts))

    def property_set(self, name: str, values: dict[str, Any], *things: Any) -> Any:
        """A property set of IfcLabel, IfcReal or ready-made values."""
        properties = [self.make("IfcPropertySingleValue", Name=key, NominalValue=self._value(value)) for key, value in values.items()]
        definition = self.root("IfcPropertySet", name, HasProperties=properties)
        if things:
            self.root("IfcRelDefinesByProperties", RelatedObjects=list(things), RelatingPropertyDefinition=definition)
        return definition

    def map_conversion(
        self,
        crs: str | None,
        east: float,
        north: float,
        height: float,
        x_axis: Vector = (1.0, 0.0),
        scale: float | None = 1.0,
        map_unit: str | None = "m",
    ) -> Any:
        """IfcMapConversion with numbers as given; `map_unit` None writes no MapUnit."""
        unit = (
            self.make("IfcSIUnit", UnitType="LENGTHUNIT", Prefix={"m": None, "mm": "MILLI"}[map_unit], Name="METRE") if map_unit else None
        )
        target = self.make("IfcProjectedCRS", Name=crs, MapUnit=unit)
        return self.make("IfcMapConversion", self.context, target, east, north, height, float(x_axis[0]), float(x_axis[1]), scale)

    def write(self, path: Path) -> Path:
        self.ifc.write(str(path))
        return path

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.make("IfcLabel", value)
        return self.make("IfcReal", value) if isinstance(value, float) else value

    def _units(self, unit: str | None) -> Any:
        if unit is None:
            return None
        metre = self.make("IfcSIUnit", UnitType="LENGTHUNIT", Prefix="MILLI" if unit == "mm" else None, Name="METRE")
        length = metre
        if unit == "ft":
            exponents = self.make("IfcDimensionalExponents", 1, 0, 0, 0, 0, 0, 0)
            factor = self.make("IfcMeasureWithUnit", self.make("IfcLengthMeasure", 0.3048), metre)
            length = self.make("IfcConversionBasedUnit", exponents, "LENGTHUNIT", "FOOT", factor)
        area = self.make("IfcSIUnit", UnitType="AREAUNIT", Name="SQUARE_METRE")
        return self.make("IfcUnitAssignment", [length, area])
