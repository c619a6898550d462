"""The three ways the demo's models say where they are."""

import math
from typing import Any

from spatial.crs import grid_convergence_scale, horizontal
from twin.demo.model import ModelWriter
from twin.demo.siteplan import CRS, Anchor

__all__ = ["map_conversion", "property_set_conversion", "site_reference"]


def map_conversion(model: ModelWriter, anchor: Anchor) -> None:
    """IFC4: IfcProjectedCRS and IfcMapConversion in metres; OrthogonalHeight is a 1985 height (IFC4 8.11.3.8)."""
    easting, northing = anchor.grid
    abscissa, ordinate = _axis(anchor)
    metre = model.new("IfcSIUnit", None, "LENGTHUNIT", None, "METRE")
    target = model.new(
        "IfcProjectedCRS",
        Name=CRS,
        Description="CGCS2000 / 3-degree Gauss-Kruger CM 120E",
        GeodeticDatum="CGCS2000",
        VerticalDatum="1985国家高程基准",
        MapProjection="Gauss-Kruger",
        MapZone="CM 120E",
        MapUnit=metre,
    )
    model.new("IfcMapConversion", model.context, target, easting, northing, anchor.height_m, abscissa, ordinate, 1.0)


def property_set_conversion(model: ModelWriter, site: object, anchor: Anchor) -> None:
    """IFC2X3: ePset_MapConversion and ePset_ProjectedCRS on IfcSite (buildingSMART user guide for geo-referencing, IFC2X3).

    The values are in the map's unit, metres, although the file's lengths are millimetres; Scale takes file lengths to
    map lengths: 0.001.
    """
    easting, northing = anchor.grid
    abscissa, ordinate = _axis(anchor)
    conversion = {
        "TargetCRS": ("IfcLabel", CRS),
        "Eastings": ("IfcLengthMeasure", easting),
        "Northings": ("IfcLengthMeasure", northing),
        "OrthogonalHeight": ("IfcLengthMeasure", anchor.height_m),
        "XAxisAbscissa": ("IfcReal", abscissa),
        "XAxisOrdinate": ("IfcReal", ordinate),
        "Scale": ("IfcReal", 1.0 / model.per_metre),
    }
    projected = {
        "Name": ("IfcLabel", CRS),
        "Description": ("IfcText", "CGCS2000 / 3-degree Gauss-Kruger CM 120E"),
        "GeodeticDatum": ("IfcIdentifier", "CGCS2000"),
        "VerticalDatum": ("IfcIdentifier", "1985国家高程基准"),
        "MapProjection": ("IfcIdentifier", "Gauss-Kruger"),
        "MapZone": ("IfcIdentifier", "CM 120E"),
        "MapUnit": ("IfcIdentifier", "METRE"),
    }
    model.define(site, model.property_set("site", "ePset_MapConversion", conversion))
    model.define(site, model.property_set("site", "ePset_ProjectedCRS", projected))


def site_reference(anchor: Anchor) -> tuple[dict[str, Any], tuple[float, float]]:
    """IfcSite attributes (latitude, longitude in degrees, minutes, seconds, millionths; 1985 height) and the model's true north."""
    lon, lat = (float(value) for value in horizontal(CRS).to_lon_lat(*anchor.grid))
    convergence, _ = grid_convergence_scale(CRS, lon, lat)
    clockwise = math.radians(anchor.heading_deg - convergence)
    true_north = (math.sin(clockwise), math.cos(clockwise))
    return {"RefLatitude": _compound(lat), "RefLongitude": _compound(lon), "RefElevation": anchor.height_m}, true_north


def _axis(anchor: Anchor) -> tuple[float, float]:
    angle = math.radians(anchor.heading_deg)
    return round(math.cos(angle), 12), round(math.sin(angle), 12)


def _compound(degrees: float) -> tuple[int, int, int, int]:
    millionths = round(degrees * 3_600_000_000)
    seconds, millionths = divmod(millionths, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    whole, minutes = divmod(minutes, 60)
    return whole, minutes, seconds, millionths
