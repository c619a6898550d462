"""Real registers by others: every row accounted for; the duplex ties its rooms and components with its COBie book."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.chain.real_files import FILES, SITE_ARGUMENTS
from tests.homes import Home, new_home

BOOKS = ("2012_duplex_design_cobie.xlsx", "lakeside_restaurant_cobie.xlsx")
ANCHOR = "119.2946,26.0896,30,0"


def ask(home: Home, query: str) -> list[Any]:
    with closing(sqlite3.connect(home.folder / "records.sqlite")) as connection:
        return connection.execute(query).fetchall()


def account(home: Home, kind: str, file: Path, *options: str) -> dict[str, Any]:
    """Import a register; its document, after its rows were counted against the tables."""
    done = home.run_here("import", "register", kind, file, *options)
    assert done.code in (0, 3), done.document
    facts = done.document
    assert facts["rows"] == facts["new"] + facts["changed"] + facts["unchanged"] + facts["quarantined"]
    assert ask(home, f"select count(*) from {kind}") == [(facts["new"],)]
    lines = ask(
        home,
        f"select line from {kind} union all select line from register_quarantine q"
        f" join register_revision r on r.id = q.revision_id where r.kind = '{kind}'",
    )
    assert len(lines) == len(set(lines)) == facts["rows"]
    return facts


@pytest.mark.parametrize(
    ("name", "profile", "rows"),
    [("us_gsa_rexus_buildings.csv", "gsa-rexus", 9_129), ("vienna_building_registry.csv", "vienna-1920s", 42_861)],
)
def test_each_row_of_a_large_register_is_a_record_or_put_aside(tmp_path: Path, data_dir: Path, name: str, profile: str, rows: int) -> None:
    home = new_home(tmp_path / "home")
    assert account(home, "building", data_dir / "registers" / name, "--profile", profile)["rows"] == rows


@pytest.mark.parametrize("name", BOOKS)
def test_each_row_of_a_cobie_book_is_a_record_or_put_aside(tmp_path: Path, data_dir: Path, name: str) -> None:
    home = new_home(tmp_path / "home")
    sheets = json.loads((data_dir / "facts.json").read_text("utf-8"))[f"shared/registers/{name}"]["sheets"]
    for kind, sheet in (("building", "Facility"), ("room", "Space"), ("unit", "Contact"), ("person", "Contact"), ("asset", "Component")):
        assert account(home, kind, data_dir / "registers" / name, "--profile", "cobie")["rows"] == sheets[sheet]


def test_the_duplex_ties_all_its_rooms_and_its_components_stand_in_them(tmp_path: Path, data_dir: Path, real_meshes: Path) -> None:
    home = new_home(tmp_path / "home", real_meshes)
    home.run_here("site", "add", "s", *SITE_ARGUMENTS)
    model = home.run_here("import", "bim", data_dir / "ifc" / FILES["duplex"], "--site", "s", "--anchor", ANCHOR)
    assert model.document["rooms"] == 21
    for kind in ("building", "room", "asset"):
        home.run_here("import", "register", kind, data_dir / "registers" / BOOKS[0], "--profile", "cobie")
    linked = ask(
        home,
        "select json_extract(r.extra, '$.ExtIdentifier'), f.global_id from link l join room r using (record_id)"
        " join identity i on i.feature_id = l.feature_id join feature f on f.identity_id = i.id",
    )
    assert len(linked) == 21
    assert all(stated == drawn for stated, drawn in linked)
    said = ask(
        home,
        "select l.room, p.number from asset a join location l on l.id = a.location_id join place p on p.id = a.place_id"
        " where l.room not like '%,%' and p.kind = 'room'",
    )
    assert len(said) > 150
    assert all(stated == found for stated, found in said)
    single = ask(home, "select count(*) from asset a join location l on l.id = a.location_id where l.room not like '%,%'")
    assert len(said) / single[0][0] >= 0.97
    elements = ask(home, "select a.global_id, l.feature_id from link l join asset a using (record_id)")
    assert len(elements) > 90
    assert all(feature.endswith(f":{stated}") for stated, feature in elements)
