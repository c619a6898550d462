"""Points 3 and 6: on every real file the ledger adds up, and the tiles hold exactly what it says."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import ifcopenshell
import pytest

from tests.chain.real_files import FILES, SITE, SITE_ARGUMENTS, facts_of
from tests.homes import Home, new_home
from tests.tiles.reader import read_features

ANCHOR = ",".join((*SITE, "0"))
ANCHOR_POINTS = {"signal": ("--anchor-point", "453202,4539832,0")}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, data_dir: Path, real_meshes: Path) -> tuple[Home, dict[str, dict[str, Any]]]:
    """All real files imported into one site and tiled, with what each import said."""
    reports = {}
    home = new_home(tmp_path_factory.mktemp("real"), real_meshes)
    home.run_here("site", "add", "s", *SITE_ARGUMENTS)
    for model, name in FILES.items():
        point = ANCHOR_POINTS.get(model, ())
        done = home.run_here("import", "bim", data_dir / "ifc" / name, "--site", "s", "--model", model, "--anchor", ANCHOR, *point)
        assert "error" not in done.document, (model, done.document)
        reports[model] = done.document
    assert home.run("tiles", "build").code == 0
    return home, reports


@pytest.fixture(scope="module")
def real_home(real: tuple[Home, dict[str, dict[str, Any]]]) -> Home:
    return real[0]


def ledger_of(home: Home, model: str) -> dict[str, set[str]]:
    """Outcome → ids of the model's features in its ledger, and `room` → its rooms that were measured; asked of the file itself."""
    current = "JOIN revision r ON r.id = l.revision_id JOIN model m ON m.id = r.model_id WHERE m.key = ? AND r.status = 'current'"
    rooms = "JOIN identity i ON i.id = f.identity_id JOIN model m ON m.id = f.model_id WHERE m.key = ? AND f.revision_to IS NULL"
    found: dict[str, set[str]] = {}
    with closing(sqlite3.connect(home.folder / "records.sqlite")) as records:
        for outcome, local_id in records.execute(f"SELECT l.outcome, l.local_id FROM ledger l {current}", [model]):
            found.setdefault(outcome, set()).add(f"{model}:{local_id}")
        measured = f"SELECT i.feature_id FROM feature f {rooms} AND f.kind = 'space' AND f.properties LIKE '%\"measured\"%'"
        found["room"] = {name for (name,) in records.execute(measured, [model])}
    return found


def is_element(entity: Any) -> bool:
    """Whether the ledger counts it: any element but openings, recesses and projections."""
    return not entity.is_a("IfcFeatureElement")


@pytest.mark.parametrize("model", FILES)
def test_read_is_placed_and_without_geometry_and_failed_and_the_tiles_hold_what_is_placed(
    real: tuple[Home, dict[str, dict[str, Any]]], data_dir: Path, model: str
) -> None:
    real_home, report = real[0], real[1][model]
    elements = report["elements"]
    assert elements["read"] == elements["placed"] + elements["without_geometry"] + elements["failed"]
    assert elements["read"] == sum(elements["by_class"].values())
    facts = facts_of(data_dir, model)
    assert report["rooms"] == facts["ifc"]["spaces"]
    assert report["storeys"] == facts["ifc"]["storeys"]
    ledger = ledger_of(real_home, model)
    placed = ledger.get("placed", set()) | ledger.get("boxed", set())
    assert len(placed) == elements["placed"]
    elements_of_file = [one.GlobalId for one in ifcopenshell.open(data_dir / "ifc" / FILES[model]).by_type("IfcElement") if is_element(one)]
    assert sorted(name.partition(":")[2].partition("~")[0] for name in set().union(*ledger.values()) - ledger["room"]) == sorted(
        elements_of_file
    )
    assert len(ledger["room"]) == facts["geometry"]["by_type"].get("IfcSpace", 0)
    site = real_home.folder / "tiles" / "s"
    folders = [folder for folder in site.iterdir() if folder.name.partition("~")[0] == model]
    assert {name for folder in folders for name in read_features(folder)} == placed | ledger["room"]


def test_glass_keeps_its_transparency(real_home: Home) -> None:
    for model in ("duplex", "sample-house", "fzk"):
        drawn = read_features(real_home.folder / "tiles" / "s" / model).values()
        alphas = {round(colour[3], 2) for feature in drawn for colour in feature.colours}
        assert 1.0 in alphas
        assert any(alpha < 0.9 for alpha in alphas), model


def test_the_check_is_clean_on_all_real_files(real_home: Home) -> None:
    checked = real_home.run_here("tiles", "check")
    assert (checked.code, checked.document["issues"]) == (0, [])
