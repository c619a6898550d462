"""Everything a user may ask for what is wrong: imports, planner, cards, vehicles, orders, energy, reconciliation, requests, stock-take,
devices.

Each answer becomes findings that name what they are about; nothing here knows what was planted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.twin.queries.town import NOW
from twin.queries.assetops.card_checks import asset_checks
from twin.queries.assetops.disposal_list import check_disposals
from twin.queries.assetops.named_places import find_named_places
from twin.queries.assetops.reconcile.run import find_differences
from twin.queries.assetops.scan_file import read_scans
from twin.queries.assetops.stocktakes import open_stock_take, scan_assets, stock_take_outcomes
from twin.queries.devices import device_checks
from twin.queries.energy.findings import energy_checks
from twin.queries.energy.period import Period, month_number
from twin.queries.fleet.answers import dispatch_checks, vehicle_checks
from twin.queries.planner.checks import space_checks
from twin.queries.planner.occupancy import OccupancyFilter, occupancy_page
from twin.queries.records.context import Registers
from twin.queries.register_imports import import_findings, import_page
from twin.records.scope import Reader

__all__ = ["ASKED", "Told"]

ALL = Reader(name="审核员")
MANY = 10_000
DAY = date(2026, 10, 31)
MONTHS = Period(first=month_number("2024-11"), last=month_number("2026-10"))


@dataclass(frozen=True)
class Told:
    """A finding: its code, the keys it names (the first is what it is about), the lines it points to, what it says."""

    code: str
    keys: tuple[str, ...]
    lines: frozenset[tuple[str, int]] = frozenset()
    message: str = ""


def of_imports(registers: Registers, _: Path) -> Iterator[Told]:
    """Rows put aside and cells, of every import."""
    for one in import_page(registers, ALL, after=None, limit=MANY)["imports"]:
        for finding in import_findings(registers, ALL, one["id"], after=None, limit=MANY)["findings"]:
            key = finding["record"]["key"] if finding["record"] else ""
            yield Told(finding["code"], (key,), frozenset({(one["file"], finding["line"])}), finding["message"])


def of_space(registers: Registers, _: Path) -> Iterator[Told]:
    """Rooms, people, posts and storeys; offices larger than their people may have."""
    yield from _page(space_checks(registers, ALL, place=None, unit=None, as_of=DAY, limit=MANY))
    over = occupancy_page(registers, OccupancyFilter(verdicts=("over",)), ALL, as_of=DAY, after=None, limit=MANY)
    for room in over["rooms"]:
        yield Told("over", (room["key"],), message=room["verdict"]["en"])


def of_cards(registers: Registers, _: Path) -> Iterator[Told]:
    """Asset cards."""
    yield from _page(asset_checks(registers, ALL, after=None, limit=MANY))


def of_vehicles(registers: Registers, _: Path) -> Iterator[Told]:
    """Vehicles and drivers."""
    yield from _page(vehicle_checks(registers, ALL, after=None, limit=MANY))


def of_orders(registers: Registers, _: Path) -> Iterator[Told]:
    """Dispatch orders of two months."""
    yield from _page(dispatch_checks(registers, ALL, first=date(2026, 10, 1), last=date(2026, 11, 26), after=None, limit=MANY))


def of_energy(registers: Registers, _: Path) -> Iterator[Told]:
    """Monthly reports of two years; their keys as a clerk says them, unit and month."""
    for told in _page(energy_checks(registers, ALL, MONTHS, unit=None, after=None, limit=MANY)):
        yield Told(told.code, tuple(key.replace("/", " ") for key in told.keys), message=told.message)


def of_differences(registers: Registers, _: Path) -> Iterator[Told]:
    """Ledger against ledger, card, place and title."""
    for one in find_differences(registers).differences:
        lines = frozenset((side.file, side.line) for side in (one.left, one.right) if side.line is not None)
        yield Told(one.code, (one.key,), lines, f"{one.left.name} {one.left.says} | {one.right.name} {one.right.says}")


def of_requests(registers: Registers, folder: Path) -> Iterator[Told]:
    """The list of disposal requests."""
    for one in check_disposals(registers, ALL, folder / "disposals.csv", today=NOW.date())["findings"]:
        yield Told(one["code"], (one["request"] or "", one["asset"] or ""), frozenset({("disposals.csv", one["line"])}), one["message"])


def of_stock_take(registers: Registers, folder: Path) -> Iterator[Told]:
    """The scans of `stocktake.csv`, taken in the rooms that they name."""
    scans = read_scans(folder / "stocktake.csv", at=NOW, profile="zh").scans
    named = dict.fromkeys("/".join((scan.said["building"], scan.said["storey"], scan.said["room"])) for scan in scans if scan.said)
    take = open_stock_take(registers, ALL, find_named_places(registers, list(named)), "年度盘点")["id"]
    scan_assets(registers, ALL, take, scans)
    for row in stock_take_outcomes(registers, ALL, take, limit=MANY)["outcomes"]:
        source = row["scan"]["source"].rpartition(":") if row["scan"] else ("", "", "")
        lines = frozenset({(source[0], int(source[2]))}) if source[2] else frozenset()
        for code in row["findings"]:
            yield Told(code, (row["code"], *([row["scan"]["code"]] if row["scan"] else [])), lines, row["outcome"])


def of_devices(registers: Registers, _: Path) -> Iterator[Told]:
    """Cameras, gates, zones, guard posts and perimeter segments; not that a scene without terrain is taken for level."""
    for told in _page(device_checks(registers, ALL, after=None, limit=MANY)):
        if told.code != "DEVICE_GROUND_ASSUMED":
            yield told


ASKED: dict[str, Callable[[Registers, Path], Iterator[Told]]] = {
    "imports": of_imports,
    "space": of_space,
    "cards": of_cards,
    "vehicles": of_vehicles,
    "orders": of_orders,
    "energy": of_energy,
    "differences": of_differences,
    "requests": of_requests,
    "stock-take": of_stock_take,
    "devices": of_devices,
}
"""Where a user asks → what is told there."""


def _page(page: Any) -> Iterator[Told]:
    assert page["next"] is None
    for one in page["findings"]:
        keys = (one["key"] or "", *(value for value in one["facts"].values() if isinstance(value, str)), *one["facts"].get("others", ()))
        yield Told(one["code"], keys, message=one["message"])
