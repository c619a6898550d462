"""`twin import plan`: a building from a layer, then the rooms of one of its storeys from a drawing."""

from pathlib import Path

from tests.twin.cli.conftest import Twin
from tests.twin.imports.test_storeys import blocks, plan

PLACE = ("--building", "综合楼", "--storey", "3F")


def test_a_plan_goes_onto_its_storey_and_is_there_already_the_second_time(twin: Twin, site: str, tmp_path: Path) -> None:
    path = plan(tmp_path)
    early = twin("import", "plan", path, "--site", site, *PLACE, "--crs", "EPSG:4549")
    assert (early.code, early.error["code"]) == (1, "STOREY_UNKNOWN")
    assert twin("import", "city", blocks(tmp_path), "--site", site).code == 0
    unplaced = twin("import", "plan", path, "--site", site, *PLACE)
    assert (unplaced.code, unplaced.error["code"]) == (1, "PLAN_UNPLACED")
    for _ in range(2):
        done = twin("import", "plan", path, "--site", site, *PLACE, "--crs", "EPSG:4549", "--layers", "房间")
        assert (done.code, done.document["revision"], done.document["rooms"]) == (0, "plan@1", 2)
    words = twin("import", "plan", path, "--site", site, *PLACE, "--crs", "EPSG:4549", "--layers", "房间", words=True)
    assert "plan@1 is there already (DXF R2018)" in words.stdout
