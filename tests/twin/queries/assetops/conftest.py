"""A small compound of registers alone: two buildings, some rooms, some assets; on either database."""

from pathlib import Path
from typing import Self

import pytest

from tests.twin.moulds import Cast
from tests.twin.queries.town import FixedRegisters
from tests.twin.records.conftest import Registers as Ledgers
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.store import Store

__all__ = ["ALL", "Office"]

ALL = Reader(name="审核员")


class Office(Ledgers):
    """Ledgers as a clerk imports them, and the registers as a service that runs sees them."""

    def __init__(self, store: Store, folder: Path) -> None:
        super().__init__(store, folder)
        self.registers: Registers = FixedRegisters.of(store, folder / "columns")

    @classmethod
    def founded(cls, store: Store, folder: Path) -> "Office":
        """An office with units, buildings, rooms and assets, imported."""
        return cls(store, folder)._found()

    def moved(self, store: Store, folder: Path) -> Self:
        """The same office in a copy of its store."""
        office = super().moved(store, folder)
        office.registers = FixedRegisters.of(store, folder / "columns")
        return office

    def _found(self) -> "Office":
        self.take("unit", [{"单位编码": code, "单位名称": name} for code, name in (("U1", "办公室"), ("U2", "财务处"))])
        self.take("building", [{"楼栋编码": f"B{n}", "楼栋名称": f"{n}号楼", "建筑面积": 1000, "权属": "自有"} for n in (1, 2)])
        rooms = [(b, number) for b in (1, 2) for number in (101, 102, 201)]
        self.take(
            "room",
            [
                {"房间编码": f"B{b}-{number}", "楼栋": f"{b}号楼", "楼层": f"{number // 100}F", "房间号": number, "使用单位": "U1"}
                for b, number in rooms
            ],
        )
        self.take(
            "asset", [self.asset(n, 1, 101) for n in range(1, 5)] + [self.asset(n, 1, 102) for n in range(5, 8)] + [self.asset(8, 2, 201)]
        )
        return self

    @staticmethod
    def asset(number: int, building: int, room: int | str, **cells: object) -> dict[str, object]:
        """A card; `cells` take the place of its own."""
        return {
            "资产编号": f"ZC{number}",
            "资产名称": "办公桌",
            "资产分类代码": "A05010201",
            "分类版本": "2022",
            "规格型号": "",
            "标签号": f"TY{number}",
            "原值": f"{number}00.00",
            "数量": 1,
            "取得日期": "2024-03-01",
            "使用单位": "U1",
            "使用状况": "在用",
            "楼栋": f"{building}号楼",
            "楼层": f"{str(room)[0]}F",
            "存放地点": room,
        } | cells

    def place(self, name: str) -> int:
        """The id of the place of that name or number; rooms as `1号楼/101`."""
        tree = self.tree()
        return next(row.id for row in tree.rows if self._called(tree, row) == name)

    def tree(self):  # type: ignore[no-untyped-def]
        """The tree of places."""
        with self.store.database.reading() as connection:
            return self.registers.shelf.places(connection)

    @staticmethod
    def _called(tree, row) -> str:  # type: ignore[no-untyped-def]
        above = [tree.rows[at] for at in tree.path(tree.position(row.id))]
        building = next((one.name for one in above if one.kind == "building"), "")
        return row.name if row.kind == "building" else f"{building}/{row.number or row.name}"


@pytest.fixture
def office(cast: Cast) -> Office:
    """The small compound."""
    return cast(Office.founded)
