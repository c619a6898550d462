"""Points 3 and 6: on every real file the ledger adds up, and the tiles hold exactly what it says."""

from pathlib import Path
from typing import Any

import pytest

from tests.chain.conftest import Home, new_home
from tests.chain.readback import features_of, iter_drawn
from tests.chain.real_files import FILES, SITE, SITE_ARGUMENTS, facts_of

ANCHOR = ",".join((*SITE, "0"))
ANCHOR_POINTS = {"signal": ("--anchor-point", "453202,4539832,0")}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> tuple[Home, dict[str, dict[str, Any]]]:
    """All real files imported into one site and tiled, with what each import said."""
    reports = {}
    home = new_home(tmp_path_factory.mktemp("real"))
    home.run("site", "add", "s", *SITE_ARGUMENTS)
    for model, name in FILES.items():
        point = ANCHOR_POINTS.get(model, ())
        done = home.run("import", "bim", data_dir / "ifc" / name, "--site", "s", "--model", model, "--anchor", ANCHOR, *point)
        assert "error" not in done.document, (model, done.document)
        reports[model] = done.document
    assert home.run("tiles", "build").code == 0
    return home, reports


@pytest.fixture(scope="module")
def real_home(real: tuple[Home, dict[str, dict[str, Any]]]) -> Home:
    return real[0]


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
    folder = real_home.folder / "tiles" / "s" / model
    drawn = features_of(folder) if folder.is_dir() else set()
    rooms_with_geometry = facts["geometry"]["by_type"].get("IfcSpace", 0)
    assert len(drawn) == elements["placed"] + rooms_with_geometry
    assert all(name.startswith(f"{model}:") for name in drawn)


def test_glass_keeps_its_transparency(real_home: Home) -> None:
    for model in ("duplex", "sample-house", "fzk"):
        alphas = {round(piece.alpha, 2) for piece in iter_drawn(real_home.folder / "tiles" / "s" / model)}
        assert 1.0 in alphas
        assert any(alpha < 0.9 for alpha in alphas), model


def test_the_check_is_clean_on_all_real_files(real_home: Home) -> None:
    checked = real_home.run("tiles", "check")
    assert (checked.code, checked.document["issues"]) == (0, [])


def test_the_check_is_clean_on_the_demo(demo_home: Home) -> None:
    checked = demo_home.run("tiles", "check")
    assert (checked.code, checked.document["issues"]) == (0, [])
    assert checked.document["checked"] == 6
