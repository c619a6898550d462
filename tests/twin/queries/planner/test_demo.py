"""The demo's office space, imported with one of its models by the real importers: sums, verdicts and measured areas.

Whether each planted error is found: tests/twin/imports/tie/test_planted.py.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.conftest import require
from tests.postgres import REMEDY, Cluster, find_programs
from tests.twin.queries.planner.office import EVERYBODY
from twin.demo.block import write_block
from twin.demo.generate import SITE
from twin.demo.registers import RegisterFile, write_registers
from twin.imports.model import import_bim
from twin.imports.register import import_register
from twin.queries.planner.occupancy import GROUPS, OccupancyFilter, occupancy_page, occupancy_totals
from twin.queries.records.context import Registers
from twin.settings import Settings
from twin.store import Store

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
DAY = date(2026, 11, 1)
KINDS = ("unit", "building", "room", "person", "post")


@dataclass
class Demo:
    """An imported demo and what was planted in it, by error."""

    registers: Registers
    planted: dict[str, list[dict[str, str]]]

    def keys(self, *errors: str) -> set[str]:
        """Keys of records with one of these errors."""
        return {item["key"] for error in errors for item in self.planted.get(error, ())}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[RegisterFile]]:
    """A folder with the model and its registers, and these."""
    folder = tmp_path_factory.mktemp("planner-demo")
    write_block(folder / "block.ifc", seed=7)
    return folder, write_registers(folder / "registers", scale="small", seed=7, models={"block": folder / "block.ifc"})


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demo(request: pytest.FixtureRequest, written: tuple[Path, list[RegisterFile]]) -> Iterator[Demo]:
    folder, files = written
    settings = Settings(home=folder / request.param, meshes_dir=folder / "meshes")
    url = settings.database_url
    if request.param == "postgresql":
        require(find_programs() is not None, "PostgreSQL", REMEDY)
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.create()
    with Store.open(url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        import_bim(store, settings, folder / "block.ifc", site=SITE.code, key="block", who="test", now=NOW)
        for file in files:
            if file.kind in KINDS:
                import_register(store, settings, file.kind, file.path, who="test", now=NOW, profile="zh", source=file.register or None)
        truth = json.loads((folder / "registers" / "truth.json").read_text("utf-8"))
        planted: dict[str, list[dict[str, str]]] = {}
        for item in truth["planted"]:
            planted.setdefault(item["error"], []).append(item)
        yield Demo(Registers.of(store, settings.home / "columns"), planted)


def test_every_room_has_one_verdict_and_sums_add_up(demo: Demo) -> None:
    for by in GROUPS:
        answer = occupancy_totals(demo.registers, OccupancyFilter(), EVERYBODY, as_of=DAY, by=by)
        assert sum(answer["totals"]["by_verdict"].values()) == answer["totals"]["rooms"]
        assert sum(group["totals"]["rooms"] for group in answer["groups"]) == answer["totals"]["rooms"]
        assert answer["totals"]["placed"] > 60 and answer["totals"]["unplaced"] > 30


def test_measured_areas_are_those_of_the_model(demo: Demo) -> None:
    page = occupancy_page(demo.registers, OccupancyFilter(), EVERYBODY, as_of=DAY, after=None, limit=1000)
    planted = demo.keys("room_area")
    measured = [room for room in page["rooms"] if room["placed"]]
    assert len(measured) > 60
    for room in measured:
        said, drawn = room["area"]["declared_m2"], room["area"]["measured_m2"]
        assert (abs(said - drawn) > 0.1 * drawn) == (room["key"] in planted), room["key"]
        assert room["verdict"]["area_from"] == "measured"
