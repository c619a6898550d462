"""Every claim of position an IFC file makes, as it stands in the file: nothing is judged, repaired or dropped here.

Sources: IfcMapConversion, IfcMapConversionScaled, IfcRigidOperation with their CRS (IFC4, IFC4.3); the property sets
ePset_MapConversion and ePset_ProjectedCRS that stand for them in IFC2X3 (buildingSMART "User Guide for Geo-referencing in
IFC", v3), on IfcSite, IfcProject or IfcBuilding; IfcSite latitude, longitude, elevation with the TrueNorth of the context.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import nan
from typing import Any

import numpy as np
from ifcopenshell import entity_instance

from bim.attribute import entity_path, find_attribute
from bim.placement import Placements, PlacementUnresolved, axis_placement
from bim.properties import json_value
from bim.units import find_unit, unit_from_label
from spatial.mesh import Float64

__all__ = ["Claim", "ClaimKind", "angle_in_degrees", "read_claims"]


class ClaimKind(StrEnum):
    """Where a claim comes from."""

    MAP_CONVERSION = "map_conversion"
    MAP_CONVERSION_SCALED = "map_conversion_scaled"
    RIGID_OPERATION = "rigid_operation"
    PROPERTY_SET = "property_set"
    SITE_LAT_LON = "site_lat_lon"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claim:
    """One statement: this point of the model lies there.

    `first`, `second` are easting and northing in map units where `geographic` is false, else longitude and latitude in
    degrees; a coordinate the file leaves out is NaN. `height` is in metres where `geographic`, else in map units, None where
    the file states none. `crs` is the name as written, `crs_wkt` the well-known text beside it (IFC4.3). `x_axis` is the
    direction of the model's +X in the map plane (east, north), `scale` as written (None: not written), `factors` those of
    IfcMapConversionScaled, NaN where one is missing. `map_unit_m` is None where the file states no map unit. `true_north` is
    the direction of true north in the model's plane, None where what is written is no direction. `to_source` (4, 4) takes
    model-frame metres to metres of the frame the claim speaks of: the engineering CRS for operations, IfcSite's own origin
    (axes of the model) for latitude and longitude; None where that placement is broken. `stated` is the raw statement for
    reports.
    """

    kind: ClaimKind
    source_entity: str
    geographic: bool
    first: float
    second: float
    height: float | None
    crs: str | None
    crs_wkt: str | None = None
    vertical_datum: str | None = None
    x_axis: tuple[float, float] = (1.0, 0.0)
    scale: float | None = None
    factors: tuple[float, float, float] = (1.0, 1.0, 1.0)
    map_unit_m: float | None = None
    length_unit_m: float
    true_north: tuple[float, float] | None = (0.0, 1.0)
    to_source: Float64 | None
    stated: dict[str, Any]


def read_claims(ifc: Any, length_unit_m: float) -> tuple[Claim, ...]:
    """All claims of an ifcopenshell file, operations first, then property sets, then IfcSite; equal operations count once."""
    return (*_operations(ifc, length_unit_m), *_property_sets(ifc, length_unit_m), *_sites(ifc, length_unit_m))


def angle_in_degrees(parts: Sequence[int]) -> float:
    """Degrees of an IfcCompoundPlaneAngleMeasure: degrees, minutes, seconds, millionths; one negative part makes all of it negative.

    >>> round(angle_in_degrees((-87, -38, -21, -839999)), 6)
    -87.6394
    """
    size = sum(abs(part) / unit for part, unit in zip(parts, (1.0, 60.0, 3600.0, 3.6e9), strict=False))
    return -size if any(part < 0 for part in parts) else size


def _operations(ifc: Any, unit: float) -> list[Claim]:
    if ifc.schema == "IFC2X3":
        return []
    claims: dict[tuple[Any, ...], Claim] = {}
    for operation in ifc.by_type("IfcCoordinateOperation"):
        context = operation.SourceCRS
        claim = _rigid(operation, context, unit) if operation.is_a("IfcRigidOperation") else _conversion(operation, context, unit)
        claims.setdefault((claim.crs, *(str(value) for value in claim.stated.values())), claim)
    return list(claims.values())


def _conversion(operation: Any, context: Any, unit: float) -> Claim:
    crs = operation.TargetCRS
    scaled = operation.is_a("IfcMapConversionScaled")
    return Claim(
        kind=ClaimKind.MAP_CONVERSION_SCALED if scaled else ClaimKind.MAP_CONVERSION,
        source_entity=entity_path(operation),
        geographic=False,
        first=_coordinate(operation.Eastings),
        second=_coordinate(operation.Northings),
        height=_number(operation.OrthogonalHeight),
        crs=_text(find_attribute(crs, "Name")),
        crs_wkt=_well_known_text(crs),
        vertical_datum=_text(find_attribute(crs, "VerticalDatum")),
        x_axis=_x_axis(_number(operation.XAxisAbscissa), _number(operation.XAxisOrdinate)),
        scale=_number(operation.Scale),
        factors=(_coordinate(operation.FactorX), _coordinate(operation.FactorY), _coordinate(operation.FactorZ))
        if scaled
        else (1.0, 1.0, 1.0),
        map_unit_m=_factor(find_attribute(crs, "MapUnit")),
        length_unit_m=unit,
        to_source=_context_inverse(context, unit),
        stated=_stated(operation, {"SourceCRS", "TargetCRS"}),
    )


def _rigid(operation: Any, context: Any, unit: float) -> Claim:
    crs = operation.TargetCRS
    angles = isinstance(operation.FirstCoordinate, entity_instance) and operation.FirstCoordinate.is_a("IfcPlaneAngleMeasure")
    geographic = angles or (crs is not None and crs.is_a("IfcGeographicCRS"))
    first, second, height = _coordinate(operation.FirstCoordinate), _coordinate(operation.SecondCoordinate), _number(operation.Height)
    if angles:
        # The CRS's AngleUnit, else degrees, in which geographic CRSs are written.
        radians = _factor(find_attribute(crs, "AngleUnit"))
        to_degrees = float(np.degrees(radians)) if radians else 1.0
        first, second = first * to_degrees, second * to_degrees
    if geographic and height is not None:
        height *= _factor(find_attribute(crs, "HeightUnit")) or unit
    map_unit = None if geographic else _factor(find_attribute(crs, "MapUnit"))
    return Claim(
        kind=ClaimKind.RIGID_OPERATION,
        source_entity=entity_path(operation),
        geographic=geographic,
        first=first,
        second=second,
        height=height,
        crs=_text(find_attribute(crs, "Name")),
        crs_wkt=_well_known_text(crs),
        vertical_datum=_text(find_attribute(crs, "VerticalDatum")),
        scale=None if geographic else unit / (map_unit or unit),
        map_unit_m=map_unit,
        length_unit_m=unit,
        true_north=_true_north(context),
        to_source=_context_inverse(context, unit),
        stated=_stated(operation, {"SourceCRS", "TargetCRS"}),
    )


def _property_sets(ifc: Any, unit: float) -> list[Claim]:
    conversions: dict[int, tuple[Any, Any]] = {}
    systems: dict[int, Any] = {}
    for relation in ifc.by_type("IfcRelDefinesByProperties"):
        definition = relation.RelatingPropertyDefinition
        if definition is None or not definition.is_a("IfcPropertySet"):
            continue
        name = (definition.Name or "").strip().lower()
        if name not in ("epset_mapconversion", "epset_projectedcrs"):
            continue
        for thing in relation.RelatedObjects or ():
            if name == "epset_projectedcrs":
                systems[thing.id()] = definition
            else:
                conversions.setdefault(definition.id(), (definition, thing))
    contexts = list(ifc.by_type("IfcGeometricRepresentationContext", include_subtypes=False))
    claims = []
    for definition, thing in conversions.values():
        values = _property_values(definition)
        system = systems.get(thing.id()) or next(iter(systems.values()), None)
        crs = _property_values(system) if system is not None else {}
        claims.append(_property_claim(definition, thing, values, crs, contexts, unit))
    return claims


def _property_claim(definition: Any, thing: Any, values: dict[str, Any], crs: dict[str, Any], contexts: list[Any], unit: float) -> Claim:
    height, scale = _number(values.get("orthogonalheight")), _number(values.get("scale"))
    context = _model_context(contexts)
    return Claim(
        kind=ClaimKind.PROPERTY_SET,
        source_entity=f"{entity_path(definition)} {definition.Name} on {entity_path(thing)}",
        geographic=False,
        first=_coordinate(values.get("eastings")),
        second=_coordinate(values.get("northings")),
        height=height,
        crs=_text(crs.get("name")),
        vertical_datum=_text(crs.get("verticaldatum")),
        x_axis=_x_axis(_number(values.get("xaxisabscissa")), _number(values.get("xaxisordinate"))),
        scale=scale,
        map_unit_m=unit_from_label(_text(crs.get("mapunit"))),
        length_unit_m=unit,
        to_source=np.eye(4) if context is None else _context_inverse(context, unit),
        stated={key: json_value(value) for key, value in values.items() if value is not None},
    )


def _sites(ifc: Any, unit: float) -> list[Claim]:
    placements = Placements(unit)
    context = _model_context(list(ifc.by_type("IfcGeometricRepresentationContext", include_subtypes=False)))
    claims = []
    for site in ifc.by_type("IfcSite"):
        if not site.RefLatitude and not site.RefLongitude:
            continue
        matrix = placements.find_matrix(site)
        to_source = None
        if matrix is not None:
            to_source = np.eye(4)
            to_source[:3, 3] = -matrix[:3, 3]
        claims.append(
            Claim(
                kind=ClaimKind.SITE_LAT_LON,
                source_entity=entity_path(site),
                geographic=True,
                first=angle_in_degrees(site.RefLongitude) if site.RefLongitude else nan,
                second=angle_in_degrees(site.RefLatitude) if site.RefLatitude else nan,
                height=None if site.RefElevation is None else float(site.RefElevation) * unit,
                crs="EPSG:4326",
                length_unit_m=unit,
                true_north=_true_north(context),
                to_source=to_source,
                stated={
                    "RefLatitude": list(site.RefLatitude or ()),
                    "RefLongitude": list(site.RefLongitude or ()),
                    "RefElevation": site.RefElevation,
                },
            )
        )
    return claims


def _model_context(contexts: list[Any]) -> Any:
    spatial = [context for context in contexts if context.CoordinateSpaceDimension == 3]
    ranked = sorted(spatial, key=lambda context: context.ContextType != "Model")
    return ranked[0] if ranked else None


def _true_north(context: Any) -> tuple[float, float] | None:
    """The direction of true north; +Y where none is written (the standard's default), None where it is no plane direction.

    Revit 2013 wrote the number of components first: `(2., x, y)`.
    """
    direction = find_attribute(context, "TrueNorth")
    if direction is None:
        return (0.0, 1.0)
    ratios = [float(value) for value in direction.DirectionRatios]
    if len(ratios) == 3 and ratios[0] == 2.0:
        ratios = ratios[1:]
    if len(ratios) == 3 and abs(ratios[2]) > 1e-6 * max(abs(ratios[0]), abs(ratios[1])):
        return None
    size = float(np.hypot(ratios[0], ratios[1]))
    return (ratios[0] / size, ratios[1] / size) if size > 1e-9 else None


def _context_inverse(context: Any, unit: float) -> Float64 | None:
    """From the model frame to the context's; None where the source of an operation is no context or its axes are broken."""
    if context is None or not context.is_a("IfcGeometricRepresentationContext"):
        return None
    axes = find_attribute(context, "WorldCoordinateSystem")
    if axes is None:
        return np.eye(4)
    try:
        return np.asarray(np.linalg.inv(axis_placement(axes, unit)), dtype=np.float64)
    except PlacementUnresolved:
        return None


def _well_known_text(crs: Any) -> str | None:
    if crs is None or not crs.is_a(True).startswith("IFC4X3"):
        return None
    return next((text for known in crs.WellKnownText if (text := _text(known.WellKnownText))), None)


def _factor(unit: Any) -> float | None:
    found = find_unit(unit)
    return found.to_si if found else None


def _x_axis(abscissa: float | None, ordinate: float | None) -> tuple[float, float]:
    if abscissa is None or ordinate is None:
        return (1.0, 0.0)
    size = float(np.hypot(abscissa, ordinate))
    return (abscissa / size, ordinate / size) if size > 1e-12 else (1.0, 0.0)


def _stated(operation: Any, without: set[str]) -> dict[str, Any]:
    info = operation.get_info(include_identifier=False)
    return {key: json_value(value) for key, value in info.items() if key not in without and key != "type" and value is not None}


def _property_values(definition: Any) -> dict[str, Any]:
    values = {}
    for item in definition.HasProperties or ():
        value = find_attribute(item, "NominalValue")
        if item.Name:
            values[item.Name.strip().lower()] = value.wrappedValue if value is not None else None
    return values


def _number(value: Any) -> float | None:
    plain = value.wrappedValue if isinstance(value, entity_instance) else value
    try:
        return None if plain is None else float(plain)
    except (TypeError, ValueError):
        return None


def _coordinate(value: Any) -> float:
    number = _number(value)
    return nan if number is None else number


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None
