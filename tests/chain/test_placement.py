"""Point 4: vertices of the demo's models through an independent path (pyproj, N by hand) and the same ones read from the tiles.

The path here: the model's vertices by ifcopenshell's own kernel, its map conversion read by hand, the grid by pyproj, the
height by adding the site's N = 10 m. Nothing of ours but the file format of the result.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.element
import numpy as np
import pyproj
import pytest

from tests.chain.conftest import Home
from tests.tiles.reader import read_features

N = 10.0
TOLERANCE_M = 0.005
TO_ECEF = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
GRID = pyproj.Transformer.from_crs("EPSG:4549", "EPSG:4490", always_xy=True)


def vertices_of(ifc: Any, count: int) -> dict[str, np.ndarray]:
    """One vertex each of `count` walls, slabs, columns spread over the model, in model metres."""
    settings = ifcopenshell.geom.settings()
    settings.set("use-world-coords", True)
    solid = [e for kind in ("IfcSlab", "IfcColumn", "IfcWall") for e in ifc.by_type(kind) if e.Representation]
    chosen = solid[:: max(1, len(solid) // count)][:count]
    result = {}
    for element in chosen:
        points = np.array(ifcopenshell.geom.create_shape(settings, element).geometry.verts).reshape(-1, 3)
        result[element.GlobalId] = points[np.argmax(points.sum(axis=1))]
    return result


def through_the_grid(east: float, north: float, height: float, abscissa: float, ordinate: float) -> Callable[[np.ndarray], np.ndarray]:
    length = np.hypot(abscissa, ordinate)
    c, s = abscissa / length, ordinate / length

    def to_ecef(p: np.ndarray) -> np.ndarray:
        lon, lat = GRID.transform(east + c * p[0] - s * p[1], north + s * p[0] + c * p[1], errcheck=True)
        return np.array(TO_ECEF.transform(lon, lat, height + p[2] + N, errcheck=True))

    return to_ecef


def tower_path(ifc: Any) -> Callable[[np.ndarray], np.ndarray]:
    (c,) = ifc.by_type("IfcMapConversion")
    assert c.Scale in (None, 1.0)
    return through_the_grid(c.Eastings, c.Northings, c.OrthogonalHeight, c.XAxisAbscissa, c.XAxisOrdinate)


def block_path(ifc: Any) -> Callable[[np.ndarray], np.ndarray]:
    holders = [entity for kind in ("IfcSite", "IfcProject", "IfcBuilding") for entity in ifc.by_type(kind)]
    sets = [ifcopenshell.util.element.get_psets(entity) for entity in holders]
    found = next(values for one in sets for name, values in one.items() if name.lower() == "epset_mapconversion")
    return through_the_grid(
        found["Eastings"], found["Northings"], found["OrthogonalHeight"], found["XAxisAbscissa"], found["XAxisOrdinate"]
    )


def hall_path(ifc: Any) -> Callable[[np.ndarray], np.ndarray]:
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
    demo_home: Home, model: str, path_of: Callable[[Any], Callable[[np.ndarray], np.ndarray]]
) -> None:
    (file,) = Path(demo_home.folder).glob(f"demo/*/{model}.ifc")
    ifc = ifcopenshell.open(file)
    to_ecef = path_of(ifc)
    wanted = vertices_of(ifc, 10)
    assert len(wanted) == 10
    drawn = read_features(demo_home.folder / "tiles" / "pingshan" / model)
    worst = 0.0
    for global_id, point in wanted.items():
        read = drawn[f"{model}:{global_id}"].ecef
        worst = max(worst, float(np.linalg.norm(read - to_ecef(point), axis=1).min()))
    assert worst <= TOLERANCE_M


def test_one_of_the_demo_models_lies_200_m_from_its_anchor(demo_home: Home) -> None:
    (file,) = Path(demo_home.folder).glob("demo/*/block.ifc")
    distances = [np.hypot(*point[:2]) for point in vertices_of(ifcopenshell.open(file), 10).values()]
    assert min(distances) > 150.0
