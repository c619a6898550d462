"""Point 4: vertices of the demo's models through an independent path (pyproj, N by hand) and the same ones read from the tiles.

The path here: the model's vertices by ifcopenshell's own kernel, its map conversion read by hand, the grid by pyproj, the
height by adding the site's N = 10 m. Nothing of ours but the file format of the result.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.element
import numpy as np
import pyproj
import pytest

from tests.chain.geodesy import N, Path3D, body_vertices, miss_m, through_the_grid
from tests.homes import Home
from tests.tiles.reader import read_features

TOLERANCE_M = 0.005
SOLID = ("IfcSlab", "IfcColumn", "IfcWall")
GRID = ("EPSG:4549", "EPSG:4490")


def tower_path(ifc: Any) -> Path3D:
    (c,) = ifc.by_type("IfcMapConversion")
    assert c.Scale in (None, 1.0)
    return through_the_grid(*GRID, c.Eastings, c.Northings, c.OrthogonalHeight, (c.XAxisAbscissa, c.XAxisOrdinate))


def block_path(ifc: Any) -> Path3D:
    holders = [entity for kind in ("IfcSite", "IfcProject", "IfcBuilding") for entity in ifc.by_type(kind)]
    sets = [ifcopenshell.util.element.get_psets(entity) for entity in holders]
    found = next(values for one in sets for name, values in one.items() if name.lower() == "epset_mapconversion")
    x_axis = (found["XAxisAbscissa"], found["XAxisOrdinate"])
    return through_the_grid(*GRID, found["Eastings"], found["Northings"], found["OrthogonalHeight"], x_axis)


def hall_path(ifc: Any) -> Path3D:
    """Latitude and longitude of IfcSite at its own origin, true north of the context, ground metres: PROJ's topocentric frame."""
    (site,) = ifc.by_type("IfcSite")
    degrees = []
    for parts in (site.RefLongitude, site.RefLatitude):
        degrees.append(sum(part / unit for part, unit in zip(parts, (1, 60, 3600, 3.6e9), strict=False)))
    context = next(c for c in ifc.by_type("IfcGeometricRepresentationContext", include_subtypes=False) if c.TrueNorth)
    east_of_y, north_of_y = context.TrueNorth.DirectionRatios[:2]
    length = np.hypot(east_of_y, north_of_y)
    nx, ny = east_of_y / length, north_of_y / length
    origin = np.array(site.ObjectPlacement.RelativePlacement.Location.Coordinates)
    topocentric = pyproj.Transformer.from_pipeline(
        f"+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 +lon_0={degrees[0]!r} +lat_0={degrees[1]!r} "
        f"+h_0={site.RefElevation + N!r}"
    )

    def to_ecef(p: np.ndarray) -> np.ndarray:
        x, y, z = p - origin
        return np.array(topocentric.transform(x * ny - y * nx, x * nx + y * ny, z))

    return to_ecef


@pytest.mark.parametrize(("model", "path_of"), [("tower", tower_path), ("block", block_path), ("hall", hall_path)])
def test_ten_vertices_of_each_demo_model_are_where_an_independent_path_puts_them(
    demo_home: Home, model: str, path_of: Callable[[Any], Path3D]
) -> None:
    (file,) = Path(demo_home.folder).glob(f"demo/*/{model}.ifc")
    ifc = ifcopenshell.open(file)
    to_ecef = path_of(ifc)
    wanted = body_vertices(ifc, 10, SOLID)
    assert len(wanted) == 10
    drawn = read_features(demo_home.folder / "tiles" / "pingshan" / model)
    assert max(miss_m(drawn[f"{model}:{name}"].ecef, to_ecef(point)) for name, point in wanted) <= TOLERANCE_M


def test_one_of_the_demo_models_lies_200_m_from_its_anchor(demo_home: Home) -> None:
    (file,) = Path(demo_home.folder).glob("demo/*/block.ifc")
    distances = [np.hypot(*point[:2]) for _, point in body_vertices(ifcopenshell.open(file), 10, SOLID)]
    assert min(distances) > 150.0


def test_the_check_is_clean_on_the_demo(demo_home: Home) -> None:
    checked = demo_home.run_here("tiles", "check")
    assert (checked.code, checked.document["issues"]) == (0, [])
    assert checked.document["checked"] == 6
