"""Point 4 on files by others: their own claim, or the anchor given, through an independent path and read back from the tiles."""

from pathlib import Path

import ifcopenshell
import numpy as np
import pytest

from tests.chain.conftest import new_home
from tests.chain.geodesy import Path3D, at_anchor, through_the_grid, vertices_of
from tests.chain.readback import iter_drawn
from tests.chain.real_files import FILES

CLAIMED_M = 0.005
ANCHORED_M = 0.01
SAMPLES = {
    "architecture": (
        ("179.0801", "-8.4622"),
        "placed",
        through_the_grid("EPSG:32760", "EPSG:4326", 729013.3488297004, 9063992.684697363, 1.3, (0.5, 0.8660254037844387)),
    ),
    "utm": (
        ("8.43366", "49.09557"),
        "placed_with_doubt",
        through_the_grid("EPSG:25832", "EPSG:4326", 458657.3, 5438232.25, 113.7, (0.270600445976, 0.962691746426)),
    ),
    "rigid": (("14.09", "46.36"), "placed", at_anchor(14.0902217, 46.3623297, 485.0, 0.0)),
    "fzk": (("8.4365", "49.1004"), "placed_with_doubt", at_anchor(8 + 26 / 60 + 11.5404 / 3600, 49 + 6 / 60 + 1.566 / 3600, 120.0, 310.0)),
}
ANCHOR = (119.2966, 26.0906, 40.0, 17.0)


def worst_miss(path: Path, tiles: Path, model: str, to_ecef: Path3D) -> float:
    """How far the nearest vertex drawn of each of ten elements lies from where it belongs, metres."""
    wanted = vertices_of(ifcopenshell.open(path), 10, ("IfcElement",))
    assert wanted
    drawn: dict[str, list[np.ndarray]] = {}
    for piece in iter_drawn(tiles):
        drawn.setdefault(piece.feature.removeprefix(f"{model}:"), []).append(piece.ecef)
    return max(float(np.linalg.norm(np.concatenate(drawn[name]) - to_ecef(point), axis=1).min()) for name, point in wanted.items())


@pytest.mark.parametrize("model", SAMPLES)
def test_a_georeferenced_sample_is_drawn_where_an_independent_path_puts_it(tmp_path: Path, data_dir: Path, model: str) -> None:
    (lon, lat), verdict, to_ecef = SAMPLES[model]
    home, path = new_home(tmp_path / "home"), data_dir / "ifc" / FILES[model]
    home.run("site", "add", "s", "--name", "s", "--origin", f"{lon},{lat},30", "--crs", "EPSG:4326", "--geoid-separation", "10")
    done = home.run("import", "bim", path, "--site", "s", "--model", model)
    assert (done.document["georeference"]["verdict"], done.code) == (verdict, 0)
    assert home.run("tiles", "build").code == 0
    assert worst_miss(path, home.folder / "tiles" / "s" / model, model, to_ecef) <= CLAIMED_M


def test_the_duplex_of_two_places_waits_for_an_anchor_and_is_drawn_where_it_says(tmp_path: Path, data_dir: Path) -> None:
    home, path = new_home(tmp_path / "home"), data_dir / "ifc" / FILES["duplex-georeferenced"]
    home.run("site", "add", "s", "--name", "s", "--origin", "119.2946,26.0896,30", "--crs", "EPSG:4549", "--geoid-separation", "10")
    waiting = home.run("import", "bim", path, "--site", "s", "--model", "duplex")
    assert (waiting.code, waiting.document["georeference"]["verdict"]) == (3, "needs_anchor")
    places = [(round(claim["lon"], 2), round(claim["lat"], 2)) for claim in waiting.document["georeference"]["claims"]]
    assert sorted(places) == [(-87.64, 41.87), (6.12, 49.63)]
    home.run("tiles", "build")
    assert not (home.folder / "tiles" / "s" / "duplex").exists()

    anchored = home.run("import", "bim", path, "--site", "s", "--model", "duplex", "--anchor", ",".join(map(str, ANCHOR)))
    assert (anchored.code, anchored.document["georeference"]["verdict"]) == (0, "anchored")
    assert home.run("tiles", "build").code == 0
    assert worst_miss(path, home.folder / "tiles" / "s" / "duplex", "duplex", at_anchor(*ANCHOR)) <= ANCHORED_M
