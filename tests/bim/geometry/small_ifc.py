"""Small IFC files written entity by entity, each for one hazard of geometry."""

from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid

METRE, MILLIMETRE = None, "MILLI"
Point = tuple[float, float, float]


class SmallIfc:
    """An IFC4 file with one Body context; lengths in the file's own unit."""

    def __init__(self, prefix: str | None = METRE) -> None:
        self.file = ifcopenshell.file(schema="IFC4")
        unit = self.file.create_entity("IfcSIUnit", UnitType="LENGTHUNIT", Prefix=prefix, Name="METRE")
        units = self.file.create_entity("IfcUnitAssignment", Units=[unit])
        world = self.axes((0.0, 0.0, 0.0))
        self.context = self.file.create_entity(
            "IfcGeometricRepresentationContext", ContextType="Model", CoordinateSpaceDimension=3, WorldCoordinateSystem=world
        )
        self.file.create_entity("IfcProject", GlobalId=self.guid(), RepresentationContexts=[self.context], UnitsInContext=units)

    @staticmethod
    def guid() -> str:
        return str(ifcopenshell.guid.new())

    def direction(self, ratios: Point) -> Any:
        return self.file.create_entity("IfcDirection", DirectionRatios=ratios)

    def axes(self, at: Point, z: Point | None = None, x: Point | None = None) -> Any:
        point = self.file.create_entity("IfcCartesianPoint", Coordinates=at)
        return self.file.create_entity(
            "IfcAxis2Placement3D",
            Location=point,
            Axis=None if z is None else self.direction(z),
            RefDirection=None if x is None else self.direction(x),
        )

    def placement(self, at: Point, parent: Any = None, z: Point | None = None, x: Point | None = None) -> Any:
        return self.file.create_entity("IfcLocalPlacement", PlacementRelTo=parent, RelativePlacement=self.axes(at, z, x))

    def block(self, size: Point, at: Point = (0.0, 0.0, 0.0)) -> Any:
        """An extruded rectangle standing on `at`, centred over it in x and y."""
        profile = self.file.create_entity("IfcRectangleProfileDef", ProfileType="AREA", XDim=size[0], YDim=size[1])
        up = self.direction((0.0, 0.0, 1.0))
        return self.file.create_entity(
            "IfcExtrudedAreaSolid", SweptArea=profile, Position=self.axes(at), ExtrudedDirection=up, Depth=size[2]
        )

    def faceted(self, low: Point, high: Point) -> Any:
        """A box as a triangulated face set with its coordinates written out, wound inside out."""
        corners = [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
        outward = [
            (1, 2, 4),
            (1, 4, 3),
            (5, 7, 8),
            (5, 8, 6),
            (1, 5, 6),
            (1, 6, 2),
            (3, 4, 8),
            (3, 8, 7),
            (1, 3, 7),
            (1, 7, 5),
            (2, 6, 8),
            (2, 8, 4),
        ]
        points = self.file.create_entity("IfcCartesianPointList3D", CoordList=corners)
        return self.file.create_entity("IfcTriangulatedFaceSet", Coordinates=points, CoordIndex=[t[::-1] for t in outward], Closed=True)

    def painted(self, item: Any, rgb: Point, transparency: float = 0.0) -> Any:
        colour = self.file.create_entity("IfcColourRgb", Red=rgb[0], Green=rgb[1], Blue=rgb[2])
        shading = self.file.create_entity(
            "IfcSurfaceStyleRendering", SurfaceColour=colour, Transparency=transparency, ReflectanceMethod="FLAT"
        )
        style = self.file.create_entity("IfcSurfaceStyle", Side="BOTH", Styles=[shading])
        self.file.create_entity("IfcStyledItem", Item=item, Styles=[style])
        return item

    def shape(self, items: list[Any], name: str = "Body", kind: str = "SweptSolid", context: Any = None) -> Any:
        representation = self.file.create_entity(
            "IfcShapeRepresentation",
            ContextOfItems=context or self.context,
            RepresentationIdentifier=name,
            RepresentationType=kind,
            Items=items,
        )
        return self.file.create_entity("IfcProductDefinitionShape", Representations=[representation])

    def mapped(self, items: list[Any], scale: float | None = None) -> Any:
        """A mapped item of a new map over the items."""
        shape = self.shape(items).Representations[0]
        source = self.file.create_entity("IfcRepresentationMap", MappingOrigin=self.axes((0.0, 0.0, 0.0)), MappedRepresentation=shape)
        return self.again(source, scale)

    def again(self, source: Any, scale: float | None = None) -> Any:
        origin = self.file.create_entity("IfcCartesianPoint", Coordinates=(0.0, 0.0, 0.0))
        target = self.file.create_entity("IfcCartesianTransformationOperator3D", LocalOrigin=origin, Scale=scale)
        return self.file.create_entity("IfcMappedItem", MappingSource=source, MappingTarget=target)

    def product(self, class_name: str, placement: Any, shape: Any) -> Any:
        return self.file.create_entity(class_name, GlobalId=self.guid(), ObjectPlacement=placement, Representation=shape)

    def void(self, element: Any, opening: Any) -> None:
        self.file.create_entity("IfcRelVoidsElement", GlobalId=self.guid(), RelatingBuildingElement=element, RelatedOpeningElement=opening)

    def write(self, folder: Path, name: str = "small.ifc") -> Path:
        path = folder / name
        self.file.write(str(path))
        return path
