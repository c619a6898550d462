"""The real registers of others: every row accounted for."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.twin.ledgers.written import findings, quarantined, read, typed_rows
from twin.ledgers import Ledger

BOOKS = ("2012_duplex_design_cobie.xlsx", "lakeside_restaurant_cobie.xlsx")
SHEETS = {"building": "Facility", "room": "Space", "asset": "Component", "person": "Contact", "unit": "Contact"}


def facts_of(data_dir: Path, name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((data_dir / "facts.json").read_text(encoding="utf-8"))[f"shared/registers/{name}"]
    return facts


def rows_of(ledger: Ledger) -> int:
    return sum(len(batch.lines) + len(batch.quarantined) for batch in ledger.batches())


@pytest.mark.parametrize(
    ("name", "profile", "delimiter"),
    [("us_gsa_rexus_buildings.csv", "gsa-rexus", ","), ("vienna_building_registry.csv", "vienna-1920s", ";")],
)
def test_both_building_registers_row_for_row(data_dir: Path, name: str, profile: str, delimiter: str) -> None:
    path = data_dir / "registers" / name
    ledger = read(path, "building", profile=profile)
    facts = facts_of(data_dir, name)
    assert ledger.facts.source.delimiter == facts["delimiter"] == delimiter
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        next(reader)
        expected = [(reader.line_num, row) for row in reader]
    blocks = list(ledger.source.blocks(1, facts["columns"]))
    assert [line for block in blocks for line in block.lines.tolist()] == [line for line, _ in expected]
    cells = [list(row) for block in blocks for row in zip(*(column.to_pylist() for column in block.cells), strict=True)]
    assert cells == [row for _, row in expected]
    batches = list(ledger.batches())
    assert sum(len(batch.quarantined) for batch in batches) == 0
    assert len({key for batch in batches for key in batch.keys.to_pylist()}) == facts["rows"]


def test_gsa_areas_are_square_feet_and_two_digit_years_are_told(data_dir: Path) -> None:
    ledger = read(data_dir / "registers" / "us_gsa_rexus_buildings.csv", "building", profile="gsa-rexus")
    first = typed_rows(ledger)[0]
    assert first["code"] == "CT0013" and first["usable_area"] == pytest.approx(97072 * 0.09290304, abs=1e-9)
    codes = {item["code"] for item in findings(ledger) if item["column"] == "built"}
    assert codes == {"DATE_CENTURY_UNKNOWN", "DATE_INVALID"} and first["built"] is None


@pytest.mark.parametrize("name", BOOKS)
def test_every_row_of_every_sheet_of_both_books(data_dir: Path, name: str) -> None:
    path = data_dir / "registers" / name
    sheets = {sheet: rows for sheet, rows in facts_of(data_dir, name)["sheets"].items() if rows}
    for kind, sheet in SHEETS.items():
        ledger = read(path, kind, profile="cobie")
        assert ledger.facts.source.sheet == sheet
        assert rows_of(ledger) == sheets.get(sheet, 0), sheet
        counted = {issue.path.split("#")[1]: int(issue.message.split()[0]) for issue in ledger.facts.issues if issue.code == "SHEET_UNREAD"}
        assert counted == {other: rows for other, rows in sheets.items() if other != sheet}


def test_rooms_and_components_of_the_duplex(data_dir: Path) -> None:
    path = data_dir / "registers" / BOOKS[0]
    rooms = {row["number"]: row for row in typed_rows(read(path, "room", profile="cobie"))}
    assert rooms["A104"]["usable_area"] == pytest.approx(3.998, abs=1e-3) and rooms["A104"]["storey"] == "Level 1"
    assets = {row["code"]: row for row in typed_rows(read(path, "asset", profile="cobie"))}
    boiler = assets["Boiler-1"]
    assert (boiler["room"], boiler["storey"], boiler["building"]) == ("B205", "Level 2", "DuplexApartment")
    assert (boiler["global_id"], boiler["serial"], boiler["in_service"]) == ("1jQu9wkdr0iwNuem13Fl5i", None, None)
    people = {row["code"]: row for row in typed_rows(read(path, "person", profile="cobie"))}
    assert people["bill.east@us.army.mil"]["name"] == "Bill East"


def test_a_book_of_cobie_is_known_by_its_sheets(data_dir: Path) -> None:
    ledger = read(data_dir / "registers" / BOOKS[0], "room")
    assert (ledger.facts.profile, ledger.facts.source.sheet, rows_of(ledger)) == ("cobie", "Space", 28)


def test_a_name_that_stands_twice_in_a_book_is_quarantined(data_dir: Path) -> None:
    (row,) = quarantined(read(data_dir / "registers" / BOOKS[1], "asset", profile="cobie"))
    assert (row.line, row.code) == (3, "KEY_DUPLICATE")
