"""Solids for the demo's models: boxes, prisms, cylinders, side profiles and closed meshes, in metres."""

from collections.abc import Sequence

from twin.demo.model import Entity, ModelWriter, Point

__all__ = ["Ring", "box", "closed_mesh", "cylinder", "prism", "side_profile"]

Ring = Sequence[tuple[float, float]]


def box(model: ModelWriter, low: Point, high: Point) -> Entity:
    """An upright box between two corners."""
    size = [high[i] - low[i] for i in range(3)]
    centre = model.new("IfcAxis2Placement2D", model.point(0.0, 0.0), None)
    profile = model.new("IfcRectangleProfileDef", "AREA", None, centre, model.length(size[0]), model.length(size[1]))
    origin = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2])
    return _extruded(model, profile, model.axes(origin), size[2])


def prism(model: ModelWriter, outline: Ring, bottom: float, height: float, holes: Sequence[Ring] = ()) -> Entity:
    """An upright prism over a plan polygon (open ring, counter-clockwise), with holes."""
    outer = _polyline(model, outline)
    if holes:
        profile = model.new("IfcArbitraryProfileDefWithVoids", "AREA", None, outer, [_polyline(model, hole) for hole in holes])
    else:
        profile = model.new("IfcArbitraryClosedProfileDef", "AREA", None, outer)
    return _extruded(model, profile, model.axes((0.0, 0.0, bottom)), height)


def cylinder(model: ModelWriter, x: float, y: float, radius: float, bottom: float, top: float) -> Entity:
    """An upright cylinder."""
    centre = model.new("IfcAxis2Placement2D", model.point(0.0, 0.0), None)
    profile = model.new("IfcCircleProfileDef", "AREA", None, centre, model.length(radius))
    return _extruded(model, profile, model.axes((x, y, bottom)), top - bottom)


def side_profile(model: ModelWriter, outline: Ring, start: float, width: float) -> Entity:
    """A polygon in the y-z plane (open ring) carried along x from `start` over `width`: stair flights, gables."""
    profile = model.new("IfcArbitraryClosedProfileDef", "AREA", None, _polyline(model, outline))
    return _extruded(model, profile, model.axes((start, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), width)


def closed_mesh(model: ModelWriter, vertices: Sequence[Point], faces: Sequence[Sequence[int]]) -> Entity:
    """A closed polyhedron of convex faces, counter-clockwise from outside: a brep in IFC2X3, triangles in IFC4."""
    if model.old:
        points = [model.point(*vertex) for vertex in vertices]
        shell = [
            model.new("IfcFace", [model.new("IfcFaceOuterBound", model.new("IfcPolyLoop", [points[i] for i in face]), True)])
            for face in faces
        ]
        return model.new("IfcFacetedBrep", model.new("IfcClosedShell", shell))
    triangles = [(face[0] + 1, face[i] + 1, face[i + 1] + 1) for face in faces for i in range(1, len(face) - 1)]
    coordinates = [tuple(model.length(value) for value in vertex) for vertex in vertices]
    return model.new(
        "IfcTriangulatedFaceSet", Coordinates=model.new("IfcCartesianPointList3D", coordinates), Closed=True, CoordIndex=triangles
    )


def _polyline(model: ModelWriter, ring: Ring) -> Entity:
    points = [model.point(x, y) for x, y in ring]
    return model.new("IfcPolyline", [*points, points[0]])


def _extruded(model: ModelWriter, profile: Entity, axes: Entity, height: float) -> Entity:
    return model.new("IfcExtrudedAreaSolid", profile, axes, model.direction(0.0, 0.0, 1.0), model.length(height))
