"""Readers while others write: pages are the whole set, sums add up, during changes by hand and during an import."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.twin.queries.test_assets import EVERYBODY, codes
from tests.twin.queries.town import NOW, Town, asset_values, author
from twin.codes import get_kind
from twin.imports.register import import_register
from twin.queries.inventory import place_inventory
from twin.queries.records.context import Registers
from twin.queries.records.listing import record_page
from twin.records.read import get_record
from twin.records.write import add_record, change_fields
from twin.settings import Settings
from twin.store import Store

ROUNDS = 12


def meanwhile(work: Callable[[], None], look: Callable[[], None]) -> None:
    """Look again and again until the work is done; what either raises is raised here."""
    errors: list[BaseException] = []

    def watched() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  raised below, in the test's own thread
            errors.append(error)

    thread = threading.Thread(target=watched)
    thread.start()
    try:
        while thread.is_alive():
            look()
    finally:
        thread.join()
    look()
    if errors:
        raise errors[0]


def test_pages_are_the_whole_set_while_assets_are_added_and_changed(town: Town) -> None:
    stable, asset = set(town.assets), get_kind("asset")

    def write() -> None:
        rng = random.Random(5)
        for number in range(ROUNDS):
            with town.store.database.writing() as connection:
                add_record(connection, asset, asset_values(rng, 1000 + number) | {"code": f"A-00{number:02d}-new"}, author())
                record = get_record(connection, asset, "A-0008")
                change_fields(connection, asset, record.id, {"value": number, "serial": f"s{number}"}, author())

    def look() -> None:
        found = codes(town, limit=9)
        assert len(found) == len(set(found))
        assert stable <= set(found)
        assert found == sorted(found, key=lambda code: code.encode())

    meanwhile(write, look)
    assert len(codes(town)) == len(stable) + ROUNDS


def test_an_import_is_seen_whole_or_not_at_all_and_pages_go_on(town: Town, tmp_path: Path) -> None:
    stable = set(town.assets)
    new = {f"B-{number:05d}" for number in range(800)}
    ledger = tmp_path / "new.csv"
    lines = ["资产编号,资产名称,原值,使用状况,楼栋,楼层,存放地点", *(f"{code},办公椅,100,在用,一号楼,1层,101" for code in sorted(new))]
    ledger.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sums: list[int] = []

    def look() -> None:
        found = set(codes(town, limit=500))
        assert stable <= found
        inventory = place_inventory(town.registers, None, EVERYBODY, class_length=None)
        parts = [inventory["own"], inventory["unplaced"], *inventory["children"]]
        assert sum(part["count"] for part in parts) == inventory["total"]["count"]
        sums.append(inventory["total"]["count"])

    settings = Settings(home=tmp_path / "home")
    meanwhile(lambda: _import(town.store, settings, ledger), look)
    assert set(sums) <= {len(stable), len(stable) + len(new)}
    assert set(codes(town, limit=500)) == stable | new
    assert {page["numberMatched"] for page in (_page(town.registers, "asset"),)} == {len(stable) + len(new)}


def test_two_processes_see_the_same_after_an_import_each_by_what_is_new(town: Town, opened: Callable[..., Store], tmp_path: Path) -> None:
    other = Registers.of(opened(), tmp_path / "columns")
    assert codes(town) == _codes(other)
    ledger = tmp_path / "changed.csv"
    ledger.write_text("资产编号,资产名称,原值\nA-0001,办公椅,1\nC-1,办公桌,2\n", encoding="utf-8")
    _import(town.store, Settings(home=tmp_path / "home"), ledger)
    town.add(dict(town.assets["A-0002"]) | {"code": "D-1"})
    assert codes(town) == _codes(other) == sorted([*town.assets, "C-1"], key=str.encode)


def _import(store: Store, settings: Settings, ledger: Path) -> None:
    import_register(store, settings, "asset", ledger, who="test", now=NOW)


def _codes(registers: Registers) -> list[str]:
    from twin.queries.asset_filter import AssetFilter
    from twin.queries.assets import asset_page

    return [record["key"] for record in asset_page(registers, AssetFilter(), EVERYBODY, after=None, limit=1000)["records"]]


def _page(registers: Registers, kind: str) -> dict[str, Any]:
    return record_page(registers, get_kind(kind), [], EVERYBODY, after=None, limit=1)
