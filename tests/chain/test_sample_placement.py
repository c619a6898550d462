"""Point 4 on files by others: their own claim, or the anchor given, through an independent path and read back from the tiles."""

from collections.abc import Iterator
from pathlib import Path

import ifcopenshell
import numpy as np
import pytest

from tests.chain.geodesy import Path3D, at_anchor, body_vertices, miss_m, through_the_grid
from tests.chain.real_files import FILES
from tests.homes import Home, Run, new_home
from tests.tiles.reader import read_features

CLAIMED_M = 0.005
ANCHORED_M = 0.01
ANCHOR = (119.2966, 26.0906, 40.0, 17.0)
SITES = {
    "architecture": ("179.0801,-8.4622,30", "EPSG:32760"),
    "utm": ("8.43366,49.09557,30", "EPSG:25832"),
    "rigid": ("14.09,46.36,30", "EPSG:25833"),
    "fzk": ("8.4365,49.1004,30", "EPSG:25832"),
    "signal": ("14.4364,41.0056,30", "EPSG:3065"),
    "duplex-georeferenced": ("119.2946,26.0896,30", "EPSG:4549"),
}
PATHS: dict[str, tuple[str, Path3D]] = {
    "architecture": (
        "placed",
        through_the_grid("EPSG:32760", "EPSG:4326", 729013.3488297004, 9063992.684697363, 1.3, (0.5, 0.8660254037844387)),
    ),
    "utm": (
        "placed_with_doubt",
        through_the_grid("EPSG:25832", "EPSG:4258", 458657.3, 5438232.25, 113.7, (0.270600445976, 0.962691746426)),
    ),
    "rigid": ("placed", at_anchor(14.0902217, 46.3623297, 485.0, 0.0)),
    "signal": ("placed", through_the_grid("EPSG:3065", "EPSG:4326", 0.0, 0.0, 0.0, (1.0, 0.0))),
    "fzk": ("placed_with_doubt", at_anchor(8 + 26 / 60 + 11.5404 / 3600, 49 + 6 / 60 + 1.566 / 3600, 120.0, 310.0)),
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory, data_dir: Path, real_meshes: Path) -> Iterator[tuple[Home, dict[str, Run]]]:
    """Each sample in a site of its own where it claims to be, tiled once; the duplex without an anchor as yet."""
    home = new_home(tmp_path_factory.mktemp("samples"), real_meshes)
    imports = {}
    for model, (origin, crs) in SITES.items():
        home.run_here("site", "add", model, "--name", model, "--origin", origin, "--crs", crs, "--geoid-separation", "10")
        imports[model] = home.run_here("import", "bim", data_dir / "ifc" / FILES[model], "--site", model, "--model", model)
    assert home.run_here("tiles", "build").code == 0
    yield home, imports


def worst_miss_m(home: Home, path: Path, model: str, to_ecef: Path3D) -> float:
    """Over ten vertices of as many elements as there are: how far the nearest one drawn lies from where it belongs."""
    wanted = body_vertices(ifcopenshell.open(path), 10)
    assert len(wanted) >= 8
    drawn = read_features(home.folder / "tiles" / model / model)
    return max(miss_m(drawn[f"{model}:{name}"].ecef, to_ecef(point)) for name, point in wanted)


@pytest.mark.parametrize("model", PATHS)
def test_a_georeferenced_sample_is_drawn_where_an_independent_path_puts_it(
    samples: tuple[Home, dict[str, Run]], data_dir: Path, model: str
) -> None:
    home, imports = samples
    verdict, to_ecef = PATHS[model]
    assert (imports[model].document["georeference"]["verdict"], imports[model].code) == (verdict, 0)
    assert worst_miss_m(home, data_dir / "ifc" / FILES[model], model, to_ecef) <= CLAIMED_M


def test_the_duplex_of_two_places_waits_for_an_anchor_and_is_drawn_where_it_says(
    samples: tuple[Home, dict[str, Run]], data_dir: Path
) -> None:
    model = "duplex-georeferenced"
    home, waiting = samples[0], samples[1][model]
    path = data_dir / "ifc" / FILES[model]
    assert (waiting.code, waiting.document["georeference"]["verdict"]) == (3, "needs_anchor")
    places = [(round(claim["lon"], 2), round(claim["lat"], 2)) for claim in waiting.document["georeference"]["claims"]]
    assert sorted(places) == [(-87.64, 41.87), (6.12, 49.63)]
    assert not (home.folder / "tiles" / model / model).exists()

    anchored = home.run_here("import", "bim", path, "--site", model, "--model", model, "--anchor", ",".join(map(str, ANCHOR)))
    assert (anchored.code, anchored.document["georeference"]["verdict"]) == (0, "anchored")
    assert home.run_here("tiles", "build", "--site", model).code == 0
    assert worst_miss_m(home, path, model, at_anchor(*ANCHOR)) <= ANCHORED_M
    distance = np.linalg.norm(at_anchor(*ANCHOR)(np.zeros(3)) - at_anchor(119.2946, 26.0896, 30.0, 0.0)(np.zeros(3)))
    assert distance > 200.0
