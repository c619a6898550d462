"""`twin diff`: two exports of one office, against the GlobalIds that ifcopenshell reads in the files."""

from pathlib import Path

import ifcopenshell
import pytest

from tests.twin.cli.conftest import Twin
from tests.twin.files import ANCHOR, SITE_ARGUMENTS, Files

FEATURES = ("IfcProject", "IfcSite", "IfcBuilding", "IfcBuildingStorey", "IfcSpace", "IfcElement")


def ids_in(file: Path) -> set[str]:
    ifc = ifcopenshell.open(str(file))
    return {f"office:{one.GlobalId}" for kind in FEATURES for one in ifc.by_type(kind) if not one.is_a("IfcFeatureElement")}


@pytest.fixture
def renamed(files: Files, tmp_path: Path) -> Path:
    """The later export with one door renamed."""
    ifc = ifcopenshell.open(str(files.office_later))
    ifc.by_type("IfcDoor")[0].Name = "改名的门"
    ifc.write(str(tmp_path / "renamed.ifc"))
    return tmp_path / "renamed.ifc"


def test_what_a_later_export_brings_changes_and_lacks(twin: Twin, site: str, files: Files, renamed: Path) -> None:
    for file in (files.office, files.office_later, renamed):
        assert twin("import", "bim", file, "--site", site, "--model", "office", "--anchor", ANCHOR).code == 0
    earlier, later = ids_in(files.office), ids_in(files.office_later)
    assert later - earlier and earlier - later
    whole = twin("diff", "office", "--from", 1, "--to", 2).document
    assert (whole["from"], whole["to"], whole["site"]) == ("office@1", "office@2", site)
    assert ({row["id"] for row in whole["added"]}, {row["id"] for row in whole["removed"]}) == (later - earlier, earlier - later)
    assert whole["counts"]["changed"] + whole["counts"]["unchanged"] == len(earlier & later)
    assert sum(whole["by_class"]["added"].values()) == whole["counts"]["added"] == len(later - earlier)
    back = twin("diff", "office", "--from", 2, "--to", 1).document
    assert ({row["id"] for row in back["removed"]}, {row["id"] for row in back["added"]}) == (later - earlier, earlier - later)
    last = twin("diff", "office").document
    (door,) = last["changed"]
    assert door["class"] == "IfcDoor" and door["fields"]["name"]["new"] == "改名的门" and last["counts"]["unchanged"] == len(later) - 1
    assert twin("diff", "office", "--to", 1).document["counts"] == {"added": len(earlier), "removed": 0, "changed": 0, "unchanged": 0}


def test_it_says_so_in_words_and_refuses_what_it_cannot_compare(twin: Twin, site: str, files: Files) -> None:
    twin("import", "bim", files.office_later, "--site", site, "--model", "office", "--anchor", ANCHOR)
    words = twin("diff", "office", words=True).stdout
    assert words.startswith(f"nothing → office@1 ({site}): ") and "+ office:" in words and "more: --json has them all" in words
    assert twin("diff", "tower").error["code"] == "NOT_FOUND"
    assert twin("diff", "office", "--from", 7).error["code"] == "NOT_FOUND"
    assert twin("diff", "office", "--from", 0).code == 2
    assert twin("site", "add", "second", *SITE_ARGUMENTS).code == 0
    twin("import", "bim", files.office, "--site", "second", "--model", "office", "--anchor", ANCHOR)
    assert twin("diff", "office").error["code"] == "MODEL_AMBIGUOUS"
    assert twin("diff", "office", "--site", "second").document["to"] == "office@1"
