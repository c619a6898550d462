"""Point 4: vertices of models through an independent path (pyproj, N by hand) and the same ones read from the tiles.

The path here: the model's vertices by ifcopenshell's own kernel, its map conversion read by hand, the grid by pyproj, the
height by adding the site's N. Nothing of ours but the file format of the result.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.element
import numpy as np
import pyproj
import pytest

from tests.chain.conftest import Home, Run, new_home
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


ToEcef = Callable[[np.ndarray], np.ndarray]


def through_the_grid(
    east: float, north: float, height: float, abscissa: float, ordinate: float, grid: pyproj.Transformer = GRID, separation: float = N
) -> ToEcef:
    length = np.hypot(abscissa, ordinate)
    c, s = abscissa / length, ordinate / length

    def to_ecef(p: np.ndarray) -> np.ndarray:
        lon, lat = grid.transform(east + c * p[0] - s * p[1], north + s * p[0] + c * p[1], errcheck=True)
        return np.array(TO_ECEF.transform(lon, lat, height + p[2] + separation, errcheck=True))

    return to_ecef


def on_the_ground(lon: float, lat: float, height: float) -> ToEcef:
    """East, north, up metres at a place to ECEF, by PROJ's topocentric frame."""
    topocentric = pyproj.Transformer.from_pipeline(
        f"+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 +lon_0={lon!r} +lat_0={lat!r} +h_0={height!r}"
    )
    return lambda p: np.array(topocentric.transform(*p))


def tower_path(ifc: Any) -> ToEcef:
    (c,) = ifc.by_type("IfcMapConversion")
    assert c.Scale in (None, 1.0)
    return through_the_grid(c.Eastings, c.Northings, c.OrthogonalHeight, c.XAxisAbscissa, c.XAxisOrdinate)


def block_path(ifc: Any) -> ToEcef:
    holders = [entity for kind in ("IfcSite", "IfcProject", "IfcBuilding") for entity in ifc.by_type(kind)]
    sets = [ifcopenshell.util.element.get_psets(entity) for entity in holders]
    found = next(values for one in sets for name, values in one.items() if name.lower() == "epset_mapconversion")
    return through_the_grid(
        found["Eastings"], found["Northings"], found["OrthogonalHeight"], found["XAxisAbscissa"], found["XAxisOrdinate"]
    )


def hall_path(ifc: Any) -> ToEcef:
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
    east_north_up = on_the_ground(degrees[0], degrees[1], site.RefElevation + N)

    def to_ecef(p: np.ndarray) -> np.ndarray:
        x, y, z = p - origin
        return east_north_up(np.array([x * ny - y * nx, x * nx + y * ny, z]))

    return to_ecef


@pytest.mark.parametrize(("model", "path_of"), [("tower", tower_path), ("block", block_path), ("hall", hall_path)])
def test_ten_vertices_of_each_demo_model_are_where_an_independent_path_puts_them(
    demo_home: Home, model: str, path_of: Callable[[Any], ToEcef]
) -> None:
    (file,) = Path(demo_home.folder).glob(f"demo/*/{model}.ifc")
    ifc = ifcopenshell.open(file)
    to_ecef = path_of(ifc)
    wanted = vertices_of(ifc, 10)
    assert len(wanted) == 10
    drawn = read_features(demo_home.folder / "tiles" / "pingshan" / model)
    assert worst_of(wanted, to_ecef, drawn, model) <= TOLERANCE_M


def worst_of(wanted: dict[str, np.ndarray], to_ecef: ToEcef, drawn: dict[str, Any], model: str) -> float:
    """The largest distance from where a vertex must be to the nearest drawn vertex of its element, metres."""
    return max(float(np.linalg.norm(drawn[f"{model}:{name}"].ecef - to_ecef(point), axis=1).min()) for name, point in wanted.items())


def test_one_of_the_demo_models_lies_200_m_from_its_anchor(demo_home: Home) -> None:
    (file,) = Path(demo_home.folder).glob("demo/*/block.ifc")
    distances = [np.hypot(*point[:2]) for point in vertices_of(ifcopenshell.open(file), 10).values()]
    assert min(distances) > 150.0


# Files by others.

SITES = {
    "utm": ("8.4337,49.0956,160.0", "EPSG:25832", 48.0),
    "rigid": ("14.0902,46.3623,520.0", "EPSG:25833", 47.0),
    "duplex": ("119.2946,26.0896,30.0", "EPSG:4549", N),
}
IFC = {
    "utm": "geographic_referencing_utm_4x3.ifc",
    "rigid": "geographic_referencing_rigid_operation_4x3.ifc",
    "duplex": "duplex_A_20110907_georeferenced.ifc",
}
ANCHOR, ANCHOR_HEADING = (119.2966, 26.0896, 31.5), 30.0
"""200 m east of the site's origin; +Y of the model 30° east of north."""


@dataclass(frozen=True)
class Georeferenced:
    """Samples in sites of their own; `duplex` was imported twice, the first time without an anchor."""

    home: Home
    imports: dict[str, Run]
    unanchored: Run
    tiled_unanchored: list[str]


@pytest.fixture(scope="module")
def georeferenced(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Iterator[Georeferenced]:
    home = new_home(tmp_path_factory.mktemp("georeferenced"))
    imports = {}
    for model, (origin, crs, separation) in SITES.items():
        home.run("site", "add", model, "--name", model, "--origin", origin, "--crs", crs, "--geoid-separation", str(separation))
        imports[model] = home.run("import", "bim", data_dir / "ifc" / IFC[model], "--site", model, "--model", model)
    unanchored = imports["duplex"]
    tiled = [layer["key"] for layer in home.run("tiles", "build", "--site", "duplex").document["sites"][0]["layers"]]
    anchor = ",".join(map(str, (*ANCHOR, ANCHOR_HEADING)))
    path = data_dir / "ifc" / IFC["duplex"]
    imports["duplex"] = home.run("import", "bim", path, "--site", "duplex", "--model", "duplex", "--anchor", anchor)
    home.run("tiles", "build")
    yield Georeferenced(home, imports, unanchored, tiled)


def utm_path() -> ToEcef:
    """IfcMapConversion by hand; its Scale of 1000 contradicts its units, which the standard's 0.001 · 1000 mm would not."""
    grid = pyproj.Transformer.from_crs("EPSG:25832", "EPSG:4258", always_xy=True)
    return through_the_grid(458657.3, 5438232.25, 113.7, 0.270600445976, 0.962691746426, grid, SITES["utm"][2])


def rigid_path() -> ToEcef:
    """IfcRigidOperation on EPSG:4258 with 14.0902217, 46.3623297 and 475: longitude first, it lies in Slovenia."""
    return on_the_ground(14.0902217, 46.3623297, 475.0 + SITES["rigid"][2])


def duplex_path() -> ToEcef:
    """The anchor places the model's own origin; the heading is clockwise from true north to +Y."""
    ground = on_the_ground(*ANCHOR)
    c, s = np.cos(np.radians(ANCHOR_HEADING)), np.sin(np.radians(ANCHOR_HEADING))
    return lambda p: ground(np.array([c * p[0] + s * p[1], -s * p[0] + c * p[1], p[2]]))


@pytest.mark.parametrize(
    ("model", "path_of", "tolerance"), [("utm", utm_path, TOLERANCE_M), ("rigid", rigid_path, TOLERANCE_M), ("duplex", duplex_path, 0.01)]
)
def test_vertices_of_georeferenced_files_are_where_an_independent_path_puts_them(
    georeferenced: Georeferenced, data_dir: Path, model: str, path_of: Callable[[], ToEcef], tolerance: float
) -> None:
    ifc = ifcopenshell.open(data_dir / "ifc" / IFC[model])
    settings = ifcopenshell.geom.settings()
    settings.set("use-world-coords", True)
    drawn = read_features(georeferenced.home.folder / "tiles" / model)
    solid = [e for e in ifc.by_type("IfcElement") if e.Representation and f"{model}:{e.GlobalId}" in drawn and not e.is_a("IfcDoor")]
    points: list[tuple[str, np.ndarray]] = []
    for element in solid[:: max(1, len(solid) // 10)][:10]:
        found = np.unique(np.array(ifcopenshell.geom.create_shape(settings, element).geometry.verts).reshape(-1, 3), axis=0)
        points += [(element.GlobalId, point) for point in (found if len(solid) < 10 else found[-1:])]
    assert len(points) >= 8
    to_ecef = path_of()
    assert max(worst_of({name: point}, to_ecef, drawn, model) for name, point in points) <= tolerance


def test_the_duplex_that_claims_two_continents_needs_an_anchor_and_is_not_tiled_without(georeferenced: Georeferenced) -> None:
    said = georeferenced.unanchored
    assert said.code == 3
    assert said.document["georeference"]["verdict"] == "needs_anchor"
    places = sorted((round(claim["lon"]), round(claim["lat"])) for claim in said.document["georeference"]["claims"])
    assert places == [(-88, 42), (6, 50)]
    assert georeferenced.tiled_unanchored == []
    assert georeferenced.imports["duplex"].document["georeference"]["verdict"] == "anchored"
